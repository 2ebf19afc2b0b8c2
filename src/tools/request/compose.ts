// Turns `body` and `contentType`, as a model gives them, into the bytes to send, or says what is wrong with them.

import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { Content, FHIR_JSON, FORM, HL7, JSON_TYPES, type JsonType } from '../../client/content.ts'
import type { Method } from '../../client/request.ts'
import { withPlainQueries } from './body-queries.ts'
import { checkNumbers, parseJsonArgument, TOO_DEEP } from './json-text.ts'
import { mediaType } from './media-type.ts'

/** Medplum's limits in bytes: for JSON, and for everything else that its parsers read. Files have no limit. */
const MAX_JSON = 1024 * 1024
export const MAX_TEXT_BYTES = 100 * 1024

interface Composed {
  content?: Content
  notes: string[]
}

/**
 * The body of a request.
 *
 * @param path relative to the FHIR base
 * @throws {UserError} that names the argument and shows a correct one
 */
export function compose(method: Method, path: string, body: unknown, contentType: string | undefined): Composed {
  const given = body === null || body === '' ? undefined : body
  if (method === 'GET' || method === 'DELETE') {
    if (given === undefined) return { notes: [] }
    throw new UserError(
      `A ${method} request has no body. Nothing was sent. Leave \`body\` out, or use POST, PUT or PATCH.`,
    )
  }
  const type = mediaType(contentType) ?? (method === 'PATCH' ? 'application/json-patch+json' : FHIR_JSON)
  if (given === undefined) return { notes: [] }
  if (isFileUpload(method, path)) return { content: file(type, given), notes: encodingNote(type, given) }
  const composed = isJson(type) ? json(type, path, given) : { content: text(type, path, given), notes: [] }
  const size = composed.content.bytes.byteLength
  const most = isJson(composed.content.type) ? MAX_JSON : MAX_TEXT_BYTES
  if (size <= most) return composed
  throw new UserError(
    `\`body\` is ${size} bytes; Medplum takes at most ${most} (${most === MAX_JSON ? '1 MB' : '100 KB'}) of ${type}. Nothing was sent. Split it: send a large batch in several, and upload a file to Binary.`,
  )
}

/** Whether Medplum stores the bytes unchanged, whatever their type. Its parsers read the bodies of all other requests. */
function isFileUpload(method: Method, path: string): boolean {
  return method === 'POST' ? /^Binary(\?|$)/.test(path) : method === 'PUT' && /^Binary\/[^/?]+(\?|$)/.test(path)
}

function isJson(type: string): type is JsonType {
  return JSON_TYPES.some((one) => one === type)
}

// ── What Medplum's parsers read ──

/** JSON as an object or array, or as JSON text, which models often send. */
function json(type: JsonType, path: string, given: unknown): Composed & { content: Content } {
  const text = typeof given === 'string' ? given : undefined
  const value = text === undefined ? given : parseJsonArgument(text)
  if (typeof value !== 'object' || value === null) {
    throw new UserError('`body` must be a JSON object or array, such as {"resourceType":"Patient"}. Nothing was sent.')
  }
  const content = written(() =>
    Content.json(withPlainQueries(/\/\$push(\?|$)/.test(path) ? withSegments(value) : value), type),
  )
  checkNames(content, path)
  const note = checkNumbers(value, text)
  return { content, notes: note === undefined ? [] : [note] }
}

/** Names that every JavaScript object inherits, such as `toString`. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype)

/** Refuses names that Medplum would store although they break programs that read or copy the record. An operation may have most. */
function checkNames({ bytes }: Content, path: string): void {
  const text = new TextDecoder().decode(bytes)
  // In serialized JSON, this can only be a name, never part of a string.
  const names = path.includes('$') ? ['__proto__'] : INHERITED
  const name = names.find((one) => text.includes(`"${one}":`))
  if (name === undefined) return
  throw new UserError(
    `\`body\` has a property \`${name}\`, which is not the name of a FHIR element. Nothing was sent. Leave it out.`,
  )
}

