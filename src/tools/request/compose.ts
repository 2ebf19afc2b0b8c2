// From what a model gives as `body` and `contentType` to what goes over the wire, or a sentence that says what is wrong.

import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { Content, Method } from '../../client/request.ts'

export const HL7 = 'x-application/hl7-v2+er7'
const FHIR_JSON = 'application/fhir+json'
const JSON_PATCH = 'application/json-patch+json'
const FORM = 'application/x-www-form-urlencoded'
const MEDIA_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(\s*;\s*[a-z0-9-]+=("[^"\r\n]*"|[\w.+-]+))*$/i

/** Medplum's limit for everything but files, in bytes. */
const MAX_BYTES = 1024 * 1024

export interface Composed {
  content: Content | undefined
  /** A JSON body as a value, for the checks that read it. */
  json: unknown
}

/**
 * The body of a request.
 *
 * @throws {UserError} naming the argument, and showing a right one
 */
export function compose(method: Method, path: string, body: unknown, contentType: string | undefined): Composed {
  const given = body === null || body === '' ? undefined : body
  if (method === 'GET' || method === 'DELETE') {
    if (given === undefined) return { content: undefined, json: undefined }
    throw new UserError(
      `A ${method} request has no body. Nothing was sent. Leave \`body\` out, or use POST, PUT or PATCH.`,
    )
  }
  const type = mediaType(contentType ?? (method === 'PATCH' ? JSON_PATCH : FHIR_JSON))
  const composed = composeAs(type, path, given)
  const { content } = composed
  const data = content?.data ?? ''
  const size = typeof data === 'string' ? new TextEncoder().encode(data).byteLength : data.byteLength
  if (size > MAX_BYTES && !isFileUpload(path)) {
    throw new UserError(
      `\`body\` is ${size} bytes; Medplum takes at most ${MAX_BYTES} (1 MB). Nothing was sent. Split it: send a large batch in several, and upload a file to Binary.`,
    )
  }
  return composed
}

function composeAs(type: string, path: string, body: unknown): Composed {
  const bare = type.split(';')[0]?.trim().toLowerCase() ?? ''
  if (/[/+]json$/.test(bare)) return json(type, path, body)
  if (body === undefined) return { content: undefined, json: undefined }
  if (typeof body !== 'string') {
    throw new UserError(`With contentType ${bare}, \`body\` must be text, not JSON. Nothing was sent.`)
  }
  if (bare === HL7) return { content: { type, data: hl7(body) }, json: undefined }
  if (bare === FORM) {
    if (/\/_search$/.test(path.split('?')[0] ?? '')) return { content: { type, data: body }, json: undefined }
    throw new UserError(`contentType ${FORM} is for a search by POST only, such as Patient/_search. Nothing was sent.`)
  }
  if (bare.startsWith('text/') || bare.endsWith('xml') || bare === 'application/graphql') {
    return { content: { type, data: body }, json: undefined }
  }
  return { content: { type, data: fromBase64(body, bare) }, json: undefined }
}

function mediaType(contentType: string): string {
  const type = contentType.trim()
  // A header holds printable ASCII only; anything else would make fetch throw.
  if (/^[ -~]+$/.test(type) && MEDIA_TYPE.test(type)) return type
  throw new UserError(
    `\`contentType\` is no media type. Nothing was sent. Right ones: ${FHIR_JSON} (the default), ${JSON_PATCH}, ${HL7}, text/plain, application/pdf.`,
  )
}

/** JSON as an object or array, or as JSON text, which models often send. */
function json(type: string, path: string, body: unknown): Composed {
  if (body === undefined) return { content: undefined, json: undefined }
  let value: unknown = body
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body)
    } catch (error) {
      throw new UserError(
        `\`body\` is text that is no JSON: ${describe(error, body)}. Nothing was sent. Give an object such as {"resourceType":"Patient"}, or set contentType for other content.`,
      )
    }
  }
  // A Binary may be any JSON, a bot's input too; a resource is an object, a JSON Patch an array.
  if ((typeof value !== 'object' || value === null) && !/^(Binary|Bot)\b/.test(path)) {
    throw new UserError('`body` must be a JSON object or array, such as {"resourceType":"Patient"}. Nothing was sent.')
  }
  if (/\/\$push(\?|$)/.test(path)) value = withSegments(value)
  return { content: { type, data: written(value) }, json: value }
}

/** Brackets in brackets by the ten thousand can be read, but not written again. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw new UserError(
      '`body` is nested too deep. Nothing was sent. Give a plain resource, such as {"resourceType":"Patient"}.',
    )
  }
}

/** What is wrong with JSON text, with the line and column where reading stopped. */
function describe(error: unknown, text: string): string {
  const message = String(error instanceof Error ? error.message : error)
  const what = message.replace(/, (\.\.\.)?"[\s\S]*$/, '').replace(/ in JSON at position[\s\S]*/, '')
  const told = /position (\d+)/.exec(message)?.[1]
  const at = told !== undefined ? Number(told) : UNEXPECTED.test(message) ? unexpectedAt(text) : undefined
  if (at === undefined) return `${what || 'it breaks off'}, after ${text.length} characters`
  const before = text.slice(0, at).split('\n')
  return `${what} at position ${at} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`
}

/** V8 shows the surroundings of a token that it doesn't expect, but not its place. */
const UNEXPECTED = /^Unexpected token/

/** The place of that token: up to it the text merely breaks off, from it on it is wrong. */
function unexpectedAt(text: string): number {
  let [good, bad] = [0, text.length]
  while (good < bad - 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isUnexpected(text.slice(0, middle))) bad = middle
    else good = middle
  }
  return bad - 1
}

function isUnexpected(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return error instanceof Error && UNEXPECTED.test(error.message)
  }
}

/** HL7 v2 segments end with a carriage return (HL7 v2, 2.5.4); models write line feeds. */
function hl7(body: string): string {
  const message = body.trim().replace(/\r?\n/g, '\r')
  if (/^MSH[|^~\\&!-/:-@[-`{-~]/.test(message)) return message
  throw new UserError(
    '`body` is no HL7 v2 message: it must begin with an MSH segment, such as MSH|^~\\&|APP|FAC|APP|FAC|20260101120000||ADT^A04|1|P|2.5. Nothing was sent.',
  )
}

/** An HL7 message inside the JSON of `Agent/$push`, as a field or as a parameter, with segments that end as HL7 has it. */
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
  const text = body.replace(/^data:[^,]*;base64,/, '').replace(/\s+/g, '')
  const letters = text.replace(/={1,2}$/, '')
  const padded = letters.length === text.length || text.length % 4 === 0
  if (/^[A-Za-z0-9+/]+$/.test(letters) && letters.length % 4 !== 1 && padded) {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  }
  throw new UserError(`With contentType ${type}, \`body\` must be base64, such as SGVsbG8=. Nothing was sent.`)
}

function isFileUpload(path: string): boolean {
  return /^Binary(\/[^/?]+)?(\?|$)/.test(path)
}
