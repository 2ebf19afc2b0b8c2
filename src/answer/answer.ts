// Turns a JSON answer into what a model reads: without noise, in the compact form or as JSON, and never larger than its budget.
// Entries that don't fit are dropped whole, summarized in a digest, and available at the path in `next`.

import { isRecord, records } from '../base/json.ts'
import { visible } from '../base/text.ts'
import { batchParts, withoutEchoes } from './batch-answer.ts'
import { type BundleParts, bundlePartsOf, type Entry, isBatchAnswer, jsonOf } from './bundle-parts.ts'
import { type CompactOptions, compact, returnedLine } from './compact/compact.ts'
import type { LiteralCache } from './compact/layout.ts'
import { writeTable } from './compact/table.ts'
import { digest } from './digest/digest.ts'
import { type Attempt, countWithin, fitEntries } from './fit.ts'
import { lighten } from './lighten.ts'
import { Lightener, leftOutLine, leftOutLines, MAX_TOLD } from './lighten-entries.ts'
import { withoutNoise } from './noise.ts'
import type { Columns } from './select/select-table.ts'

export interface AnswerOptions {
  /** `compact` (docs/answers.md), or FHIR JSON as it came. */
  format: 'compact' | 'json'
  /** Instead of either: a table of these columns. */
  columns?: Columns
  /** Characters that the answer may have. */
  maxChars: number
  /** How many entries earlier answers have given; the first answer also gave the last match. */
  from?: number
  /** For the answer to a batch: indexes of the entries that stored something, whose resources only repeat what was sent. */
  stored?: ReadonlySet<number>
  /** What was already removed from the body. */
  leftOut?: readonly string[]
  /** @returns the path that continues after this many entries; absent if the request can't be repeated */
  nextAfter?(entries: number): string
}

export interface Answered {
  text: string
  /** Remarks about the answer that don't fit into it, since JSON has no place for them. */
  notes: string[]
}

/** Characters reserved for other text. */
const RESERVE = 400
/** Rows of a digest of what was dropped. */
const MAX_DIGEST_ROWS = 30
const CHARS_A_DIGEST_ROW = 800
const NARRATIVE = 'generated narratives (text.div); `format` "json" or `select` ["text.div"] returns them'

/**
 * Writes an answer within its budget and names what it leaves out. Pure.
 *
 * @param body a JSON answer of any kind
 */
export function writeAnswer(body: unknown, options: AnswerOptions): Answered {
  const isCompact = options.format === 'compact' && !options.columns
  const { value, narratives } = isCompact ? withoutNoise(body) : { value: body, narratives: 0 }
  const leftOut = [...(options.leftOut ?? []), ...(narratives > 0 ? [NARRATIVE] : [])]
  if (!isRecord(value) || value.resourceType !== 'Bundle' || !Array.isArray(value.entry)) {
    return one(value, leftOut, options)
  }
  const entries = value.entry.filter(isRecord)
  const { entry: _entry, ...own } = value
  const about = lightHead(own, options)
  const said = [...leftOut, ...about.leftOut]
  if (isBatchAnswer(value)) return batch(about.head, entries, said, options)
  return fitted(bundle(about.head, entries, said, options), value, options)
}

/** Shortens a Bundle's own properties to their share of the budget, as a resource is shortened. */
function lightHead(own: Entry, options: AnswerOptions): { head: Entry; leftOut: string[] } {
  const share = options.maxChars / 4
  const measure = (value: unknown) => compact(value).length
  const written = options.format === 'json' ? (value: unknown) => visible(JSON.stringify(value)).length : measure
  if (written(own) <= share) return { head: own, leftOut: [] }
  const { value, leftOut } = lighten(own, written, share)
  return { head: isRecord(value) ? value : { resourceType: 'Bundle' }, leftOut: [leftOutLine(leftOut, share / 2)] }
}

