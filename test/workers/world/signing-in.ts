// How clients of a test register, how people sign in to them, and the token requests.
import { type Credentials, Person } from '../../../programs/person.ts'
import { alice, ORIGIN, postJson, REDIRECT_URI, RESOURCE, send } from './world.ts'

export interface Tokens {
  clientId: string
  access: string
  refresh: string | undefined
  expiresIn: number
}

/** Registers a client (RFC 7591). */
export async function register(metadata: object = {}): Promise<{ client_id: string }> {
  const response = await postJson(`${ORIGIN}/oauth/register`, {
    client_name: 'Test client',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
    ...metadata,
  })
  if (!response.ok) throw new Error(`Registration answered ${response.status}: ${await response.text()}`)
  return response.json()
}

export interface Authorization {
  clientId: string
  verifier: string
  url: string
}

/** An authorization request of a registered client, with PKCE; `changes` replaces or (null) drops parameters. */
export async function authorization(
  clientId: string,
  changes: Record<string, string | null> = {},
): Promise<Authorization> {
  const verifier = `${crypto.randomUUID()}${crypto.randomUUID()}`
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const url = new URL(`${ORIGIN}/authorize`)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    state: 'client-state',
    resource: RESOURCE,
    code_challenge: base64Url(digest),
    code_challenge_method: 'S256',
    ...changes,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value)
  return { clientId, verifier, url: url.href }
}

/** The token request of a code. */
export function exchange(
  request: Authorization,
  code: string,
  changes: Record<string, string> = {},
): Promise<Response> {
  return token({
    grant_type: 'authorization_code',
    code,
    client_id: request.clientId,
    redirect_uri: REDIRECT_URI,
    code_verifier: request.verifier,
    ...changes,
  })
}

/** One request to the token endpoint. */
export function token(form: Record<string, string>): Promise<Response> {
  return send(`${ORIGIN}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
}

/** One refresh. */
export function refresh(tokens: Pick<Tokens, 'clientId' | 'refresh'>): Promise<Response> {
  return token({ grant_type: 'refresh_token', refresh_token: tokens.refresh ?? '', client_id: tokens.clientId })
}

/** A person signs in through the real pages; the whole way to tokens. The level is the highest offered, by default. */
export async function signIn(
  credentials: Credentials = alice,
  clientId?: string,
  level?: string,
  narrowing?: Record<string, string>,
  person = new Person(send),
): Promise<Tokens> {
  const request = await authorization(clientId ?? (await register()).client_id)
  const callback = await person.signIn(request.url, REDIRECT_URI, credentials, 'approve', level, narrowing)
  const response = await exchange(request, callback.searchParams.get('code') ?? '')
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status}: ${await response.text()}`)
  return tokensOf(request.clientId, await response.json())
}

export function tokensOf(
  clientId: string,
  answer: { access_token: string; refresh_token?: string; expires_in: number },
): Tokens {
  return { clientId, access: answer.access_token, refresh: answer.refresh_token, expiresIn: answer.expires_in }
}

/** Grant and user id, which each token names. */
export function grantName(tokens: Tokens): string {
  return tokens.access.split(':').slice(0, 2).join(':')
}

function base64Url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
