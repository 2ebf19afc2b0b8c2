// The Worker's side of a session: asks its object, and holds the streams that may stay open while the object sleeps.

import { parseJSONRPCMessage } from '@modelcontextprotocol/server'
import { parsedJson } from '../../base/json.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import type { CallerRecord } from '../../oauth/record.ts'
import { payloadTooLarge, readBody, rpcError, sessionNotFound } from './message.ts'
import { type McpSession, OWNER_HEADER } from './session.ts'
import type { SessionAnswer, SessionRequest } from './session-request.ts'
import { eventStream, sseEvent } from './sse.ts'

/** The header that names a session (Streamable HTTP, 2025-03-26 and later). */
export const SESSION_HEADER = 'mcp-session-id'

/** Headers of Streamable HTTP that the session's transport reads; no others are passed on, not even the bearer token. */
const FORWARDED_HEADERS = ['accept', 'content-type', 'last-event-id', 'mcp-protocol-version']

/**
 * Streamable HTTP: one request of a session.
 *
 * @param id of the session; null begins one
 * @param body the text of a POST
 */
export async function askSession(
  sessions: DurableObjectNamespace<McpSession>,
  id: string | null,
  request: Request,
  body: string,
  caller: CallerRecord,
): Promise<Response> {
  const session = sessionStub(sessions, id)
  if (!session) return sessionNotFound()
  if (request.method === 'GET' && !request.headers.has('last-event-id')) {
    return openStream(session, caller, '', request, { [SESSION_HEADER]: session.id.toString() })
  }
  const answer = await session.handle(sessionRequest(request), body, caller)
  return fromSession(answer as SessionAnswer, session.id.toString())
}

/**
 * HTTP+SSE: opens the stream, whose first event names the address to post to.
 *
 * @param address path of this, without the session's id
 */
export async function openSse(
  request: Request,
  caller: CallerRecord,
  sessions: DurableObjectNamespace<McpSession>,
  address: string,
): Promise<Response> {
  const session = sessions.get(sessions.newUniqueId())
  await session.begin(caller)
  const endpoint = sseEvent('endpoint', `${address}?sessionId=${session.id}`)
  return openStream(session, caller, endpoint, request, {})
}

/** HTTP+SSE: a message of the client. 202 at once; the work continues, and its answer comes on the stream. */
export async function postSse(
  request: Request,
  id: string,
  caller: CallerRecord,
  sessions: DurableObjectNamespace<McpSession>,
): Promise<Response> {
  const body = await readBody(request)
  if (body.tooLarge) return payloadTooLarge()
  try {
    parseJSONRPCMessage(parsedJson(body.text))
  } catch {
    return rpcError(400, -32700, 'Parse error: the body is not a JSON-RPC message')
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
  const upgraded = await session.fetch('https://session/stream', {
    headers: { upgrade: 'websocket', [OWNER_HEADER]: grantNameOf(caller) },
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

function sessionRequest({ method, headers }: Request): SessionRequest {
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
