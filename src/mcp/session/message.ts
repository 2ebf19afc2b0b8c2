// The message that a client posts: read within measure, and refused before it reaches any server.
import { DEFAULT_MAX_REQUEST_BODY_SIZE, readRequestBody } from '@modelcontextprotocol/server'

/** The text of a message, unless it is too large. One of a stated length can't be longer; else it is counted as it is read. */
export async function readBody(request: Request): ReturnType<typeof readRequestBody> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  if (length <= DEFAULT_MAX_REQUEST_BODY_SIZE) return { tooLarge: false, text: await request.text() }
  return readRequestBody(request, DEFAULT_MAX_REQUEST_BODY_SIZE)
}

/** The value of JSON text; undefined where it is none. */
export function parseJson(text: string | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

/** 413. */
export function tooLarge(): Response {
  return rpcError(413, -32000, `The message is larger than ${DEFAULT_MAX_REQUEST_BODY_SIZE} bytes`)
}

/** 406, for a client that takes no event stream. */
export function notAcceptable(): Response {
  return rpcError(406, -32000, 'Not Acceptable: Client must accept text/event-stream')
}

/** A JSON-RPC error that belongs to no request. */
export function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })
}
