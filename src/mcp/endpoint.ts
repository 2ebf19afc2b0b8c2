// Which era is this request? 2026-07-28, and 2025 without a session: answered here, in the Worker. A 2025 session, and the
// HTTP+SSE transport of 2024-11-05: by the session's Durable Object.
import {
  createMcpHandler,
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  isInitializeRequest,
  isLegacyRequest,
  type McpHttpHandler,
  type McpServer,
  parseJSONRPCMessage,
  readRequestBody,
} from '@modelcontextprotocol/server'
import { createMcpHandler as createCompatibleHandler } from 'agents/mcp/server'
import type { CallerRecord } from '../caller.ts'
import type { Bindings, Settings } from '../env.ts'
import { isRecord } from '../json.ts'
import type { AuthenticatedHandler, Challenge } from '../oauth/provider.ts'
import { settingsFor } from '../tenants.ts'
import { MODERN, plainCall, StandingServer } from './plain-calls.ts'
import { authInfoOf } from './server.ts'
import { type McpSession, OWNER_HEADER, ownerOf, sessionNotFound } from './session.ts'
import { eventStream, sseEvent } from './sse.ts'
import { stepUp } from './step-up.ts'
import { SESSION_HEADER, type SessionAnswer, type SessionRequest } from './streamable.ts'

const MCP_PATH = '/mcp'
/** Medplum's own server answers at these two, so that a URL changes only its host. */
const STREAM_PATH = '/mcp/stream'
const SSE_PATH = '/mcp/sse'

/** Headers of Streamable HTTP that the session's transport reads; everything else, the bearer too, stays behind. */
const FORWARDED_HEADERS = ['accept', 'content-type', 'last-event-id', 'mcp-protocol-version']

/** What is served: by default the product itself; a test may serve another server over the same transports. */
export interface EndpointParts {
  /** @param versions the protocol revisions that the server supports, where they are not the SDK's own choice */
  createServer(env: Bindings, settings: Settings, versions?: string[]): McpServer
  sessions(env: Bindings): DurableObjectNamespace<McpSession>
  /** Whether a tool has arguments that headers repeat (`x-mcp-header`, SEP-2243), which only the SDK's handler compares. */
  repeatsInHeaders?(tool: string): boolean
}

/** What answers without a session. */
interface Handlers {
  /** 2026-07-28: plain calls of tools. */
  standing: StandingServer
  /** 2026-07-28: all else. */
  modern: Pick<McpHttpHandler, 'fetch'>
  /** 2025 and what is no MCP; it fails server-to-client requests fast, which can't work here. */
  legacy: Pick<McpHttpHandler, 'fetch'>
}

/** The MCP endpoint over all transports. */
export function createEndpoint({
  createServer,
  sessions,
  repeatsInHeaders = () => false,
}: EndpointParts): AuthenticatedHandler {
  const built = new WeakMap<object, Handlers>()

  /** Host and Origin are checked in front of this (policy.ts); CORS is the resource server's. */
  function handlersFor(env: Bindings, settings: Settings): Handlers {
    let handlers = built.get(settings)
    if (!handlers) {
      handlers = {
        standing: new StandingServer(createServer(env, settings, [MODERN])),
        modern: createMcpHandler(() => createServer(env, settings), { legacy: 'reject' }),
        legacy: createCompatibleHandler(() => createServer(env, settings), {
          route: MCP_PATH,
          corsOptions: false,
          allowedHostnames: [settings.publicUrl.hostname],
          allowedOriginHostnames: '*',
        }),
      }
      built.set(settings, handlers)
    }
    return handlers
  }

  return async (request, caller, env, _ctx, challenge) => {
    const url = new URL(request.url)
    const settings = settingsFor(env, caller.userId)
    const path = url.pathname.slice(settings.root.length)
    if (path === SSE_PATH && !request.headers.has(SESSION_HEADER)) {
      if (request.method === 'GET') return openSse(request, caller, sessions(env), settings)
      const id = url.searchParams.get('sessionId')
      if (request.method === 'POST' && id !== null) return postSse(request, id, caller, sessions(env))
    }
    if (![MCP_PATH, STREAM_PATH, SSE_PATH].includes(path)) return new Response('Not Found', { status: 404 })
    return streamable(request, caller, env, settings, challenge)
  }

  async function streamable(
    request: Request,
    caller: CallerRecord,
    env: Bindings,
    settings: Settings,
    challenge: Challenge,
  ): Promise<Response> {
    const sessionId = request.headers.get(SESSION_HEADER)
    const body = request.method === 'POST' ? await readBody(request) : undefined
    if (body?.tooLarge) return tooLarge()
    const parsed = parseJson(body?.text)
    const denied = await stepUp(request, parsed, caller, env, challenge)
    if (denied) return denied
    const authInfo = authInfoOf(caller)
    const { standing, modern, legacy } = handlersFor(env, settings)
    const call = plainCall(request, parsed)
    if (call && !repeatsInHeaders(String(call.params?.name))) {
      const answer = await standing.answer(call, authInfo, request.signal)
      if (answer) return answer
    }
    // What is no JSON belongs to no session: it is told so here.
    const isJson = !body || parsed !== undefined
    if (isJson && !(await isLegacyRequest(request, parsed))) {
      return modern.fetch(withoutBearer(request, request.url), { authInfo, parsedBody: parsed })
    }
    const initialize = isRecord(parsed) && parsed.method === 'initialize' && isInitializeRequest(parsed)
    if (!isJson || (sessionId === null && !initialize)) {
      const bare = withoutBearer(request, `${settings.publicUrl.origin}${MCP_PATH}`, body?.text)
      bare.headers.set('host', settings.publicUrl.host)
      return legacy.fetch(bare, { authInfo, ...(parsed !== undefined && { parsedBody: parsed }) })
    }
    const session = sessionStub(sessions(env), initialize ? null : sessionId)
    if (!session) return sessionNotFound()
    if (request.method === 'GET' && !request.headers.has('last-event-id')) {
      return openStream(session, caller, '', request, { [SESSION_HEADER]: session.id.toString() })
    }
    const answer = await session.handle(sessionRequest(request), body?.text ?? '', caller)
    return fromSession(answer as SessionAnswer, session.id.toString())
  }
}

