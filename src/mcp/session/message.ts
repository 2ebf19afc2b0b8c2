// The message that a client posts: its size is limited, and bad ones are refused before they reach a server.
import { DEFAULT_MAX_REQUEST_BODY_SIZE, readRequestBody } from '@modelcontextprotocol/server'
import { isRecord, parsedJson } from '../../base/json.ts'

/** The text of a message, unless it is too large. A body can't exceed its stated length; without one, it is counted while it is read. */
export async function readBody(request: Request): ReturnType<typeof readRequestBody> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  const body =
    length <= DEFAULT_MAX_REQUEST_BODY_SIZE
      ? { tooLarge: false as const, text: await request.text() }
      : await readRequestBody(request, DEFAULT_MAX_REQUEST_BODY_SIZE)
  return body.tooLarge ? body : { tooLarge: false, text: asMeant(body.text) }
}

/** The text, with common deviations from the protocol corrected. */
function asMeant(text: string): string {
  // Most messages have none of these, and aren't parsed twice.
  if (!/\bnull\b|"error"/.test(text)) return text
  const value = parsedJson(text)
  if (value === undefined) return text
  return JSON.stringify(Array.isArray(value) ? value.map(messageAsMeant) : messageAsMeant(value))
}

/** Many serializers write null for a missing value, so nulls are removed, except in the arguments of tools, which handle them. */
function messageAsMeant(message: unknown): unknown {
  if (!isRecord(message)) return message
  const { id, params, result, error, ...rest } = message
  const kept = { ...rest, ...('id' in message && { id }) }
  if (!('method' in message)) {
    // The server's only requests to a client are questions to the person; an error means that there was no answer.
    return isRecord(error) ? { ...kept, result: { action: 'cancel' } } : { ...kept, result: withoutNulls(result) }
  }
  if (!isRecord(params)) return params === null || params === undefined ? kept : { ...kept, params }
  const { arguments: args, ...others } = params
  const given = message.method === 'tools/call' ? args : withoutNulls(args)
  return { ...kept, params: { ...withoutNulls(others), ...(isPresent(given) && { arguments: given }) } }
}

function withoutNulls<T>(value: T): T {
  if (!isRecord(value)) return value
  const present = Object.entries(value).filter(([, one]) => isPresent(one))
  return Object.fromEntries(present.map(([name, one]) => [name, withoutNulls(one)])) as T
}

function isPresent(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** Answers 413. */
export function payloadTooLarge(): Response {
  return rpcError(413, -32000, `The message is larger than ${DEFAULT_MAX_REQUEST_BODY_SIZE} bytes`)
}

/** Answers 406, for a client that accepts no form of the answer. */
export function notAcceptable(types: string): Response {
  return rpcError(406, -32000, `Not Acceptable: the Accept header must name ${types}`)
}

/** A JSON-RPC error that belongs to no request. */
export function errorMessage(code: number, message: string) {
  return { jsonrpc: '2.0', error: { code, message }, id: null }
}

export function rpcError(status: number, code: number, message: string): Response {
  return Response.json(errorMessage(code, message), { status })
}

/** Streamable HTTP, session management: 404 tells the client to start a new session. */
export function sessionNotFound(): Response {
  return rpcError(404, ...SESSION_NOT_FOUND)
}

export const SESSION_NOT_FOUND = [-32001, 'Session not found'] as const
