// How tests are asked for a confirmation, and answer: by hand on 2026-07-28, as real clients, and as a person on the page.
import { createExecutionContext, env } from 'cloudflare:test'
import { Client as Client2, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as HttpTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitationCompleteNotificationSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { vi } from 'vitest'
import { type Credentials, Person } from '../../programs/person.ts'
import { createApp } from '../../src/app.ts'
import type { Bindings } from '../../src/config/settings.ts'
import { createEndpoint } from '../../src/mcp/endpoint.ts'
import { buildServer } from '../../src/mcp/server/server.ts'
import { unescaped } from './browsing.ts'
import { type RpcAnswer, rpc } from './mcp.ts'
import { create } from './medplum.ts'
import { ORIGIN, SANDBOX, sandbox, send } from './world.ts'

const MODERN = '2026-07-28'

export interface Round {
  /** What the client declares; forms by default. */
  capabilities?: object
  responses?: Record<string, unknown>
  state?: string | undefined
  tool?: string
}

export interface Answer {
  /** The question to the person, where there is one. */
  question: string | undefined
  /** The schema of its form. */
  form: object | undefined
  /** The page that the client is to open. */
  url: string | undefined
  state: string | undefined
  isError: boolean
  text: string
}

export type Call = (access: string, args: Record<string, unknown>, round?: Round) => Promise<Answer>

/** Calls of 2026-07-28; `settings` are those in which the deployment differs from the one under test. */
export function calls(settings?: Record<string, string>): Call {
  const app = createApp(createEndpoint({ createServer: buildServer, sessions: (bindings) => bindings.MCP_SESSION }))
  const bindings = { ...(env as Bindings), ...settings }
  const ask = (init: RequestInit) =>
    settings
      ? app.fetch(new Request(`${ORIGIN}/mcp`, init), bindings, createExecutionContext())
      : send(`${ORIGIN}/mcp`, init)
  return async (access, args, { capabilities = { elicitation: { form: {} } }, responses, state, tool } = {}) => {
    const name = tool ?? 'fhir-request'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    }
    const params = {
      name,
      arguments: args,
      ...(responses && { inputResponses: responses }),
      ...(state !== undefined && { requestState: state }),
      _meta,
    }
    const response = await ask({
      method: 'POST',
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...{ authorization: `Bearer ${access}`, 'mcp-protocol-version': MODERN },
        ...{ 'mcp-method': 'tools/call', 'mcp-name': name },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    return answerOf(await rpc(response))
  }
}

function answerOf({ result, error }: RpcAnswer): Answer {
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const requests = result.inputRequests as
    | { approval?: { params?: { message?: string; requestedSchema?: object; url?: string } } }
    | undefined
  const asked = requests?.approval?.params
  return {
    question: asked?.message,
    form: asked?.requestedSchema,
    url: asked?.url,
    state: result.requestState as string | undefined,
    isError: result.isError === true,
    text: (result.content ?? []).map(({ text }) => text ?? '').join('\n'),
  }
}

export const ACCEPT = { approval: { action: 'accept', content: {} } }

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

/** The link in an answer. */
export function linkIn(text: string): string {
  const [link] = /http:\/\/\S+\/confirm\/\S+/.exec(text) ?? []
  if (link === undefined) throw new Error(`No link in: ${text}`)
  return link
}

export interface Deletion {
  path: string
  deletion: { method: string; path: string }
}

/** Stores a record, to be deleted. */
export async function toDelete(token: string, resource: { resourceType: string }): Promise<Deletion> {
  const { id } = await create(token, resource)
  const path = `${resource.resourceType}/${id}`
  return { path, deletion: { method: 'DELETE', path } }
}

/** A person in a browser, who opens a link and signs in with Medplum for it. */
export class Decider {
  /** Where its forms come from; null sends no Origin. */
  origin: string | null = ORIGIN
  readonly person = new Person((input, init = {}) => {
    const headers = new Headers(init.headers)
    if (init.method === 'POST' && this.origin !== null) headers.set('origin', this.origin)
    return send(input, { ...init, headers })
  })

  async open(link: string, credentials: Credentials): Promise<{ status: number; html: string; response: Response }> {
    const [, first] = await this.#get(link)
    if (first.includes('Sign in to confirm')) await this.person.signIn(`${link}?sign-in`, link, credentials)
    const [response, html] = await this.#get(link)
    return { status: response.status, html, response }
  }

  /** Opens the link and presses a button. */
  async decide(link: string, credentials: Credentials, decision: 'approved' | 'declined'): Promise<string> {
    const { html } = await this.open(link, credentials)
    const response = await this.person.visit(link, new URLSearchParams({ token: tokenIn(html), decision }))
    await response.text()
    if (response.status !== 303) throw new Error(`The form answered ${response.status}`)
    const [, after] = await this.#get(link)
    return after
  }

  async #get(link: string): Promise<[Response, string]> {
    const response = await this.person.visit(link)
    return [response, unescaped(await response.text())]
  }
}

export function tokenIn(html: string): string {
  return /name="token" value="([^"]*)"/.exec(html)?.[1] ?? ''
}

/** The sandbox asked directly: the HTTP status of a resource, 200 or 410, and changes behind the server's back. */
export async function direct(token: string, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${SANDBOX}fhir/R4/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

/** Whether a resource is there, as the sandbox itself says. */
export async function exists(token: string, path: string): Promise<boolean> {
  const response = await direct(token, 'GET', path)
  await response.text()
  if (response.status !== 200 && response.status !== 410) throw new Error(`Medplum answered ${response.status}`)
  return response.status === 200
}

/** Lets a person think: time that passes for this server too, until the test is over. */
export function think(ms = 5_000): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

/** What arrived at Medplum, besides reads, while `work` ran. */
export async function writesDuring<T>(work: () => Promise<T>): Promise<{ result: T; writes: string[] }> {
  const { result, requests } = await sandbox.during(work)
  const changing = requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/fhir/'))
  return { result, writes: changing.map(({ method, path }) => `${method} ${path.slice('/fhir/R4/'.length)}`) }
}
