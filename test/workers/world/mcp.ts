// Messages to the MCP endpoint, and their answers.
import { ORIGIN, send } from './world.ts'

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

/** What each request of 2026-07-28 says about its client. */
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

/** A tools/call message for fhir-request, in plain JSON unless the arguments say otherwise: most tests are about the content of an answer. */
export function fhirCall(args: Record<string, unknown>, id: number | string = 1) {
  const given = { format: 'json', ...args }
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'fhir-request', arguments: given } }
}

export interface RpcAnswer {
  id: number | string | null
  result?: { isError?: boolean; content: { type: string; text: string }[] } & Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

/** The JSON-RPC response in an HTTP answer, in JSON or an event stream. */
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
