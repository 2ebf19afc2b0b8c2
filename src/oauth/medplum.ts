// Medplum as upstream identity provider: the four OAuth calls that this server makes there, and what their errors mean.

import * as z from 'zod'
import { withDeadline } from '../base/deadline.ts'
import { parsedJson } from '../base/json.ts'
import { fromBase64Url, sha256, toBase64Url } from '../base/seal.ts'
import type { Settings } from '../config/settings.ts'
import { userIdAt } from '../config/tenants.ts'

/** The scopes that a client's sign-in requests at Medplum. `offline_access` brings a refresh token (except to a super admin). */
export const CLIENT_SCOPES: readonly string[] = ['openid', 'profile', 'offline_access']
const TIMEOUT_MS = 20_000
/** Medplum's default lifetime of a refresh token, for one that doesn't say. */
const DEFAULT_REFRESH_LIFE_MS = 14 * 86_400_000

/** Medplum tokens of one sign-in. Times are milliseconds since the epoch, by this machine's clock. */
export interface MedplumTokens {
  accessToken: string
  accessExpiresAt: number
  refreshToken?: string | undefined
  refreshExpiresAt?: number | undefined
}

/** Who signed in at Medplum, and with which tokens. */
export interface SignIn {
  tokens: MedplumTokens
  /** Id of the Medplum User (`sub`), with the tenant. */
  userId: string
  /** The profile resource, such as `Practitioner/123`, and its display name. */
  profile: string
  profileName: string
  /** The project, such as `Project/123`, and its display name. */
  project: string
  projectName: string
}

/**
 * A call to Medplum's OAuth endpoints that returned no tokens.
 *
 * `ended`: Medplum refused for good: sign in again. `unavailable`: no answer, 429 or 5xx: the tokens may still be good.
 */
export class UpstreamError extends Error {
  readonly kind: 'ended' | 'unavailable'
  constructor(kind: 'ended' | 'unavailable', message: string) {
    super(message)
    this.name = 'UpstreamError'
    this.kind = kind
  }
}

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).optional(),
  id_token: z.string().optional(),
  profile: z.object({ reference: z.string(), display: z.string().optional() }).optional(),
  project: z.object({ reference: z.string(), display: z.string().optional() }).optional(),
})

/** The secrets of a login at Medplum: kept on the server, bound to the browser, used once. */
export interface LoginSecrets {
  /** PKCE code verifier (RFC 7636). */
  verifier: string
  /** OpenID Connect nonce. */
  nonce: string
}

/** Fresh secrets for one login. */
export function newLoginSecrets(): LoginSecrets {
  const random = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  return { verifier: random(), nonce: random() }
}

/** Where Medplum sends the browser back to. Each tenant has its own: Medplum's answer doesn't say who sent it (RFC 9700 section 4.4). */
function callbackUrl(settings: Settings): string {
  return `${settings.publicUrl.origin}${settings.root}/oauth/callback`
}

/**
 * The address of Medplum's login for this state, with PKCE S256 and a nonce. `prompt=login`: without it, Medplum would answer
 * from its cookie with the last hour's Login, and ending one of the two connections would end both.
 */
export async function loginUrl(
  settings: Settings,
  state: string,
  secrets: LoginSecrets,
  scopes: readonly string[],
): Promise<string> {
  const url = new URL('oauth2/authorize', settings.medplum.baseUrl)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: settings.medplum.clientId,
    redirect_uri: callbackUrl(settings),
    scope: scopes.join(' '),
    state,
    nonce: secrets.nonce,
    prompt: 'login',
    code_challenge: await sha256(secrets.verifier),
    code_challenge_method: 'S256',
  }).toString()
  return url.href
}

/**
 * Exchanges the code of a finished login (RFC 6749 section 4.1.3). Call it only once for a code: Medplum revokes the whole login if a
 * code is used twice.
 *
 * @throws {UpstreamError}
 */
export async function exchangeCode(settings: Settings, code: string, secrets: LoginSecrets): Promise<SignIn> {
  const answer = await requestTokens(settings, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callbackUrl(settings),
    code_verifier: secrets.verifier,
  })
  const claims = idTokenClaims(answer.id_token)
  // The token came straight from the issuer over TLS, so its claims are checked, not its signature (OpenID Connect Core 3.1.3.7).
  if (claims.nonce !== secrets.nonce || !claims.aud.includes(settings.medplum.clientId)) {
    throw new UpstreamError('ended', 'Medplum answered with an identity token of another login')
  }
  if (!answer.profile || !answer.project) {
    throw new UpstreamError('ended', 'Medplum did not say which profile and project were chosen')
  }
  return {
    tokens: tokensOf(answer),
    userId: userIdAt(settings, claims.sub),
    profile: answer.profile.reference,
    profileName: answer.profile.display ?? answer.profile.reference,
    project: answer.project.reference,
    projectName: answer.project.display ?? answer.project.reference,
  }
}

