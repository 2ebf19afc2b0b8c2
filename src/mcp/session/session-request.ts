// A Streamable HTTP request as it is passed to the session's object, and reasons to refuse it.
import { isJsonContentType, type JSONRPCMessage, parseJSONRPCMessage } from '@modelcontextprotocol/server'
import { errorMessage } from './message.ts'

const MAX_BATCH = 100

/** An HTTP request as it is sent to the object: only what the protocol reads, never the bearer token. */
export interface SessionRequest {
  method: string
  /** By their names in lower case. */
  headers: Record<string, string>
}

/** The answer: JSON as text, or no body; an event stream as a Response. */
export type SessionAnswer = { status: number; json?: string } | Response

type Refusal = Exclude<SessionAnswer, Response>

/** The messages of a POST, or why it is refused. */
export function messagesOf(headers: SessionRequest['headers'], body: unknown): JSONRPCMessage[] | Refusal {
  const accept = headers.accept ?? ''
  if (!accept.includes('application/json') || !accept.includes('text/event-stream')) {
    return refusalOf(406, -32000, 'Not Acceptable: Client must accept both application/json and text/event-stream')
  }
  if (!isJsonContentType(headers['content-type'] ?? null)) {
    return refusalOf(415, -32000, 'Unsupported Media Type: Content-Type must be application/json')
  }
  const isBatch = Array.isArray(body)
  if (isBatch && (body.length === 0 || body.length > MAX_BATCH)) {
    return refusalOf(400, -32600, `Invalid Request: a batch has 1 to ${MAX_BATCH} messages`)
  }
  try {
    return (isBatch ? body : [body]).map(parseJSONRPCMessage)
  } catch {
    return refusalOf(400, -32700, 'Parse error: Invalid JSON-RPC message')
  }
}

/** An answer that refuses, by a JSON-RPC error that belongs to no request. */
export function refusalOf(status: number, code: number, message: string): Refusal {
  return { status, json: JSON.stringify(errorMessage(code, message)) }
}
