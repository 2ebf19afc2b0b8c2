/** Reads request bodies as Medplum's body parsers do: what they refuse, and what they silently take for nothing. */
import { gunzipSync } from 'node:zlib'
import { badRequest, contentTooLarge, OperationOutcomeError, unsupportedMediaType } from '@medplum/core'

/** Bytes; Medplum's `maxJsonSize`. */
const MAX_BODY = 1024 * 1024
const CHARSETS = /^(utf-8|utf8|us-ascii|iso-8859-1)$/i

/**
 * @param limit in bytes
 * @returns the parsed body; an empty object for a missing body or a type that no parser wants
 */
export async function readBody(request: Request, limit = MAX_BODY): Promise<unknown> {
  const [type = '', ...params] = (request.headers.get('content-type') ?? '').split(';').map((part) => part.trim())
  const charset = params.find((one) => one.startsWith('charset='))?.slice('charset='.length)
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if ((charset && !CHARSETS.test(charset)) || !['identity', 'gzip'].includes(encoding)) {
    throw new OperationOutcomeError(unsupportedMediaType)
  }
  const raw = Buffer.from(await request.arrayBuffer())
  const bytes = encoding === 'gzip' ? gunzipSync(raw) : raw
  if (bytes.length > limit) {
    throw new OperationOutcomeError(contentTooLarge('Request body too large'))
  }
  const text = bytes.toString()
  if (type === 'application/json' || type.endsWith('+json')) {
    return text.trim() === '' ? {} : parse(text)
  }
  if (type === 'application/x-www-form-urlencoded') {
    return formFields(text)
  }
  return type === 'text/plain' || type === 'x-application/hl7-v2+er7' ? text : {}
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new OperationOutcomeError(badRequest('Content could not be parsed'))
  }
}

/** A repeated field becomes an array. */
function formFields(text: string): Record<string, string | string[]> {
  const form = new URLSearchParams(text)
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name)
      return [name, values.length === 1 ? String(values[0]) : values]
    }),
  )
}
