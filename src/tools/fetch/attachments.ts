// The files that a record contains or refers to: readable text is included, everything else is named.

import { literal } from '../../answer/compact/literal.ts'
import { isRecord, scalarText } from '../../base/json.ts'
import { charsetIn } from '../../base/text.ts'
import { AccessError } from '../../client/access-error.ts'
import type { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { bytesInBase64, decodedText, isReadable, linesOfFile } from '../../text/file-text.ts'
import { readingPath } from '../perform/reading.ts'

/** A file of a record, from its Attachment (FHIR R4, section 2.24.0.3). */
interface Attachment {
  contentType: string
  /** As named in the media type. */
  charset?: string | undefined
  /** `Binary/ID`, if it is one of this server's. */
  path: string | undefined
  /** Base64, if the record contains it. */
  data: string | undefined
  title: string
}

/** A file as text. */
export interface FileText {
  /** What it is and where it can be read: one line. */
  about: string
  /** Its lines; undefined if it isn't text. */
  lines: string[] | undefined
  /** Whether the file continues after them. */
  more: boolean
}

/** Maximum number of files to read; others are only named. */
const MAX_FILES = 5
/** Maximum bytes to read of one file. */
const MAX_BYTES = 300_000
const MAX_TITLE = 200

/** All attachments in a resource, in their order. */
export function attachmentsIn(value: unknown): Attachment[] {
  if (Array.isArray(value)) return value.flatMap(attachmentsIn)
  if (!isRecord(value)) return []
  const { contentType, url, data, title } = value
  if (typeof contentType !== 'string' || (typeof url !== 'string' && typeof data !== 'string')) {
    return Object.values(value).flatMap(attachmentsIn)
  }
  return [
    {
      contentType: contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '',
      charset: charsetIn(contentType),
      path: /^Binary\/[A-Za-z0-9.-]{1,64}$/.exec(scalarText(url))?.[0],
      data: scalarText(data) || undefined,
      title: scalarText(title).slice(0, MAX_TITLE),
    },
  ]
}

/** Reads the files one after the other. One that is missing or not permitted is only named. */
export async function readFiles(
  files: readonly Attachment[],
  fhir: FhirClient,
  base: URL,
  signal: AbortSignal,
): Promise<FileText[]> {
  const read: FileText[] = []
  for (const file of files) {
    const readable = read.filter(({ lines }) => lines !== undefined).length < MAX_FILES && isReadable(file.contentType)
    const { path } = file
    const inline = file.data === undefined ? undefined : bytesInBase64(file.data)
    if (readable && inline !== undefined) read.push(shown(file, inline, false))
    else if (!readable || path === undefined) read.push(named(file))
    else read.push(await readBinary({ ...file, path }, fhir, base, signal).catch((error) => unreadable(file, error)))
  }
  return read
}

/** Reads one Binary; its own media type decides what it is. */
export async function readBinary(
  file: Attachment & { path: string },
  fhir: FhirClient,
  base: URL,
  signal: AbortSignal,
): Promise<FileText> {
  const path = readingPath(file.path, base)
  const part = { offset: 0, length: MAX_BYTES }
  const answer = await fhir.send({ method: 'GET', path, repeatable: true, part, signal })
  const { body, contentType } = answer
  const actual = { ...file, contentType, charset: answer.file?.charset }
  const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body) ?? '')
  return isReadable(contentType) ? shown(actual, bytes, answer.file?.more ?? false) : named(actual)
}

function shown(file: Attachment, bytes: Uint8Array, more: boolean): FileText {
  const { text, note } = decodedText(bytes, file.charset)
  const lines = linesOfFile(file.contentType, text)
  return { about: [about(file), note].filter(Boolean).join('. '), lines, more }
}

function named(file: Attachment): FileText {
  return { about: about(file), lines: undefined, more: false }
}

function unreadable(file: Attachment, error: unknown): FileText {
  if (error instanceof AccessError) {
    return { about: `${about(file)}, which this connection cannot read`, lines: undefined, more: false }
  }
  if (!(error instanceof FhirError) || ![403, 404, 410].includes(error.status)) throw error
  return {
    about: `${about(file)}, which Medplum does not provide (HTTP ${error.status})`,
    lines: undefined,
    more: false,
  }
}

function about({ title, contentType, path, data }: Attachment): string {
  const where = path ?? (data === undefined ? 'outside Medplum' : 'in the record itself')
  return [title && literal(title, 'title'), literal(contentType, 'contentType'), where].filter(Boolean).join(', ')
}
