/** The authorization endpoint, and signing in with an e-mail address and a password. */
import { badRequest, OperationOutcomeError, type WithId } from '@medplum/core'
import type { ClientApplication } from '@medplum/fhirtypes'
import { plainPage, redirect } from '../core/answers.ts'
import type { SandboxContext } from '../core/context.ts'
import { clientById, mayRedirect, membershipsOf, userByEmail } from '../core/directory.ts'
import type { Login } from '../core/logins.ts'

/** @returns where to redirect the browser, or an error message if it must not be redirected */
export function checkRedirect(
  context: SandboxContext,
  query: URLSearchParams,
): { client: WithId<ClientApplication>; to: URL } | string {
  const client = clientById(context.store, query.get('client_id'))
  if (!client) {
    return 'Client not found'
  }
  const uri = query.get('redirect_uri')
  if (!uri) {
    return 'Missing redirect URI'
  }
  return mayRedirect(client, uri) ? { client, to: new URL(uri) } : 'Invalid redirect URI'
}

/** RFC 6749 section 4.1.1. A valid request is redirected to the login page with all its parameters. */
export function authorize(context: SandboxContext, query: URLSearchParams): Response {
  const checked = checkRedirect(context, query)
  if (typeof checked === 'string') {
    return plainPage(checked, 400)
  }
  const refusal = refusalOf(context, query, checked.client)
  if (!refusal) {
    return redirect(`${context.appUrl}oauth?${query}`)
  }
  const [error, description] = refusal
  checked.to.searchParams.set('error', error)
  checked.to.searchParams.set('error_description', description)
  checked.to.searchParams.set('state', query.get('state') ?? '')
  return redirect(checked.to.toString())
}

function refusalOf(
  context: SandboxContext,
  query: URLSearchParams,
  client: ClientApplication,
): [string, string] | undefined {
  if (query.get('response_type') !== 'code') {
    return ['unsupported_response_type', 'Invalid response type']
  }
  if (query.get('request')) {
    return ['request_not_supported', 'Request parameter is not supported']
  }
  if (!query.get('scope') && !client.defaultScope?.length) {
    return ['invalid_request', 'Missing scope']
  }
  const audience = query.get('aud')
  if (audience && (!URL.canParse(audience) || new URL(audience).origin !== new URL(context.baseUrl).origin)) {
    return ['invalid_request', 'Invalid audience']
  }
  if (query.get('code_challenge') && !query.get('code_challenge_method')) {
    return ['invalid_request', 'Missing code challenge method']
  }
  return query.get('prompt') === 'none' ? ['login_required', 'Login required'] : undefined
}

export interface LoginRequest {
  email?: unknown
  password?: unknown
  clientId?: string
  projectId?: string
  scope?: string
  nonce?: string
  codeChallenge?: string
  codeChallengeMethod?: string
}

/** Starts a login. It has no membership yet if several memberships of the user are possible. */
export function logIn(context: SandboxContext, request: LoginRequest): Login {
  const user = userByEmail(context.store, request.email)
  if (!user?.email || context.world.passwords[user.email] !== request.password) {
    throw new OperationOutcomeError(badRequest('Email or password is invalid'))
  }
  const client = request.clientId ? clientById(context.store, request.clientId) : undefined
  if (request.clientId && !client) {
    throw new OperationOutcomeError(badRequest('Client not found'))
  }
  const memberships = membershipsOf(context.store, `User/${user.id}`, request.projectId ?? client?.meta?.project)
  if (memberships.length === 0) {
    throw new OperationOutcomeError(badRequest('User not found'))
  }
  const scope = request.scope || client?.defaultScope?.join(' ') || 'openid'
  const superAdmin = context.world.superAdmins.includes(user.id)
  const offline = /\boffline(_access)?\b/.test(scope) || client?.grantType?.includes('refresh_token')
  const [only] = memberships.length === 1 ? memberships : []
  return context.logins.start({
    user: `User/${user.id}`,
    email: user.email,
    scope,
    superAdmin,
    ...(client ? { clientId: client.id } : {}),
    ...(only ? { membershipId: only.id } : {}),
    ...(request.nonce ? { nonce: request.nonce } : {}),
    ...(request.codeChallenge ? { codeChallenge: request.codeChallenge } : {}),
    ...(request.codeChallengeMethod ? { codeChallengeMethod: request.codeChallengeMethod } : {}),
    // Medplum never gives a super admin a refresh token.
    ...(offline && !superAdmin ? { refreshSecret: 'to be issued' } : {}),
  })
}
