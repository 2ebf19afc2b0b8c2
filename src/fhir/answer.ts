// From a JSON answer to what a model gets to read: without noise, in the compact form or as JSON, and never larger than its
// budget. What doesn't fit is dropped in whole entries, told of in a digest, and comes with the path in `next`.
import { batchParts } from './batch-answer.ts'
import { isRecord } from './client.ts'
import type { Columns } from './columns.ts'
import { digest } from './digest.ts'
import { type Attempt, fitting, within } from './fitting.ts'
import { lighten } from './lighten.ts'
import { withoutNoise } from './noise.ts'
import { type Entry, type Parts, partsOf } from './parts.ts'
import { compact } from './shape.ts'
import { writeTable } from './table.ts'

export interface AnswerOptions {
  /** `compact` (docs/answers.md), or FHIR JSON as it came. */
  format: 'compact' | 'json'
  /** Instead of either: a table of these columns. */
  columns?: Columns
  /** Characters that the answer may have. */
  maxChars: number
  /** Matches at the beginning that earlier answers gave, and with the first of them the last match. */
  from?: number
  /** The path that goes on after so many matches, where the request can be made again. */
  nextAfter?(matches: number): string
}

export interface Answered {
  text: string
  /** What the answer says of itself, where it can't stand within: JSON has no place for it. */
  notes: string[]
}

/** Characters kept free for what is said besides. */
const RESERVE = 400
/** Rows of a digest of what was dropped. */
const MAX_DIGEST_ROWS = 30
const CHARS_A_DIGEST_ROW = 800
const NARRATIVE = 'generated narratives (text.div); `format` "json" or `select` ["text.div"] brings them'

/**
 * The answer within its budget. Pure; what it leaves out, it names.
 *
 * @param body a JSON answer of any kind
 */
export function answer(body: unknown, options: AnswerOptions): Answered {
  const isCompact = options.format === 'compact' && !options.columns
  const { value, narratives } = isCompact ? withoutNoise(body) : { value: body, narratives: 0 }
  const leftOut = narratives > 0 ? [NARRATIVE] : []
  if (!isRecord(value) || value.resourceType !== 'Bundle' || !Array.isArray(value.entry)) {
    return one(value, leftOut, options)
  }
  const entries = value.entry.filter(isRecord)
  if (/^(batch|transaction)-response$/.test(String(value.type))) {
    const { entry, remarks } = batchParts(entries, options.maxChars - RESERVE, (part) => size(part, options))
    return written({ ...value, entry }, { leftOut, dropped: remarks }, options)
  }
  return bundle(value, entries, leftOut, options)
}

/** What is to be said of an answer. */
interface Remarks {
  leftOut: string[]
  dropped?: string[]
}

function written(
  value: unknown,
  { leftOut, dropped = [] }: Remarks,
  { format, columns }: AnswerOptions,
  sizes?: Map<unknown, number>,
): Answered {
  const lines = [...leftOut.map((what) => `left out: ${what}`), ...dropped.map((what) => `dropped: ${what}`)]
  if (columns) return { text: columns.write(value, [...headOf(value), ...lines]), notes: columns.remarks() }
  if (format === 'json') return { text: JSON.stringify(value), notes: lines }
  return { text: compact(value, new Map([[value, lines]]), sizes), notes: [] }
}

/** With a text that stands after the answer. */
function withAfter({ text, notes }: Answered, after: string, { format, columns }: AnswerOptions): Answered {
  if (after === '') return { text, notes }
  return format === 'json' && !columns ? { text, notes: [...notes, after] } : { text: `${text}\n${after}`, notes }
}

/** What a Bundle says of itself besides its entries. */
function headOf(value: unknown): string[] {
  if (!isRecord(value) || value.resourceType !== 'Bundle') return []
  const { resourceType: _type, type: _kind, link, ...rest } = value
  const next = Array.isArray(link) ? link.filter((one) => isRecord(one) && one.relation === 'next') : []
  return compact({ resourceType: 'Bundle', ...rest, ...(next.length > 0 && { link: next }), entry: undefined })
    .split('\n')
    .slice(1)
    .map((line) =>
      line.startsWith('returned: ') ? `returned: ${Array.isArray(value.entry) ? value.entry.length : 0}` : line,
    )
}

function length({ text, notes }: Answered): number {
  return notes.reduce((sum, note) => sum + note.length + 8, text.length)
}

function size(value: unknown, { format, columns }: AnswerOptions): number {
  if (columns) return columns.write(value, []).length
  return format === 'json' ? JSON.stringify(value).length : compact(value).length
}

/** A single resource, or any other JSON. */
function one(value: unknown, leftOut: string[], options: AnswerOptions): Answered {
  const whole = written(value, { leftOut }, options)
  // A cell that is too long is left out by itself.
  if (length(whole) <= options.maxChars || options.columns) return whole
  const light = lighten(value, (part) => size(part, options), options.maxChars - RESERVE)
  return written(light.value, { leftOut: [...leftOut, told(light.leftOut)] }, options)
}

