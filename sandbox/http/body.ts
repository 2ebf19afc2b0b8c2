/** Reads request bodies with the same parsers, order and options as Medplum, so the same bodies are refused or silently read as empty. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { badRequest, contentTooLarge, OperationOutcomeError, unsupportedMediaType } from '@medplum/core'
import bodyParser from 'body-parser'

/** Bytes; Medplum's `maxJsonSize`. */
const MAX_JSON = 1024 * 1024

type Parser = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

const form = bodyParser.urlencoded({ extended: false })
const text = bodyParser.text({ type: ['text/plain', 'x-application/hl7-v2+er7'] })
const json = (limit: number) => bodyParser.json({ type: ['application/json', 'application/*+json'], limit })

/**
 * @param limit of JSON, in bytes
 * @returns the parsed body; an empty object if it is missing or of a type that no parser handles
 */
export async function readBody(request: Request, limit = MAX_JSON): Promise<unknown> {
  return parseBody(Object.fromEntries(request.headers), new Uint8Array(await request.arrayBuffer()), limit)
}

/** @param headers with names in lower case */
export async function parseBody(
  headers: Record<string, string>,
  bytes: Uint8Array,
  limit = MAX_JSON,
): Promise<unknown> {
  const stream = Readable.from([Buffer.from(bytes)], { objectMode: false })
  // The parsers look at the headers and the stream alone.
  const length = String(bytes.byteLength)
  const incoming = Object.assign(stream, {
    headers: { ...headers, 'content-length': length },
  }) as unknown as IncomingMessage & { body?: unknown }
  for (const parser of [form, text, json(limit)] as Parser[]) {
    await new Promise<void>((resolve, reject) => {
      parser(incoming, {} as ServerResponse, (error) => (error === undefined ? resolve() : reject(refusal(error))))
    })
  }
  return incoming.body ?? {}
}

const TOO_LARGE: readonly unknown[] = ['entity.too.large', 'parameters.too.many']

/** What Medplum's error handler answers when a parser refuses. */
function refusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const type = 'type' in error ? error.type : undefined
  if (type === 'entity.parse.failed') return new OperationOutcomeError(badRequest('Content could not be parsed'))
  if (TOO_LARGE.includes(type)) return new OperationOutcomeError(contentTooLarge('Request body too large'))
  return error.name === 'UnsupportedMediaTypeError' ? new OperationOutcomeError(unsupportedMediaType) : error
}
