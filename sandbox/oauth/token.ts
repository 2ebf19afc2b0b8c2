/** The token endpoint (RFC 6749 section 3.2) with Medplum's error codes, some of which differ from the RFC's. */
import { createHash } from 'node:crypto'
import type { ClientApplication, Project } from '@medplum/fhirtypes'
import { json, oauthError, plainPage } from '../core/answers.ts'
import type { SandboxContext } from '../core/context.ts'
import { clientById, membershipById, membershipOfClient } from '../core/directory.ts'
import type { Lifetimes, Login } from '../core/logins.ts'

export async function token(context: SandboxContext, headers: Headers, body: string): Promise<Response> {
  if (!headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) {
    return plainPage('Unsupported content type', 400)
  }
  const form = new URLSearchParams(body)
  const basic = headers.get('authorization')?.match(/^Basic (.+)$/)?.[1]
  const [basicId, ...basicSecret] = basic ? Buffer.from(basic, 'base64').toString().split(':') : []
  switch (form.get('grant_type')) {
    case null:
    case '':
      return oauthError('invalid_request', 'Missing grant_type')
    case 'authorization_code':
      return byCode(context, form, form.get('client_id') || basicId)
    case 'refresh_token':
      return byRefreshToken(context, form, basicId)
    case 'client_credentials':
      return byClient(context, form, {
        id: form.get('client_id') || basicId,
        secret: form.get('client_secret') || basicSecret.join(':'),
      })
    default:
      return oauthError('invalid_request', 'Unsupported grant_type')
  }
}

/** @returns the login that a token request is about, if any; for the request log only */
export function loginBehind(context: SandboxContext, form: URLSearchParams): Login | undefined {
  return context.logins.peek(form.get('refresh_token') ?? '') ?? context.logins.byCode(form.get('code') ?? '')
}

async function byCode(context: SandboxContext, form: URLSearchParams, clientId: string | undefined): Promise<Response> {
  const code = form.get('code')
  if (!code) {
    return oauthError('invalid_request', 'Missing code')
  }
  const login = context.logins.byCode(code)
  if (!login) {
    return oauthError('invalid_request', 'Invalid code')
  }
  if (clientId && login.clientId && login.clientId !== clientId) {
    return oauthError('invalid_request', 'Invalid client')
  }
  if (login.granted) {
    // A code that is used twice may have been stolen, so the whole login is revoked.
    login.revoked = true
    return oauthError('invalid_grant', 'Token already granted')
  }
  if (login.revoked) {
    return oauthError('invalid_grant', 'Token revoked')
  }
  // As in Medplum, the client's secret isn't checked here, and a login without a code challenge is refused even with the secret.
  const verifier = form.get('code_verifier')
  if (!login.codeChallenge) {
    return oauthError('invalid_request', 'Missing verification context')
  }
  if (!verifier) {
    return oauthError('invalid_request', 'Missing code verifier')
  }
  const proof =
    login.codeChallengeMethod === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url')
  if (proof !== login.codeChallenge) {
    return oauthError('invalid_request', 'Invalid code verifier')
  }
  login.granted = true
  return grant(context, login)
}

async function byRefreshToken(context: SandboxContext, form: URLSearchParams, basicId?: string): Promise<Response> {
  const claims = await context.logins.verify(form.get('refresh_token') ?? '')
  const login = context.logins.get(claims?.login_id)
  if (!claims?.refresh_secret || !login) {
    return oauthError('invalid_request', 'Invalid refresh token')
  }
  if (login.revoked) {
    return oauthError('invalid_grant', 'Token revoked')
  }
  if (login.refreshSecret !== claims.refresh_secret) {
    return oauthError('invalid_request', 'Invalid token')
  }
  const clientId = basicId || form.get('client_id')
  if (clientId && login.clientId !== clientId) {
    return oauthError('invalid_grant', 'Incorrect client')
  }
  return grant(context, login)
}

async function byClient(
  context: SandboxContext,
  form: URLSearchParams,
  claim: { id?: string | undefined; secret: string },
) {
  if (!claim.id) {
    return oauthError('invalid_request', 'Missing client_id')
  }
  if (!claim.secret) {
    return oauthError('invalid_request', 'Missing client_secret')
  }
  const client = clientById(context.store, claim.id)
  if (!client) {
    return oauthError('invalid_request', 'Invalid client')
  }
  if (client.secret !== claim.secret) {
    return oauthError('invalid_request', 'Invalid secret')
  }
  const login = context.logins.start({
    user: `ClientApplication/${client.id}`,
    clientId: client.id,
    membershipId: membershipOfClient(context.store, client).id,
    scope: form.get('scope') || 'openid',
    superAdmin: false,
    granted: true,
  })
  return grant(context, login)
}

async function grant(context: SandboxContext, login: Login): Promise<Response> {
  const membership = membershipById(context.store, login.membershipId)
  if (!membership || membership.active === false) {
    return oauthError('access_denied', 'Profile not active')
  }
  const lifetimes = lifetimesOf(context, clientById(context.store, login.clientId))
  const tokens = await context.logins.issue(login, membership.profile?.reference ?? '', lifetimes)
  const project = context.store.get<Project>(membership.project.reference)
  return json({
    token_type: 'Bearer',
    expires_in: lifetimes.access,
    scope: login.scope,
    id_token: tokens.idToken,
    access_token: tokens.accessToken,
    ...(tokens.refreshToken ? { refresh_token: tokens.refreshToken } : {}),
    project: { reference: membership.project.reference, display: project?.name },
    profile: membership.profile,
    smart_style_url: `${context.baseUrl}fhir/R4/.well-known/smart-styles.json`,
    need_patient_banner: false,
  })
}

function lifetimesOf(context: SandboxContext, client: ClientApplication | undefined): Lifetimes {
  return {
    access: seconds(client?.accessTokenLifetime) ?? context.lifetimes.access,
    refresh: seconds(client?.refreshTokenLifetime) ?? context.lifetimes.refresh,
  }
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_557_600 }

/** @param lifetime such as "10s" or "2w" (ClientApplication.accessTokenLifetime) */
function seconds(lifetime: string | undefined): number | undefined {
  const [, count, unit] = lifetime?.match(/^(\d+)([smhdwy])$/) ?? []
  return count && unit ? Number(count) * (SECONDS[unit] ?? 1) : undefined
}
