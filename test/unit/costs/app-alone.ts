// The whole app in Node, with storage that only remembers and a session that says nothing. A test file that uses it stands in for
// `cloudflare:workers`.
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { createAuthorizationServer } from '../../../src/oauth/provider.ts'
import type { CallerRecord } from '../../../src/oauth/record.ts'

export const ORIGIN = 'https://mcp.example.com'

const kept = new Map<string, string>()
const kv = {
  async get(key: string, type?: string | { type?: string }) {
    // Anybody with a session cookie is signed in.
    const value = key.startsWith('session:') ? JSON.stringify({ userId: 'user', expiresAt: 8e15 }) : kept.get(key)
    const isJson = type === 'json' || (typeof type === 'object' && type.type === 'json')
    return value === undefined ? null : isJson ? JSON.parse(value) : value
  },
  async put(key: string, value: string) {
    kept.set(key, value)
  },
  async delete() {},
  async list() {
    return { keys: [], list_complete: true }
  },
}
const open = { limit: async () => ({ success: true }) }
const bindings = {
  ...{ PUBLIC_URL: ORIGIN, MEDPLUM_BASE_URL: 'https://medplum.example.com/', MEDPLUM_CLIENT_ID: 'id', OAUTH_KV: kv },
  ...{ LIMIT_SIGN_IN: open, LIMIT_REGISTRATION: open, LIMIT_TOKENS: open, LIMIT_CALLS: open, CLIENT_DOCUMENTS: 'off' },
  GRANT: {
    getByName: () => ({
      fetch: (request: Request) => createAuthorizationServer(bindings).fetch(request, bindings, ctx),
      proposal: async () => undefined,
    }),
  },
} as unknown as Bindings

const caller = { userId: 'user', grantId: 'grant', scope: ['fhir:read'], props: {} } as unknown as CallerRecord
const session = { fetch: async () => new Response() }
const sessions = () => ({ getByName: () => session, get: () => session, idFromName: () => 'id' }) as never
const endpoint = createEndpoint({ createServer: buildServer, sessions })
const app = createApp(endpoint)
const ctx = { waitUntil() {}, passThroughOnException() {}, props: {} } as unknown as ExecutionContext

export interface Sent {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  /** With a valid bearer token. */
  isSignedIn?: true
}

export async function send({ path, isSignedIn, ...init }: Sent): Promise<Response> {
  const request = new Request(ORIGIN + path, init)
  const response = isSignedIn
    ? await endpoint(request, caller as never, bindings, ctx, undefined as never)
    : await app.fetch(request, bindings, ctx as never)
  await response.clone().arrayBuffer()
  return response
}
