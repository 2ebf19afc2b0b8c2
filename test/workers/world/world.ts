// What a test in workerd uses: the Worker under test, the sandbox behind it over real HTTP, and its controls.
import { env, exports } from 'cloudflare:workers'
import type { Credentials, Fetch } from '../../../programs/person.ts'
import type { LoggedRequest } from '../../../sandbox/logged-request.ts'

export type { LoggedRequest }

export const ORIGIN = 'http://localhost:8790'
export const RESOURCE = `${ORIGIN}/mcp`
export const SANDBOX = env.MEDPLUM_BASE_URL
export const REDIRECT_URI = 'http://127.0.0.1:33418/'

export const alice: Credentials = { email: 'alice@example.com', password: 'medplum-sandbox' }
export const ada: Credentials = { email: 'ada@example.com', password: 'medplum-sandbox' }
export const rita: Credentials = { email: 'rita@example.com', password: 'medplum-sandbox' }
export const sam: Credentials = { email: 'sam@example.com', password: 'medplum-sandbox' }

/** To the Worker under test in this isolate, to everything else over the network. */
export const send: Fetch = (input, init) =>
  input.startsWith(`${ORIGIN}/`) ? exports.default.fetch(new Request(input, init)) : fetch(input, init)

/** The sandbox's test controls. */
export const sandbox = {
  /** Requests to the sandbox while `work` ran; `soFar` returns those so far. */
  async during<T>(
    work: (soFar: () => Promise<LoggedRequest[]>) => Promise<T>,
  ): Promise<{ result: T; requests: LoggedRequest[] }> {
    const { next } = await control<{ next: number }>('GET', `log?since=${Number.MAX_SAFE_INTEGER}`)
    const soFar = async () => (await control<{ requests: LoggedRequest[] }>('GET', `log?since=${next}`)).requests
    const result = await work(soFar)
    return { result, requests: await soFar() }
  },
  faults: (faults: object[]) => control('POST', 'faults', faults),
  clearFaults: () => control('DELETE', 'faults'),
  expireAccessTokens: () => control('POST', 'expire-access-tokens'),
  revoke: (email: string) => control('POST', 'revoke', { email }),
  settings: (settings: object) => control('PUT', 'settings', settings),
  async secrets(): Promise<string[]> {
    return (await control<{ secrets: string[] }>('GET', 'secrets')).secrets
  },
}

async function control<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${SANDBOX}_sandbox/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

export function postJson(url: string, body: unknown): Promise<Response> {
  return send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

/** SHA-256 in hex, as the sandbox logs bearer tokens. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
