// Like values as a table: what all rows share is said once, what differs has a column, what few rows have stands in the last
// cell. Repeated long cells are written once and named after that. Nothing is lost: docs/answers.md has the rules both ways.
import { type Affix, affixOf } from './affix.ts'
import { isRecord } from './client.ts'
import { below, literal } from './literal.ts'

type Values = readonly unknown[]

/** What rows have in common, and what tells them apart. */
interface Layout {
  rows: number
  same: [path: string, value: unknown][]
  columns: Column[]
  rare: Column[]
}

interface Column {
  path: string
  /** The property that the values stand under. */
  key: string
  values: Values
  /** What every value begins and ends with, told in the head instead. */
  affix?: Affix
}

/** Long values that occur more than once in one document: the first time `&1 value`, from then on `*1`. */
export class Anchors {
  readonly #places: string[] = []
  readonly #index = new Map<string, number>()
  readonly #counts: number[] = []

  /** The value, or a placeholder that `resolve` replaces. No text of ours holds these characters: quoted text escapes them. */
  place(written: string): string {
    if (written.length < MIN_ANCHOR) return written
    let at = this.#index.get(written)
    if (at === undefined) {
      at = this.#places.push(written) - 1
      this.#index.set(written, at)
      this.#counts.push(0)
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    return `\uE000${at}\uE001`
  }

  /** The document with anchors where they are worth it. */
  resolve(document: string): string {
    const named = new Map<number, number>()
    return document.replace(/\uE000(\d+)\uE001/g, (_, digits: string) => {
      const at = Number(digits)
      const written = this.#places[at] ?? ''
      const count = this.#counts[at] ?? 0
      if ((count - 1) * written.length < 24) return written
      const name = named.get(at)
      if (name !== undefined) return `*${name}`
      named.set(at, named.size + 1)
      return `&${named.size} ${written}`
    })
  }
}

const MIN_ANCHOR = 10

/** A table as a document of its own. */
export function writeTable(title: string, rows: readonly Record<string, unknown>[]): string {
  const anchors = new Anchors()
  return anchors.resolve([`# ${title} (${rows.length})`, ...tableLines(rows, anchors)].join('\n'))
}

/**
 * The lines of a table: `same`, a head, one line for each row.
 *
 * @param said paths and values said above already, in the form of `sameOf`
 */
export function tableLines(rows: readonly Record<string, unknown>[], anchors: Anchors, said?: Said): string[] {
  if (rows.length === 0) return []
  const layout = layOut(rows)
  const same = layout.same.filter(([path, value]) => said?.get(path) !== JSON.stringify(value))
  return [
    ...sameLine(same, anchors),
    [...layout.columns.map(headOf), ...(layout.rare.length > 0 ? ['…'] : [])].join('|'),
    ...rows.map((_, row) => rowLine(layout, row, anchors)),
  ]
}

/** What has been said of all rows, by path, as JSON. */
export type Said = ReadonlyMap<string, string>

/** What all these rows share. */
export function sameOf(rows: readonly Record<string, unknown>[]): [path: string, value: unknown][] {
  return rows.length === 0 ? [] : layOut(rows).same
}

export function sameLine(same: readonly [path: string, value: unknown][], anchors: Anchors): string[] {
  if (same.length === 0) return []
  return [`same: ${same.map(([path, value]) => `${path}=${anchors.place(literal(value, lastKey(path)))}`).join(', ')}`]
}

function rowLine({ columns, rare }: Layout, row: number, anchors: Anchors): string {
  let line = ''
  for (const [index, column] of columns.entries()) {
    if (index > 0) line += '|'
    line += anchors.place(cellOf(column, row))
  }
  const more = rare.flatMap(({ path, key, values }) => {
    const value = values[row]
    return value === undefined ? [] : [`${path}=${literal(value, key)}`]
  })
  // A row without a single value still has its line.
  if (more.length > 0) line += `|${more.join(', ')}`
  else line = line.replace(/\|+$/, '')
  return line === '' ? '-' : line
}

function headOf({ path, affix }: Column): string {
  return affix ? `${path}=${affix.prefix}*${affix.suffix}` : path
}

function cellOf({ values, key, affix }: Column, row: number): string {
  const value = values[row]
  if (value === undefined) return ''
  if (affix && typeof value === 'string') return value.slice(affix.prefix.length, value.length - affix.suffix.length)
  return literal(value, key)
}

/** The last property's name in a path, passing over indexes. */
function lastKey(path: string): string {
  return /(?:^|\.)([A-Za-z_][\w-]*)(?:\.\d+)*$/.exec(path)?.[1] ?? ''
}

function layOut(rows: readonly Record<string, unknown>[]): Layout {
  const layout: Layout = { rows: rows.length, same: [], columns: [], rare: [] }
  for (const key of keysOf(rows)) {
    const whole = spread(
      layout,
      key,
      below('', key),
      rows.map((row) => own(row, key)),
    )
    if (whole) layout.same.push([below('', key), whole.value])
  }
  for (const column of layout.columns) if (isRare(column, rows.length)) layout.rare.push(column)
  layout.columns = layout.columns.filter((column) => !layout.rare.includes(column)).sort(byImportance)
  for (const column of layout.columns) {
    const affix = affixOf(column.values, column.key)
    if (affix) column.affix = affix
  }
  return layout
}

/** Properties in the order in which rows first have them. */
function keysOf(rows: readonly Record<string, unknown>[]): Set<string> {
  const keys = new Set<string>()
  for (const row of rows) for (const key of Object.keys(row)) if (row[key] !== undefined) keys.add(key)
  return keys
}

/** Whether a mention in the few rows that have it is shorter than a cell in every row. */
function isRare({ path, values }: Column, rows: number): boolean {
  const present = values.reduce<number>((count, value) => (value === undefined ? count : count + 1), 0)
  return present * (path.length + 2) < rows - present + path.length
}

/** Ids first, versions last. */
function byImportance(a: Column, b: Column): number {
  return rank(a) - rank(b)
}

function rank({ path }: Column): number {
  return path === '#' || path === 'id' ? 0 : path.startsWith('meta.') ? 2 : 1
}

/**
 * Adds what tells the rows apart below a path to the layout.
 *
 * @returns the value that all rows share, instead of adding it
 */
function spread(layout: Layout, key: string, path: string, values: Values): { value: unknown } | undefined {
  const first = values[0]
  let present = 0
  let equal = true
  let allObjects = true
  let allArrays = true
  let length = 0
  for (const value of values) {
    if (value === undefined) continue
    present++
    if (value !== first) equal = false
    if (!isRecord(value) || isEmpty(value)) allObjects = false
    if (!Array.isArray(value) || value.length === 0) allArrays = false
    else length = Math.max(length, value.length)
  }
  if (present === layout.rows && equal) return { value: first }
  const structured = allObjects || (allArrays && length <= MAX_INDEXES)
  if (!structured || (present > 2 && repeats(values, present))) {
    const shared = structured && present === layout.rows ? sharedBy(values) : undefined
    if (shared) return shared
    layout.columns.push({ path, key, values })
    return undefined
  }
  const steps: (string | number)[] = allObjects
    ? [...keysOf(values.filter(isRecord))]
    : Array.from({ length }, (_, index) => index)
  const parts: [step: string | number, value: unknown][] = []
  for (const step of steps) {
    const name = typeof step === 'number' ? key : step
    const whole = spread(
      layout,
      name,
      below(path, step),
      values.map((value) => own(value, step)),
    )
    if (whole) parts.push([step, whole.value])
  }
  if (parts.length === steps.length) {
    return { value: allObjects ? Object.fromEntries(parts) : parts.map(([, value]) => value) }
  }
  for (const [step, value] of parts) layout.same.push([below(path, step), value])
  return undefined
}

/** A property of the value's own: a record may call one `constructor`. */
function own(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined
}

/** Lists up to this length are spread over columns. */
const MAX_INDEXES = 4

function isEmpty(value: Record<string, unknown>): boolean {
  for (const _ in value) return false
  return true
}

/** Whether few values stand for many rows: then each is written once as a whole, and named after that. */
function repeats(values: Values, present: number): boolean {
  const different = new Set<string>()
  for (const value of values) {
    if (value !== undefined) different.add(JSON.stringify(value))
    if (different.size > present / 3) return false
  }
  return true
}

function sharedBy(values: Values): { value: unknown } | undefined {
  const first = JSON.stringify(values[0])
  return values.every((value) => JSON.stringify(value) === first) ? { value: values[0] } : undefined
}
