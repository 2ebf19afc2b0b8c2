// Routes a request by its protocol revision. 2026-07-28, and 2025 without a session, are answered here in the Worker; a 2025 session and
// the HTTP+SSE transport of 2024-11-05, by the session's Durable Object.

import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  type McpHttpHandler,
  type McpServer,
} from '@modelcontextprotocol/server'
import { createMcpHandler as createCompatibleHandler } from 'agents/mcp/server'
import { isRecord, parsedJson } from '../base/json.ts'
import type { Bindings, Settings } from '../config/settings.ts'
import { settingsFor } from '../config/tenants.ts'
import type { AuthenticatedHandler, Challenge } from '../oauth/provider.ts'
import type { CallerRecord } from '../oauth/record.ts'
import { inFormTaken, takenBy, takingBoth } from './accept.ts'
import { MODERN, plainCall, StandingServer } from './plain-calls.ts'
import { authInfoOf } from './server/server.ts'
import { notAcceptable, payloadTooLarge, readBody } from './session/message.ts'
import type { McpSession } from './session/session.ts'
import { askSession, openSse, postSse, SESSION_HEADER } from './session/session-door.ts'
import { stepUp } from './step-up.ts'

const MCP_PATH = '/mcp'
/** Medplum's own MCP server has these two paths, so only the host of a URL changes. */
const STREAM_PATH = '/mcp/stream'
const SSE_PATH = '/mcp/sse'

/** The server behind the transports: the product itself by default; a test may use another one. */
interface EndpointParts {
  /** @param versions the protocol revisions that the server supports; the SDK's by default */
  createServer(env: Bindings, settings: Settings, versions?: string[]): McpServer
  sessions(env: Bindings): DurableObjectNamespace<McpSession>
  /** Whether headers must repeat some of a tool's arguments (`x-mcp-header`, SEP-2243): only the SDK's handler compares them. */
  repeatsInHeaders?(tool: string): boolean
}

/** The handlers of requests without a session. */
interface Handlers {
  /** 2026-07-28: plain calls of tools. */
  standing: StandingServer
  /** 2026-07-28: everything else. */
  modern: Pick<McpHttpHandler, 'fetch'>
  /** 2025, and anything that isn't MCP. Requests to the client can't work here and fail at once. */
  legacy: Pick<McpHttpHandler, 'fetch'>
}

/** The MCP endpoint over all transports. */
export function createEndpoint({
  createServer,
  sessions,
  repeatsInHeaders = () => false,
}: EndpointParts): AuthenticatedHandler {
  const built = new WeakMap<object, Handlers>()

  /** Host and Origin are checked before this (policy.ts); the resource server handles CORS. */
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

  return async (request, caller, env, ctx, challenge) => {
    const taken = takenBy(request.headers.get('accept'))
    if (request.method === 'GET' && !taken.events) return notAcceptable('text/event-stream')
    if (request.method === 'POST' && !taken.events && !taken.json) {
      return notAcceptable('application/json or text/event-stream')
    }
    if (taken.json && taken.events) return answer(takingBoth(request), caller, env, ctx, challenge)
    const sent = takingBoth(request)
    const { url, headers } = sent
    const cancel = async (id: unknown) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'cancel' } })
      await answer(new Request(url, { method: 'POST', headers, body }), caller, env, ctx, challenge)
    }
    return inFormTaken(await answer(sent, caller, env, ctx, challenge), taken, cancel)
  }

  async function answer(...[request, caller, env, _ctx, challenge]: Parameters<AuthenticatedHandler>) {
    const url = new URL(request.url)
    const settings = settingsFor(env, caller.userId)
    const path = url.pathname.slice(settings.root.length).replace(/\/$/, '')
    if (path === SSE_PATH && !request.headers.has(SESSION_HEADER)) {
      const address = `${settings.root}${SSE_PATH}`
      if (request.method === 'GET') return openSse(request, caller, sessions(env), address)
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
    if (body?.tooLarge) return payloadTooLarge()
    const parsed = parsedJson(body?.text ?? '')
    const denied = await stepUp(request, parsed, caller, env, challenge)
    if (denied) return denied
    const authInfo = authInfoOf(caller)
    const { standing, modern, legacy } = handlersFor(env, settings)
    const call = plainCall(request, parsed)
    if (call && !repeatsInHeaders(String(call.params?.name))) {
      const answer = await standing.answer(call, authInfo, request.signal)
      if (answer) return answer
    }
    // Invalid JSON belongs to no session, so it is answered here.
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
    return askSession(sessions(env), initialize ? null : sessionId, request, body?.text ?? '', caller)
  }
}

/** The request as the SDK gets it, without the bearer. Its body was read. */
function withoutBearer(request: Request, url: string, body?: string): Request {
  const { method, headers, signal } = request
  const bare = new Request(url, { method, headers, signal, ...(body !== undefined && { body }) })
  bare.headers.delete('authorization')
  return bare
}
