// Files as MCP content: images as images, text as text, the rest as an embedded resource; large files in parts.
import type { ContentBlock } from '@modelcontextprotocol/server'
import { redactText } from '../secrets/redact-text.ts'
import { decodeText, encodingOf } from './decode-text.ts'

/** The most bytes of a file in one answer, which hosts put into the model's context. */
export const MAX_PART = { text: 100_000, bytes: 1024 * 1024 }

export interface FilePart {
  /** `Binary/123` */
  path: string
  contentType: string
  /** The bytes of the part; of a file that is one JSON value, all bytes. */
  bytes: Uint8Array
  /** Where the part begins; undefined if the whole was asked for. */
  from: number | undefined
  /** Size of the whole file, if known. */
  size: number | undefined
  more: boolean
  /** The byte before the part, if there is one. */
  before?: number | undefined
  /** As named in the media type. */
  charset?: string | undefined
  /** Notes on how it was read. */
  note?: string | undefined
  /** The most text to show, in bytes; default {@link MAX_PART}. */
  maxText?: number
  /** Separates the text of a file from notes about it. */
  quote?(text: string): string
}

/** Whether this media type is text that a model can read. */
function isText(contentType: string): boolean {
  return /^text\/|[/+](json|xml|ndjson|yaml|csv)$|hl7-v2|javascript|graphql/.test(contentType)
}

/** A file, or a part of one, as content for a model, with what is left and how to get it. */
export function fileContent(part: FilePart): ContentBlock[] {
  if (!isText(part.contentType)) return byteContent(part)
  if (!isOneValue(part.contentType)) return textContent(part)
  if (part.more || part.before !== undefined) return [{ type: 'text', text: tooLarge(part) }]
  return textContent(withoutSecrets(part))
}

/** Whether a file of this media type is one JSON value: only as a whole can it be searched for secrets. */
export function isOneValue(contentType: string): boolean {
  return /[/+]json$/.test(contentType)
}

/** A JSON file without its secrets. Parts are taken from this, not from the original. */
function withoutSecrets(part: FilePart): FilePart {
  const { bytes, contentType, charset, from } = part
  const { text, note } = decodeText(bytes, encodingOf(bytes, charset), charset)
  const shown = new TextEncoder().encode(redactText(contentType, text))
  return { ...part, bytes: shown.subarray(from ?? 0), size: shown.byteLength, charset: 'utf-8', note }
}

function tooLarge({ path }: FilePart): string {
  return `${path} is JSON of more than ${MAX_PART.bytes} bytes. It is not shown, because secrets can’t be found in a part of it. Open it in the Medplum App.`
}

function textContent(part: FilePart): ContentBlock[] {
  const { path, contentType, bytes, from, size, more, before, charset, maxText = MAX_PART.text, quote } = part
  const start = from ?? 0
  const isRecords = RECORDS.test(contentType)
  const encoding = encodingOf(start === 0 ? bytes : NO_BYTES, charset)
  // A partial record may contain part of a secret, so everything before the first complete line is skipped.
  const skipped = isRecords && start > 0 && before !== NEW_LINE ? restOfLine(bytes) : 0
  const rest = bytes.subarray(skipped)
  const cut = { isRecords, encoding, limit: maxText }
  const kept = rest.subarray(0, rest.byteLength > maxText ? endOfPart(rest, cut) : rest.byteLength)
  const isCut = isRecords && more && kept.at(-1) !== NEW_LINE
  const { text, note = part.note } = isCut ? { text: '' } : decodeText(kept, encoding, charset)
  const shown = isOneValue(contentType) ? text : redactText(contentType, text)
  const blocks: ContentBlock[] = [{ type: 'text', text: quote ? quote(shown) : shown }]
  if (note !== undefined) blocks.push({ type: 'text', text: `Note: ${note}` })
  const left = more || kept.byteLength < rest.byteLength
  if (start > 0 || left) {
    if (skipped > 0 || isCut) blocks.push({ type: 'text', text: CUT_RECORD })
    blocks.push({ type: 'text', text: whatIsLeft(path, start + skipped, kept.byteLength, size, left) })
  }
  return blocks
}

const NO_BYTES = new Uint8Array()
const NEW_LINE = 10
/** Exports: files with one FHIR record per line, which may contain secrets. */
const RECORDS = /ndjson$/
const CUT_RECORD =
  'A record was left out, because it does not fit or only its end was requested. Read that record itself, or use the offsets that answers give.'

/** The length up to and including the first line break. */
function restOfLine(bytes: Uint8Array): number {
  const end = bytes.indexOf(NEW_LINE)
  return end < 0 ? bytes.byteLength : end + 1
}

function byteContent({ path, contentType, bytes, from, size, more }: FilePart): ContentBlock[] {
  const offset = from ?? 0
  const known = size ?? (more ? undefined : offset + bytes.byteLength)
  const about = `${path}: ${contentType || 'unknown type'}, ${known ?? `more than ${MAX_PART.bytes}`} bytes.`
  if (more && from === undefined) {
    const advice = `It is too large for one answer (${MAX_PART.bytes} bytes). Ask for the same path with offset=0 for its first part.`
    return [{ type: 'text', text: `${about} ${advice}` }]
  }
  const data = toBase64(bytes)
  const mimeType = contentType || 'application/octet-stream'
  const content: ContentBlock =
    contentType.startsWith('image/') && !more && offset === 0
      ? { type: 'image', data, mimeType }
      : { type: 'resource', resource: { uri: `fhir:///${path}`, mimeType, blob: data } }
  const part = from !== undefined || more
  return [{ type: 'text', text: part ? whatIsLeft(path, offset, bytes.byteLength, size, more) : about }, content]
}

function whatIsLeft(path: string, offset: number, length: number, size: number | undefined, more: boolean): string {
  if (length === 0 && !more)
    return `There is nothing at offset ${offset}: ${path} ends before${size === undefined ? '' : `, at ${size} bytes`}.`
  const range = `Bytes ${offset} to ${offset + length - 1}${size === undefined ? '' : ` of ${size}`} of ${path}.`
  return more
    ? `${range} There is more: ask for the same path with offset=${offset + length}.`
    : `${range} That is the end.`
}

/**
 * How much of a text that is too long is shown: up to the last line break, so that no line of NDJSON or CSV is cut. A single line that
 * is too long is cut between characters; a record is never cut, but shown at any length.
 */
function endOfPart(bytes: Uint8Array, { isRecords, encoding, limit }: Cut): number {
  if (encoding.startsWith('utf-16')) return limit & ~1
  const end = bytes.lastIndexOf(NEW_LINE, limit - 1)
  if (end > 0) return end + 1
  if (isRecords) return restOfLine(bytes)
  if (encoding !== 'utf-8') return limit
  let cut = limit
  // Back to the start of a UTF-8 character.
  while (cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--
  return cut > 0 ? cut : limit
}

interface Cut {
  isRecords: boolean
  encoding: string
  limit: number
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  const step = 0x8000
  for (let at = 0; at < bytes.byteLength; at += step) binary += String.fromCharCode(...bytes.subarray(at, at + step))
  return btoa(binary)
}
