// The doctor as a client: it registers, and deletes its registration if the server allows that.
import { createHash, randomBytes } from 'node:crypto'
import { type Answer, ask } from './ask.ts'
import type { Endpoint } from './endpoint.ts'
import { brief, type Finding, fault, healthy } from './finding.ts'

/** A redirect URI at which nothing listens. */
export const DEAD_END = 'http://127.0.0.1:33418/callback'

export interface Client {
  id: string
  redirectUri: string
  /** Deletes the registration, if the server offers that (RFC 7592). */
  forget(): Promise<void>
}

/** @returns the client, if it could register */
export async function register(
  { origin }: Endpoint,
  redirectUri: string,
): Promise<{ finding: Finding; client: Client | undefined }> {
  const registered = await ask(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'medplum-mcp doctor',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }),
  })
  const id = registered.json.client_id
  if (registered.status === 201 && typeof id === 'string')
    return {
      finding: healthy('register', 'a client can register'),
      client: { id, redirectUri, forget: () => unregister(origin, registered) },
    }
  const fix =
    registered.status === 429
      ? 'Wait a minute and run this again.'
      : 'Check the binding OAUTH_KV (npx wrangler kv namespace list) and the log (npx wrangler tail).'
  const words = `registration answered ${registered.status}: ${brief(registered.text)}`
  return { finding: fault('register', words, fix), client: undefined }
}

async function unregister(origin: string, { json }: Answer): Promise<void> {
  const { registration_client_uri: uri, registration_access_token: token } = json
  if (typeof uri !== 'string' || typeof token !== 'string') return
  // The token is not sent anywhere else.
  if (!URL.canParse(uri) || new URL(uri).origin !== origin) return
  // If this fails, the registration stays, which is not a fault of the deployment.
  await ask(uri, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).catch(() => {})
}

interface Pkce {
  verifier: string
  challenge: string
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The address at which a sign-in of the client begins. */
export function authorizationUrl(
  { origin, resource }: Endpoint,
  { id, redirectUri }: Client,
  parameters: { state: string; code_challenge: string; code_challenge_method: 'S256' | 'plain'; scope?: string },
): URL {
  const url = new URL('/authorize', origin)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: id,
    redirect_uri: redirectUri,
    resource,
    ...parameters,
  }).toString()
  return url
}
