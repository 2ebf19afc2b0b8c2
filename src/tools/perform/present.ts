// Turns Medplum's answer into content for a model: records in the requested form, files, and text as quoted content.

import type { ContentBlock } from '@modelcontextprotocol/server'
import { checkAnswer } from '../../advice/replies/check-answer.ts'
import { writeAnswer } from '../../answer/answer.ts'
import { isRecord, records } from '../../base/json.ts'
import { visibleLines } from '../../base/text.ts'
import type { FhirResponse } from '../../client/request.ts'

import { nextPage } from '../../fhir/paging.ts'
import { type FilePart, fileContent } from '../../text/file.ts'
import { quotedText } from '../../text/quote.ts'
import type { Prepared } from '../request/prepare.ts'
import { skipping, type View } from '../request/view.ts'
import { withoutEcho } from './echo.ts'

/** An answer as the model reads it. */
export function present(
  { request, asked, notes }: Prepared,
  response: FhirResponse,
  view: View,
  from?: number,
): ContentBlock[] {
  const { status, contentType, body, file } = response
  if (file && body instanceof Uint8Array) {
    const part = { path: request.path.split('?')[0] ?? '', contentType, bytes: body, from, ...file }
    const { columns } = view
    if (columns && /ndjson$/.test(contentType)) return withNotes(selected(part, columns, view), notes)
    const ignored = columns ? [`\`select\` has no effect here: this file contains no FHIR records.`] : []
    const quote = (text: string) => quotedText(text, contentType, view.format === 'json')
    return withNotes(fileContent({ ...part, maxText: view.maxChars - RESERVE, quote }), [...notes, ...ignored])
  }
  const more = checkAnswer(asked, { status, body })
  if (typeof body === 'string') return withNotes(textContent(body, contentType, view), [...notes, ...more])
  if (body === undefined)
    return withNotes([{ type: 'text', text: JSON.stringify({ status, body: null }) }], [...notes, ...more])
  const isPaged = request.method === 'GET'
  const echo = view.format === 'compact' && !view.columns ? withoutEcho(request, body) : undefined
  const { text, notes: own } = writeAnswer(isPaged ? withNext(body, request.path) : (echo?.news ?? body), {
    format: view.format,
    ...(view.columns && { columns: view.columns }),
    maxChars: view.maxChars - notes.concat(more).reduce((sum, note) => sum + note.length + RESERVE_A_NOTE, 0),
    from: view.from,
    ...(echo && { leftOut: [echo.leftOut] }),
    ...(!isPaged && { stored: storedBy(asked) }),
    ...(isPaged && { nextAfter: (matches: number) => skipping(request.path, matches, view.all) }),
  })
  return withNotes([{ type: 'text', text }], [...own, ...notes, ...more])
}

/** Selected columns of an export's records, as many rows as fit. */
function selected(part: FilePart, columns: NonNullable<View['columns']>, { maxChars }: View): ContentBlock[] {
  // A cache, so that a record's cells are evaluated once.
  const known = new Map<string, unknown>()
  const recordOf = (line: string) => {
    if (!known.has(line)) known.set(line, JSON.parse(line))
    return known.get(line)
  }
  const quote = (text: string) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    const entry = lines.map((line) => ({ resource: recordOf(line) }))
    return columns.write({ resourceType: 'Bundle', entry }, [])
  }
  for (let maxText = part.bytes.byteLength; ; maxText = Math.floor(maxText / 2)) {
    const content = fileContent({ ...part, maxText, quote })
    const remarks = columns.remarks()
    const length = content.reduce((sum, one) => sum + (one.type === 'text' ? one.text.length : 0), 0)
    if (length <= maxChars - RESERVE || maxText < RESERVE) return withNotes(content, remarks)
  }
}

/** Indexes of a batch's entries that stored something. */
function storedBy({ path, body }: Prepared['asked']): ReadonlySet<number> {
  const entries = /^(\?|$)/.test(path) ? records(body, 'entry') : []
  const writes = ({ request }: Record<string, unknown>) =>
    isRecord(request) && /^(POST|PUT|PATCH)$/.test(String(request.method)) && !/[$_]/.test(String(request.url))
  return new Set(entries.flatMap((entry, at) => (writes(entry) ? [at] : [])))
}

/** Characters reserved for notes about a file. */
const RESERVE = 500
const RESERVE_A_NOTE = 8

/** A Bundle whose link to the next page works at Medplum. */
function withNext(body: unknown, path: string): unknown {
  if (!isRecord(body) || body.resourceType !== 'Bundle') return body
  const url = nextPage(path, body)
  const links = Array.isArray(body.link) ? body.link : []
  const link = links.filter((one) => !(isRecord(one) && one.relation === 'next'))
  if (url !== undefined) link.push({ relation: 'next', url })
  const { link: _link, ...rest } = body
  return link.length === 0 ? rest : { ...rest, link }
}

function textContent(text: string, contentType: string, { format, maxChars }: View): ContentBlock[] {
  const limit = maxChars - RESERVE
  const shown = text.length > limit ? text.slice(0, text.lastIndexOf('\n', limit) + 1 || limit) : text
  const content: ContentBlock[] = [{ type: 'text', text: quotedText(shown, contentType, format === 'json') }]
  if (shown.length === text.length) return content
  return [...content, { type: 'text', text: `These are the first ${shown.length} of ${text.length} characters.` }]
}

/** Notes are a separate text block. */
export function withNotes(content: ContentBlock[], notes: readonly string[]): ContentBlock[] {
  const different = [...new Set(notes)].filter((note) => note !== '')
  return different.length === 0
    ? content
    : [...content, { type: 'text', text: visibleLines(different.map((note) => `Note: ${note}`).join('\n')) }]
}