/**
 * Uses a refresh token (RFC 6749 section 6). Medplum's are single-use: the caller must be the only one that has it, and must store the
 * new one before doing anything else.
 *
 * @throws {UpstreamError}
 */
export async function refreshTokens(settings: Settings, refreshToken: string): Promise<MedplumTokens> {
  return tokensOf(await requestTokens(settings, { grant_type: 'refresh_token', refresh_token: refreshToken }))
}

/** Revokes the login at Medplum: its access and refresh tokens stop working immediately. Best effort; never throws. */
export async function logOut(settings: Settings, accessToken: string): Promise<void> {
  try {
    await withDeadline(TIMEOUT_MS, undefined, async (signal) => {
      const headers = { authorization: `Bearer ${accessToken}` }
      const url = new URL('oauth2/logout', settings.medplum.baseUrl)
      const response = await fetch(url, { method: 'POST', headers, redirect: 'manual', signal })
      await response.body?.cancel()
    })
  } catch {
    // The tokens are deleted here in any case, and expire at Medplum.
  }
}

async function requestTokens(settings: Settings, form: Record<string, string>): Promise<z.infer<typeof tokenAnswer>> {
  const { clientId, clientSecret, baseUrl } = settings.medplum
  const body = new URLSearchParams({
    ...form,
    client_id: clientId,
    ...(clientSecret && { client_secret: clientSecret }),
  })
  const { status, text } = await withDeadline(TIMEOUT_MS, undefined, async (signal) => {
    const url = new URL('oauth2/token', baseUrl)
    const response = await fetch(url, { method: 'POST', body, redirect: 'manual', signal })
    return { status: response.status, text: await response.text() }
  }).catch(() => {
    throw new UpstreamError('unavailable', 'Medplum did not answer')
  })
  const json = parsedJson(text)
  if (status === 200) {
    const answer = tokenAnswer.safeParse(json)
    if (answer.success) return answer.data
    throw new UpstreamError('unavailable', 'Medplum did not answer with a token response')
  }
  throw new UpstreamError(isRefusal(status, json) ? 'ended' : 'unavailable', describe(status, json))
}

/**
 * Whether an answer other than 200 is a refusal by Medplum itself. It refuses a dead session in many ways (`invalid_grant`,
 * `invalid_request`, `access_denied`, an OperationOutcome for a deleted Login); 429, 5xx and a gateway's page are not refusals.
 */
function isRefusal(status: number, json: unknown): boolean {
  if (status === 429 || status < 400 || status >= 500) return false
  return typeof json === 'object' && json !== null && ('error' in json || 'resourceType' in json)
}

function describe(status: number, json: unknown): string {
  const description =
    typeof json === 'object' && json !== null && 'error_description' in json ? json.error_description : undefined
  return `Medplum answered ${status}${typeof description === 'string' ? `: ${description}` : ''}`
}

function tokensOf(answer: z.infer<typeof tokenAnswer>): MedplumTokens {
  const now = Date.now()
  const tokens: MedplumTokens = { accessToken: answer.access_token, accessExpiresAt: now + answer.expires_in * 1000 }
  if (answer.refresh_token) {
    tokens.refreshToken = answer.refresh_token
    tokens.refreshExpiresAt = now + lifetimeOf(answer.refresh_token)
  }
  return tokens
}

/** Lifetime of a refresh token in milliseconds, from `exp` and `iat` of its JWT, whatever the clocks say. */
function lifetimeOf(jwt: string): number {
  const claims = parseClaims(jwt)
  const { exp, iat } = (claims ?? {}) as { exp?: unknown; iat?: unknown }
  return typeof exp === 'number' && typeof iat === 'number' && exp > iat ? (exp - iat) * 1000 : DEFAULT_REFRESH_LIFE_MS
}

const idClaims = z.object({
  sub: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  nonce: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).transform((aud) => (typeof aud === 'string' ? [aud] : aud)),
})

function idTokenClaims(jwt: string | undefined): z.infer<typeof idClaims> {
  const claims = idClaims.safeParse(jwt ? parseClaims(jwt) : undefined)
  if (!claims.success) throw new UpstreamError('ended', 'Medplum answered without a usable identity token')
  return claims.data
}

function parseClaims(jwt: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(jwt.split('.')[1] ?? '')))
  } catch {
    return undefined
  }
}
