// Real clients that are asked for a confirmation: both SDK generations, over each transport.
import { Client as Client2, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as HttpTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitationCompleteNotificationSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { ORIGIN, send } from '../world/world.ts'
import { MODERN } from './confirming.ts'

/** What a real client is asked, as the protocol has it. */
export interface Asked {
  mode?: 'form' | 'url' | undefined
  url?: string | undefined
  elicitationId?: string | undefined
}

/** What a person answers to the question of a real client. */
export type Reply = (
  message: string,
  asked: Asked,
) => Promise<{ action: 'accept' | 'decline' | 'cancel'; content?: Record<string, never> }>

export const YES: Awaited<ReturnType<Reply>> = { action: 'accept', content: {} }

interface CallOptions {
  timeout?: number
  onprogress?: (progress: { message?: string | undefined }) => void
  signal?: AbortSignal
}

export interface Connected {
  /** Of a session over Streamable HTTP. */
  sessionId: string | undefined
  call(args: Record<string, unknown>, options?: CallOptions): Promise<{ isError: boolean; text: string }>
  /** The pages of which it was told that they have been answered, by their ids. */
  completed: string[]
  close(): Promise<void>
}

/** Real clients: both SDK generations, the session and SSE lanes, and the multi-round-trip one. By default they declare forms. */
export const CLIENTS = {
  'SDK 1, session of 2025-11-25': sdk1,
  'SDK 2, session of 2025-11-25': (access: string, reply: Reply, elicitation?: Modes) =>
    sdk2(access, 'http', reply, elicitation),
  'SDK 2, HTTP+SSE': (access: string, reply: Reply, elicitation?: Modes) => sdk2(access, 'sse', reply, elicitation),
  'SDK 2, 2026-07-28': (access: string, reply: Reply, elicitation?: Modes) =>
    sdk2(access, 'modern', reply, elicitation),
}

/** How a client says that it can ask; without a mode by a form. */
export interface Modes {
  [mode: string]: Record<string, never>
}

const INFO = { name: 'test', version: '1' }
const PATIENT = { timeout: 20_000 }

async function sdk1(access: string, reply: Reply, elicitation: Modes = {}): Promise<Connected> {
  const client = new Client1(INFO, { capabilities: { elicitation } })
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => reply(params.message, params as Asked))
  const completed: string[] = []
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
    completed.push(params.elicitationId)
  })
  const transport = new HttpTransport1(new URL(`${ORIGIN}/mcp`), options(access))
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return {
    sessionId: transport.sessionId,
    call: async (args, more) =>
      said(await client.callTool({ name: 'fhir-request', arguments: args }, undefined, { ...PATIENT, ...more })),
    completed,
    close: () => client.close(),
  }
}

/** @param reply none: the client can't ask */
export async function sdk2(
  access: string,
  lane: 'http' | 'sse' | 'modern',
  reply?: Reply,
  elicitation: Modes = {},
): Promise<Connected> {
  const client = new Client2(INFO, {
    capabilities: reply ? { elicitation } : {},
    ...(lane === 'modern' && { versionNegotiation: { mode: { pin: MODERN } } }),
  })
  const replies = new Map<string, ReturnType<Reply>>()
  // In workerd the SDK's EventSource hands each message on twice, though it comes once: once is enough here.
  const once = (message: string, asked: Asked, ask: Reply) => {
    const given = replies.get(message) ?? ask(message, asked)
    replies.set(message, given)
    return given
  }
  if (reply) {
    client.setRequestHandler('elicitation/create', ({ params }) => once(params.message, params as Asked, reply))
  }
  const completed: string[] = []
  client.setNotificationHandler('notifications/elicitation/complete', ({ params }) => {
    if (!completed.includes(params.elicitationId)) completed.push(params.elicitationId)
  })
  const transport =
    lane === 'sse'
      ? new SSEClientTransport(new URL(`${ORIGIN}/mcp/sse`), options(access))
      : new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), options(access))
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return {
    sessionId: 'sessionId' in transport ? transport.sessionId : undefined,
    call: async (args, more) =>
      said(await client.callTool({ name: 'fhir-request', arguments: args }, { ...PATIENT, ...more })),
    completed,
    close: () => client.close(),
  }
}

function options(access: string) {
  const authorized = (input: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${access}`)
    return send(String(input), { ...init, headers })
  }
  return { fetch: authorized }
}

function said(result: unknown): { isError: boolean; text: string } {
  const { isError, content } = result as { isError?: boolean; content: { text?: string }[] }
  return { isError: isError === true, text: content.map(({ text }) => text ?? '').join('\n') }
}