/** Types that Medplum reads in addition to JSON, with the requests that they are for. For any other it would see an empty body. */
function text(type: string, path: string, given: unknown): Content {
  const place = path.split('?')[0] ?? ''
  if (type === 'application/graphql' && place === '$graphql') {
    // Medplum reads GraphQL only as JSON.
    return Content.json({ query: textOf(given, type) }, 'application/json')
  }
  const isOperation = place.includes('$')
  if (type === HL7 && isOperation) return Content.text(hl7(textOf(given, type)), HL7)
  if (type === 'text/plain' && isOperation) return Content.text(textOf(given, type), 'text/plain')
  throw new UserError(
    [
      `\`contentType\` ${type} does not fit this request. Nothing was sent. It can be:`,
      `- ${JSON_TYPES.join(', ')} for any request`,
      `- text/plain or ${HL7} for an operation, such as Bot/ID/$execute; give XML, CSV and other text as text/plain`,
      '- application/graphql for $graphql',
      `- ${FORM} for a search by POST, such as Patient/_search`,
      '- any type, such as application/pdf, for a file: POST Binary',
    ].join('\n'),
  )
}

// ── Files ──

/** A file's content, which is stored exactly as given: text in UTF-8, anything else as base64. */
function file(type: string, given: unknown): Content {
  if (/[/+]json$/.test(type)) {
    const data = typeof given === 'string' ? given : written(() => JSON.stringify(given))
    const value = parseJsonArgument(data, true)
    return type === FHIR_JSON ? Content.fhirFile(data, value) : Content.file(data, type)
  }
  const data = textOf(given, type)
  const isText = type.startsWith('text/') || type.endsWith('xml') || type === HL7 || type === 'application/graphql'
  return Content.file(isText ? data : fromBase64(data, type), type)
}

/** A note on XML whose declaration names an encoding other than UTF-8, in which it is stored. */
function encodingNote(type: string, given: unknown): string[] {
  const declared =
    typeof given === 'string' && type.endsWith('xml')
      ? /^\s*<\?xml[^>]*\bencoding=["']([\w.:-]{1,40})/i.exec(given)?.[1]
      : undefined
  if (declared === undefined || /^(?:utf-?8|us-ascii)$/i.test(declared)) return []
  return [
    `The XML declaration says encoding="${declared}", but this text was stored as UTF-8, so readers may see wrong characters. Write encoding="UTF-8", or send the file's own bytes as base64, with contentType application/octet-stream.`,
  ]
}

function textOf(given: unknown, type: string): string {
  if (typeof given === 'string' && !given.isWellFormed()) {
    throw new UserError(
      '`body` contains half a character (a lone surrogate), which UTF-8 cannot represent. Nothing was sent. Remove it.',
    )
  }
  if (typeof given === 'string') return given
  throw new UserError(`With contentType ${type}, \`body\` must be text, not JSON. Nothing was sent.`)
}

/** JSON nested ten thousand levels deep can be parsed, but not serialized. */
function written<T>(write: () => T): T {
  try {
    return write()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError(TOO_DEEP)
  }
}

/** HL7 v2 segments end with a carriage return (HL7 v2, 2.5.4); models write line feeds. */
function hl7(body: string): string {
  const message = body.trim().replace(/\r?\n/g, '\r')
  if (/^MSH[|^~\\&!-/:-@[-`{-~]/.test(message)) return message
  throw new UserError(
    '`body` is not an HL7 v2 message: it must begin with an MSH segment, such as MSH|^~\\&|APP|FAC|APP|FAC|20260101120000||ADT^A04|1|P|2.5. Nothing was sent.',
  )
}

/** Corrects the segment ends of an HL7 message inside the JSON of `Agent/$push`, as a field or as a parameter. */
function withSegments(value: unknown): unknown {
  if (!isRecord(value)) return value
  const ended = (one: unknown, name: string) => {
    const message = isRecord(one) ? one[name] : undefined
    return typeof message === 'string' && /^\s*MSH/.test(message) ? { ...(one as object), [name]: hl7(message) } : one
  }
  const parameter = Array.isArray(value.parameter) ? value.parameter.map((one) => ended(one, 'valueString')) : undefined
  return ended({ ...value, ...(parameter && { parameter }) }, 'body')
}

function fromBase64(body: string, type: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(body.replace(/^data:[^,]*;base64,/, ''))
    const bytes = new Uint8Array(binary.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
    if (bytes.length > 0) return bytes
  } catch {
    // Reported below.
  }
  throw new UserError(`With contentType ${type}, \`body\` must be base64, such as SGVsbG8=. Nothing was sent.`)
}