/** The request as the SDK gets it, without the bearer. Its body was read. */
function withoutBearer(request: Request, url: string, body?: string): Request {
  const { method, headers, signal } = request
  const bare = new Request(url, { method, headers, signal, ...(body !== undefined && { body }) })
  bare.headers.delete('authorization')
  return bare
}

/** HTTP+SSE: the stream first, whose first event names the address to post to. */
async function openSse(
  request: Request,
  caller: CallerRecord,
  sessions: DurableObjectNamespace<McpSession>,
  { root }: Settings,
): Promise<Response> {
  if (!request.headers.get('accept')?.includes('text/event-stream')) return notAcceptable()
  const session = sessions.get(sessions.newUniqueId())
  await session.begin(caller)
  const endpoint = sseEvent('endpoint', `${root}${SSE_PATH}?sessionId=${session.id}`)
  return openStream(session, caller, endpoint, request, {})
}

/** HTTP+SSE: a message of the client. 202 at once; the work goes on, and its answer comes on the stream. */
async function postSse(
  request: Request,
  id: string,
  caller: CallerRecord,
  sessions: DurableObjectNamespace<McpSession>,
): Promise<Response> {
  const body = await readBody(request)
  if (body.tooLarge) return tooLarge()
  try {
    parseJSONRPCMessage(parseJson(body.text))
  } catch {
    return rpcError(400, -32700, 'Parse error: the body is no JSON-RPC message')
  }
  const session = sessionStub(sessions, id)
  if (!session || !(await session.deliver(body.text, caller))) return sessionNotFound()
  return new Response('Accepted', { status: 202 })
}

/** An event stream that this Worker holds for a session. */
async function openStream(
  session: DurableObjectStub<McpSession>,
  caller: CallerRecord,
  first: string,
  request: Request,
  headers: Record<string, string>,
): Promise<Response> {
  if (!request.headers.get('accept')?.includes('text/event-stream')) return notAcceptable()
  const upgraded = await session.fetch('https://session/stream', {
    headers: { upgrade: 'websocket', [OWNER_HEADER]: ownerOf(caller) },
  })
  if (!upgraded.webSocket) return new Response(upgraded.body, upgraded)
  const response = eventStream(upgraded.webSocket, first, request.signal)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

/** The object behind a session id; a new one without an id, none for text that was never an id here. */
function sessionStub(
  sessions: DurableObjectNamespace<McpSession>,
  id: string | null,
): DurableObjectStub<McpSession> | undefined {
  if (id === null) return sessions.get(sessions.newUniqueId())
  try {
    return sessions.get(sessions.idFromString(id))
  } catch {
    return undefined
  }
}

function sessionRequest({ method, headers }: Request): Omit<SessionRequest, 'message'> {
  const read = FORWARDED_HEADERS.flatMap((name): [string, string][] => {
    const value = headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  return { method, headers: Object.fromEntries(read) }
}

/** What a session's object answered, as HTTP. */
function fromSession(answer: SessionAnswer, id: string): Response {
  const response =
    answer instanceof Response
      ? new Response(answer.body, answer)
      : new Response(answer.json, {
          status: answer.status,
          headers: {
            ...(answer.json !== undefined && { 'content-type': 'application/json' }),
            ...(answer.status === 405 && { allow: 'GET, POST, DELETE' }),
          },
        })
  if (response.ok) response.headers.set(SESSION_HEADER, id)
  return response
}

/** The text of a message, unless it is too large. One of a stated length can't be longer; else it is counted as it is read. */
async function readBody(request: Request): ReturnType<typeof readRequestBody> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  if (length <= DEFAULT_MAX_REQUEST_BODY_SIZE) return { tooLarge: false, text: await request.text() }
  return readRequestBody(request, DEFAULT_MAX_REQUEST_BODY_SIZE)
}

function parseJson(text: string | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

function tooLarge(): Response {
  return rpcError(413, -32000, `The message is larger than ${DEFAULT_MAX_REQUEST_BODY_SIZE} bytes`)
}

function notAcceptable(): Response {
  return rpcError(406, -32000, 'Not Acceptable: Client must accept text/event-stream')
}

function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })
}
