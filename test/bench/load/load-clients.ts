// The clients of test/bench/load/load.ts: each requests one Patient again and again, in one way, and checks that the answer contains it.
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'

/** Sends one request. Throws if the answer isn't the requested Patient. */
export type Call = (path: string) => Promise<void>

/** What every answer must contain: the Patient's family name. */
export type Needle = string

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
export const JSON_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

/** One request over a kept-alive connection, with the cheapest of Node's own clients. */
export function ask(url: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function expectNeedle({ status, text }: Answer, needle: Needle): void {
  if (status !== 200 || !text.includes(needle) || text.includes('"isError":true')) {
    throw new Error(`A wrong answer (${status}): ${text.slice(0, 300)}`)
  }
}

/** The FHIR API itself. */
export function direct(base: string, token: string, needle: Needle): Call {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' }
  return async (path) => expectNeedle(await ask(`${base}fhir/R4/${path}`, headers), needle)
}

/** A Worker that only forwards requests. */
export function forwarded(url: string, token: string, needle: Needle): Call {
  const headers = { ...JSON_HEADERS, authorization: `Bearer ${token}` }
  return async (path) => expectNeedle(await ask(`${url}/mcp`, headers, JSON.stringify({ path })), needle)
}

export const callOf = (path: string, id: number, _meta?: object) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'fhir-request', arguments: { method: 'GET', path }, ...(_meta && { _meta }) },
})

export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Of a call without a session. */
export const MODERN_HEADERS = {
  ...JSON_HEADERS,
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'fhir-request',
}

/**
 * MCP 2026-07-28, without a session.
 *
 * @param stage where the Worker of test/bench/stages.ts stops
 */
export function stateless(url: string, token: string, needle: Needle, stage?: string): Call {
  const headers = {
    ...MODERN_HEADERS,
    authorization: `Bearer ${token}`,
    ...(stage !== undefined && { 'x-stage': stage }),
  }
  return async (path) => {
    const body = JSON.stringify(callOf(path, 1, MODERN_META))
    expectNeedle(await ask(`${url}/mcp`, headers, body), needle)
  }
}

const initializeOf = (protocolVersion: string) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo: { name: 'load', version: '1.0.0' } },
  })
const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })

/** Begins a session of 2025-11-25. */
export async function openSession(
  url: string,
  token: string,
): Promise<{ id: string; headers: Record<string, string> }> {
  const common = { ...JSON_HEADERS, authorization: `Bearer ${token}` }
  const { status, headers, text } = await ask(`${url}/mcp`, common, initializeOf('2025-11-25'))
  const id = headers['mcp-session-id']
  if (typeof id !== 'string') throw new Error(`initialize answered ${status}: ${text}`)
  const own = { ...common, 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
  await ask(`${url}/mcp`, own, INITIALIZED)
  return { id, headers: own }
}

/** A new session: its id, and calls in it. */
export async function session(url: string, token: string, needle: Needle): Promise<{ id: string; call: Call }> {
  const { id, headers: own } = await openSession(url, token)
  let n = 0
  return {
    id,
    call: async (path) => expectNeedle(await ask(`${url}/mcp`, own, JSON.stringify(callOf(path, ++n))), needle),
  }
}

/** An open HTTP+SSE stream of 2024-11-05, and calls whose answers come on it. */
export async function stream(url: string, token: string, needle: Needle): Promise<{ call: Call; close(): void }> {
  const common = { ...JSON_HEADERS, authorization: `Bearer ${token}` }
  const waiting = new Map<string, (data: string) => void>()
  const next = (name: string) => new Promise<string>((resolve) => waiting.set(name, resolve))
  const endpoint = next('endpoint')
  let buffer = ''
  let opened: ClientRequest | undefined
  await new Promise<void>((resolve, reject) => {
    opened = request(`${url}/mcp/sse`, { headers: { ...common, accept: 'text/event-stream' } }, (response) => {
      response.setEncoding('utf8')
      response.on('error', () => {})
      response.on('data', (chunk: string) => {
        buffer += chunk
        const events = buffer.split('\n\n')
        buffer = events.pop() ?? ''
        for (const event of events) {
          const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? ''
          const name = event.startsWith('event: endpoint') ? 'endpoint' : /"id":(\d+)/.exec(data)?.[1]
          if (name !== undefined) waiting.get(name)?.(data)
        }
      })
      resolve()
    })
    opened.on('error', reject)
    opened.end()
  })
  const address = `${url}${await endpoint}`
  const send = async (body: string) => {
    const { status, text } = await ask(address, common, body)
    if (status !== 202) throw new Error(`A message got ${status}: ${text}`)
  }
  const initialized = next('0')
  await send(initializeOf('2024-11-05'))
  await initialized
  await send(INITIALIZED)
  let n = 0
  return {
    async call(path) {
      const id = ++n
      const answer = next(String(id))
      await send(JSON.stringify(callOf(path, id)))
      expectNeedle({ status: 200, headers: {}, text: await answer }, needle)
      waiting.delete(String(id))
    },
    close: () => opened?.destroy(),
  }
}