function batch(head: Entry, entries: Entry[], leftOut: string[], options: AnswerOptions): Answered {
  const { stored, columns, format, maxChars } = options
  const brief = stored && !columns && format === 'compact' ? withoutEchoes(entries, stored) : undefined
  const said = brief ? [...leftOut, brief.remark] : leftOut
  const room = maxChars - RESERVE - compact(head).length - said.join('').length
  const limits = columns ? [room] : [room, room * 0.8, room * 0.6, room * 0.4]
  for (const limit of limits) {
    const { entry, remarks } = batchParts(brief?.entry ?? entries, limit, (part) => size(part, options))
    const answer = written({ ...head, entry }, { leftOut: said, dropped: remarks }, options)
    if (length(answer) <= maxChars) return answer
  }
  return fitted(
    written({ ...head }, { leftOut: said, dropped: [`all ${entries.length} entries`] }, options),
    head,
    options,
  )
}

/** The answer, or, if it still exceeds its budget, a short text in its place. */
function fitted(answer: Answered, value: unknown, options: AnswerOptions): Answered {
  if (length(answer) <= options.maxChars) return answer
  const name = isRecord(value) && /^[A-Za-z]{1,64}$/.test(String(value.resourceType)) ? ` ${value.resourceType}` : ''
  const how = options.columns ? 'Ask for fewer or shorter columns' : 'Ask for parts of it with `select`'
  const note = `This${name} does not fit into ${options.maxChars} characters and can't be shown. ${how}, or for a larger maxChars.`
  return options.format === 'json' && !options.columns ? { text: 'null', notes: [note] } : { text: note, notes: [] }
}

/** Remarks about an answer. */
interface Remarks {
  leftOut: string[]
  dropped?: string[]
}

function written(
  value: unknown,
  { leftOut, dropped = [] }: Remarks,
  { format, columns, maxChars }: AnswerOptions,
  reused: Pick<CompactOptions, 'sizes' | 'written'> = {},
): Answered {
  const lines = [...leftOut.map((what) => `left out: ${what}`), ...dropped.map((what) => `dropped: ${what}`)]
  if (columns) {
    const text = columns.write(value, [...headOf(value), ...lines])
    return { text, notes: bounded(columns.remarks(), maxChars / 4) }
  }
  if (format === 'json') return { text: visible(JSON.stringify(value)), notes: lines }
  return { text: compact(value, { remarks: new Map([[value, lines]]), ...reused }), notes: [] }
}

/** As many remarks as fit, and the number of the others. */
function bounded(remarks: readonly string[], limit: number): string[] {
  const shown = remarks.filter((_, at) => remarks.slice(0, at + 1).join('').length <= limit)
  const more = remarks.length - shown.length
  return more === 0 ? shown : [...shown, `${more} more columns were empty, failed or were too long.`]
}

/** Appends a text to the answer. */
function withAfter({ text, notes }: Answered, after: string, { format, columns }: AnswerOptions): Answered {
  if (after === '') return { text, notes }
  return format === 'json' && !columns ? { text, notes: [...notes, after] } : { text: `${text}\n${after}`, notes }
}

/** Lines for a Bundle's own properties, without its entries. */
function headOf(value: unknown): string[] {
  if (!isRecord(value) || value.resourceType !== 'Bundle') return []
  const { link, ...rest } = value
  const next = Array.isArray(link) ? link.filter((one) => isRecord(one) && one.relation === 'next') : []
  return compact({ ...rest, type: 'searchset', ...(next.length > 0 && { link: next }), entry: undefined })
    .split('\n')
    .slice(1)
    .map((line) => (line.startsWith('returned: ') ? returnedLine(records(value, 'entry')) : line))
}

function length({ text, notes }: Answered): number {
  return notes.reduce((sum, note) => sum + note.length + 8, text.length)
}

function size(value: unknown, { format, columns }: AnswerOptions): number {
  if (columns) return columns.write(value, []).length
  return format === 'json' ? visible(JSON.stringify(value)).length : compact(value).length
}

