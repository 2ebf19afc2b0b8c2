// How rows of like values become a table: what all share, which parts differ and get a column, which are rare.
import { type Affix, affixOf } from './affix.ts'
import { isRecord } from './client.ts'
import { below } from './literal.ts'

type Values = readonly unknown[]

/** What rows have in common, and what tells them apart. */
export interface Layout {
  rows: number
  same: [path: string, value: unknown][]
  columns: Column[]
  rare: Column[]
}

export interface Column {
  path: string
  /** The property that the values stand under. */
  key: string
  values: Values
  /** What every value begins and ends with, told in the head instead. */
  affix?: Affix
}

/** What rows share, and what tells them apart. */
export function layOut(rows: readonly Record<string, unknown>[]): Layout {
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
