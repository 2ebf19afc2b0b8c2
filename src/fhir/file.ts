// Files as MCP content: images as images, text as text, the rest as an embedded resource, in parts where they are large.
import type { ContentBlock } from '@modelcontextprotocol/server'
import { redact, withoutSignedUrls } from './redact.ts'

/** The most of a file that one answer holds, in bytes: a host puts it into the model's context. */
export const MAX_PART = { text: 100_000, bytes: 1024 * 1024 }

export interface FilePart {
  /** `Binary/123` */
  path: string
  contentType: string
  bytes: Uint8Array
  /** Where the part begins; undefined where the whole was asked for. */
  from: number | undefined
  /** Of the whole file, where it is known. */
  size: number | undefined
  more: boolean
}

/** Whether this media type is text that a model can read. */
export function isText(contentType: string): boolean {
  return /^text\/|[/+](json|xml|ndjson|yaml|csv)$|hl7-v2|javascript|graphql/.test(contentType)
}

/** A file, or a part of one, as content for a model, with what is left and how to get it. */
export function fileContent(part: FilePart): ContentBlock[] {
  return isText(part.contentType) ? textContent(part) : byteContent(part)
}

function textContent({ path, contentType, bytes, from, size, more }: FilePart): ContentBlock[] {
  const offset = from ?? 0
  const tooLong = more || bytes.byteLength > MAX_PART.text
  const kept = tooLong ? wholeLines(bytes.subarray(0, MAX_PART.text)) : bytes
  const text = clean(contentType, new TextDecoder().decode(kept))
  const blocks: ContentBlock[] = [{ type: 'text', text }]
  if (offset > 0 || tooLong)
    blocks.push({ type: 'text', text: whatIsLeft(path, offset, kept.byteLength, size, tooLong) })
  return blocks
}

function byteContent({ path, contentType, bytes, from, size, more }: FilePart): ContentBlock[] {
  const offset = from ?? 0
  const known = size ?? (more ? undefined : offset + bytes.byteLength)
  const about = `${path}: ${contentType || 'unknown type'}, ${known ?? `more than ${MAX_PART.bytes}`} bytes.`
  if (more && from === undefined) {
    const advice = `It is larger than one answer may hold (${MAX_PART.bytes} bytes). Ask for the same path with offset=0 for its first part.`
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
  const range = `Bytes ${offset} to ${offset + length - 1}${size === undefined ? '' : ` of ${size}`} of ${path}.`
  return more
    ? `${range} There is more: ask for the same path with offset=${offset + length}.`
    : `${range} That is the end.`
}

/** Up to the last line break, so that no line of NDJSON or CSV and no character is cut; all of it where there is none. */
function wholeLines(bytes: Uint8Array): Uint8Array {
  const end = bytes.lastIndexOf(10)
  if (end > 0) return bytes.subarray(0, end + 1)
  // Without lines: back to the start of a UTF-8 character.
  let cut = bytes.byteLength
  while (cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--
  return bytes.subarray(0, cut)
}

/** Secrets in FHIR JSON that is a file (an export's lines, a batch's stored answers) are hidden as in any other answer. */
function clean(contentType: string, text: string): string {
  if (!/json$/.test(contentType)) return withoutSignedUrls(text)
  return text
    .split('\n')
    .map((line) => {
      try {
        return line.trim() === '' ? line : JSON.stringify(redact(JSON.parse(line)))
      } catch {
        return withoutSignedUrls(line)
      }
    })
    .join('\n')
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  const step = 0x8000
  for (let at = 0; at < bytes.byteLength; at += step) binary += String.fromCharCode(...bytes.subarray(at, at + step))
  return btoa(binary)
}
