// The world as a test in workerd sees it: the Worker under test, the sandbox behind it over real HTTP, and its controls.
import { env, exports } from 'cloudflare:workers'
import type { Credentials, Fetch } from '../../programs/person.ts'
import { Person } from '../../programs/person.ts'
import type { LoggedRequest } from '../../sandbox/logged-request.ts'

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
  /** What the sandbox was asked while `work` ran; `soFar` tells within. */
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

const MCP_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }

/** One JSON-RPC message to the MCP endpoint. */
export function post(
  access: string,
  message: unknown,
  headers: Record<string, string> = {},
  path = '/mcp',
): Promise<Response> {
  return send(`${ORIGIN}${path}`, {
    method: 'POST',
    headers: { ...MCP_HEADERS, authorization: `Bearer ${access}`, ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })
}

/** What each request of 2026-07-28 says of its client. */
export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** One request of 2026-07-28; `name` is that of a tool, prompt or resource. */
export function postModern(
  access: string,
  method: string,
  params: Record<string, unknown> = {},
  name?: string,
): Promise<Response> {
  return post(
    access,
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: MODERN_META } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(name && { 'mcp-name': name }) },
  )
}

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}

/** Headers of a started 2025 session. */
export async function startSession(access: string, path = '/mcp'): Promise<Record<string, string>> {
  const response = await post(access, INITIALIZE, {}, path)
  await response.text()
  const id = response.headers.get('mcp-session-id')
  if (!id) throw new Error(`initialize answered ${response.status} without a session`)
  const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
  await (await post(access, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers, path)).text()
  return headers
}

/** A tools/call message for fhir-request: as plain JSON, unless the arguments say otherwise: most tests are about what was answered, not about its form. */
export function fhirCall(args: Record<string, unknown>, id: number | string = 1) {
  const given = { format: 'json', ...args }
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'fhir-request', arguments: given } }
}

export interface RpcAnswer {
  id: number | string | null
  result?: { isError?: boolean; content: { type: string; text: string }[] } & Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

/** The JSON-RPC response in an HTTP answer, be it JSON or an event stream. */
export async function rpc(response: Response): Promise<RpcAnswer> {
  const text = await response.text()
  if (!response.headers.get('content-type')?.includes('text/event-stream')) return JSON.parse(text)
  const messages = events(text).map((data) => JSON.parse(data))
  const answer = messages.find((message) => 'result' in message || 'error' in message)
  if (!answer) throw new Error(`No response in the stream: ${text}`)
  return answer
}

/** The `data` of each event of an event stream that isn't empty. */
export function events(text: string): string[] {
  return text
    .split('\n\n')
    .map((event) =>
      event
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))
        .join('\n'),
    )
    .filter((data) => data !== '')
}

export interface FhirAnswer {
  isError: boolean
  /** The first piece of content: the answer itself, or the error. */
  text: string
  /** What else a model is told. */
  notes: string
  content: { type: string; text: string }[]
}

/** What fhir-request says, in a session or without one. */
export async function fhir(
  access: string,
  args: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<FhirAnswer> {
  const { result, error } = await rpc(await post(access, fhirCall(args), headers))
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const [first, ...rest] = result.content
  const notes = rest.map((item) => item.text ?? '').join('\n')
  return { isError: result.isError === true, text: first?.text ?? '', notes, content: result.content }
}

export function postJson(url: string, body: unknown): Promise<Response> {
  return send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

/** SHA-256 in hex, as the sandbox logs bearer tokens. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function base64Url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