/** A single resource, or any other JSON. */
function one(value: unknown, leftOut: string[], options: AnswerOptions): Answered {
  const whole = written(value, { leftOut }, options)
  // A cell that is too long is left out alone.
  if (length(whole) <= options.maxChars || options.columns) return fitted(whole, value, options)
  const room = Math.min(MAX_TOLD, options.maxChars / 4)
  const light = lighten(value, (part) => size(part, options), options.maxChars - RESERVE - room)
  return fitted(
    written(light.value, { leftOut: [...leftOut, leftOutLine(light.leftOut, room)] }, options),
    value,
    options,
  )
}

// ── A Bundle ──

/** @param share an entry may take up 1/share of the answer */
function bundle(value: Entry, entries: Entry[], leftOut: string[], options: AnswerOptions, share = 3): Answered {
  const { maxChars, format, columns } = options
  const light = new Lightener((part) => size(part, options), columns ? Number.POSITIVE_INFINITY : maxChars / share)
  const parts = bundlePartsOf(entries)
  const from = Math.min(options.from ?? 0, parts.ordered.length)
  const literals: LiteralCache = new Map()
  const write = (most: number): Attempt<Answered> => {
    const count = parts.whole(from, most)
    const sizes = new Map<unknown, number>()
    const bare = written(...part(value, parts, from, count, leftOut, light, options), options, {
      sizes,
      written: literals,
    })
    // A digest takes time, so it is made only for an answer that fits without it.
    const told = length(bare) > maxChars ? bare : withAfter(bare, digestOf(parts.rest(from, count), maxChars), options)
    const answer = most === 1 && length(told) > maxChars ? bare : told
    const own = (at: number) => sizes.get(light.of(parts.ordered[from + at] ?? {}).entry.resource)
    return { answer, length: length(answer), own }
  }
  const open = parts.ordered.length - from
  const ratio = format === 'json' ? 1 : LIKELY_RATIO
  const sizes = parts.ordered
    .slice(from)
    .map((entry) => (columns ? 1 : Math.min(jsonOf(entry).length, light.limit * ratio)))
  const guess = columns ? open : countWithin(sizes, maxChars * ratio)
  if (guess >= open) {
    const whole = write(open)
    if (whole.length <= maxChars) return whole.answer
  }
  const answer = fitEntries(write, Math.min(guess, open - 1), { limit: maxChars, most: Math.max(open - 1, 1), sizes })
  if (length(answer) <= maxChars || share > MAX_SHARE) return answer
  return bundle(value, entries, leftOut, options, share * 2)
}

const MAX_SHARE = 20

/** About how many characters of JSON become one of the compact form: writing all entries first would take too long. */
const LIKELY_RATIO = 7

/** A Bundle with some of its entries, and remarks about the others. */
function part(
  value: Entry,
  parts: BundleParts,
  from: number,
  count: number,
  leftOut: readonly string[],
  light: Lightener,
  { nextAfter, maxChars }: AnswerOptions,
): [Entry, Remarks] {
  const lighter = parts.take(from, count).map((one) => light.of(one))
  const entry = lighter.map((one) => one.entry)
  const said = { leftOut: [...leftOut, ...leftOutLines(lighter, maxChars / 6)] }
  const { entry: _entry, ...rest } = value
  // A Bundle without entries has no list of them either (FHIR R4, section 2.6.2).
  const shown = entry.length > 0 ? { ...rest, entry } : rest
  const dropped = parts.rest(from, count)
  if (dropped.length === 0) return [shown, said]
  const next = nextAfter?.(parts.next(from, count))
  const link = next === undefined ? undefined : [{ relation: 'next', url: next }]
  const whole = { ...shown, ...(link && { link }) }
  const where = from === 0 ? ' between the last two' : ' after the last'
  const how = next === undefined ? 'ask for less at once' : '`next` continues with them'
  return [whole, { ...said, dropped: [`${dropped.length} entries${where} of these; ${how}`] }]
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