const MAX_NAMED = 8

/** What was taken out, in a line of bounded length. */
function told(leftOut: readonly string[]): string {
  const named = leftOut.slice(0, MAX_NAMED).map((what) => what.slice(0, 120))
  const more = leftOut.length - named.length
  const rest = more > 0 ? `; and ${more} more` : ''
  return `${named.join('; ')}${rest}, because of the size; \`select\` brings parts, such as note.text.substring(0,20000)`.slice(
    0,
    1500,
  )
}

// ── A Bundle ──

function bundle(value: Entry, all: Entry[], leftOut: string[], options: AnswerOptions): Answered {
  const { maxChars, format, columns } = options
  const light = lightened(all, options)
  const parts = partsOf(light.entries)
  const from = Math.min(options.from ?? 0, parts.matches)
  const remarks = { leftOut: leftOut.concat(light.leftOut) }
  const write = (count: number): Attempt<Answered> => {
    const sizes = new Map<unknown, number>()
    const bare = written(...part(value, parts, from, count, remarks, options), options, sizes)
    // To count what was dropped takes time too.
    const isOver = length(bare) > maxChars
    const answer = isOver ? bare : withAfter(bare, digestOf(parts.rest(from, count), maxChars), options)
    return { answer, length: length(answer), own: (entry) => sizes.get(light.entries[from + entry]?.resource) }
  }
  const open = parts.matches - from
  const sizes = light.sizes.slice(from)
  const guess = columns ? open : within(sizes, maxChars * (format === 'json' ? 1 : LIKELY_RATIO))
  if (guess >= open) {
    const whole = write(open)
    if (whole.length <= maxChars) return whole.answer
  }
  return fitting(write, Math.min(guess, open - 1), { limit: maxChars, most: Math.max(open - 1, 1), sizes })
}

/** Characters of JSON to one of the compact form, about: to write all entries first would take too long. */
const LIKELY_RATIO = 7

interface Light {
  entries: Entry[]
  /** Of each, in characters of JSON, or alike where it doesn't matter. */
  sizes: number[]
  leftOut: string[]
}

/** Entries that alone would take up a third of the answer, with less in them. */
function lightened(entries: Entry[], options: AnswerOptions): Light {
  if (options.columns) return { entries, sizes: entries.map(() => 1), leftOut: [] }
  const limit = options.maxChars / 3
  const sizes = entries.map((entry) => JSON.stringify(entry).length)
  const leftOut: string[] = []
  const light = entries.map((entry, at) => {
    const { resource } = entry
    if (!isRecord(resource) || (sizes[at] ?? 0) <= limit || size(resource, options) <= limit) return entry
    const less = lighten(resource, (part) => size(part, options), limit - RESERVE)
    leftOut.push(`of ${nameOf(resource)}: ${told(less.leftOut)}`)
    const one = { ...entry, resource: less.value }
    sizes[at] = JSON.stringify(one).length
    return one
  })
  return { entries: light, sizes, leftOut }
}

function nameOf({ resourceType, id }: Entry): string {
  return /^[\w.-]+\/[\w.-]+$/.test(`${resourceType}/${id}`) ? `${resourceType}/${id}` : 'one entry'
}

/** A Bundle with some of its entries, and what is to be said of the others. */
function part(
  value: Entry,
  parts: Parts,
  from: number,
  count: number,
  remarks: Remarks,
  { nextAfter }: AnswerOptions,
): [Entry, Remarks] {
  const entry = parts.take(from, count)
  const { entry: _entry, ...rest } = value
  // A Bundle without entries has no list of them either (FHIR R4, section 2.6.2).
  const shown = entry.length > 0 ? { ...rest, entry } : rest
  const dropped = parts.rest(from, count)
  if (dropped.length === 0) return [shown, remarks]
  const next = nextAfter?.(from + count)
  const link = next === undefined ? undefined : [{ relation: 'next', url: next }]
  const whole = { ...shown, ...(link && { link }) }
  const where = from === 0 ? ' between the last two' : ' after the last'
  const how = next === undefined ? 'ask for less at once' : '`next` continues with them'
  return [whole, { ...remarks, dropped: [`${dropped.length} entries${where} of these matches; ${how}`] }]
}

function digestOf(dropped: readonly Entry[], maxChars: number): string {
  const rows = digest(dropped.map(({ resource }) => resource).filter(isRecord))
  if (rows.length === 0) return ''
  const most = Math.min(MAX_DIGEST_ROWS, Math.ceil(maxChars / CHARS_A_DIGEST_ROW))
  const shown = [...rows].sort((a, b) => b.count - a.count).slice(0, most)
  const more = rows.length - shown.length
  const rowsShown = shown.map((row) => ({ ...row }))
  const table = writeTable('Dropped', rowsShown, false)
  return more > 0 ? `${table}\n(and ${more} more kinds)` : table
}
