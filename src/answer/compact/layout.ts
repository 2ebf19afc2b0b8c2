// Lays out similar rows as a table: what all share, and what differs and gets a column.
import { isRecord } from '../../base/json.ts'
import { type Column, columnOf } from './column.ts'
import { below, literal } from './literal.ts'

type Values = readonly unknown[]

/** What rows have in common, and the columns for what differs. */
export interface Layout {
  rows: number
  same: Shared[]
  columns: Column[]
}

/** A value that all rows have. */
export interface Shared {
  path: string
  /** Its literal. */
  written: string
}

/** Literals of objects, each made once for a document. */
export type LiteralCache = Map<object, string>

/**
 * Finds what rows share, and the columns for what differs.
 *
 * @param said paths and literals that have already been written for these rows
 */
export function layOut(
  rows: readonly Record<string, unknown>[],
  written: LiteralCache,
  said?: ReadonlyMap<string, string>,
): Layout {
  const columns: Column[] = []
  const same = sharedBy(rows, written, columns)
  return {
    rows: rows.length,
    same: said ? same.filter(({ path, written }) => said.get(path) !== written) : same,
    columns: columns.sort(byImportance),
  }
}

/**
 * What rows share.
 *
 * @param columns receives what differs
 */
export function sharedBy(
  rows: readonly Record<string, unknown>[],
  written: LiteralCache,
  columns?: Column[],
): Shared[] {
  const same: Shared[] = []
  for (const key of keysOf(rows))
    spread(
      rows.map((row) => own(row, key)),
      { key, path: below('', key), written, same, columns },
    )
  return same
}

/** Properties in the order in which rows first have them. */
function keysOf(rows: readonly Record<string, unknown>[]): Set<string> {
  const keys = new Set<string>()
  for (const row of rows) for (const key of Object.keys(row)) if (row[key] !== undefined) keys.add(key)
  return keys
}

/** Ids first, then what most rows have, versions last: empty cells at the end of a row are left out. */
function byImportance(a: Column, b: Column): number {
  return rank(a) - rank(b)
}

function rank({ path, cells }: Column): number {
  if (path === '"#"' || path === 'id') return 0
  if (path.startsWith('meta.')) return 2
  return isSparse(cells) ? 3 : 1
}

function isSparse(cells: Column['cells']): boolean {
  return cells.reduce((count, cell) => (cell === undefined ? count : count + 1), 0) * 2 < cells.length
}

interface Place {
  /** The property. */
  key: string
  path: string
  written: LiteralCache
  /** Receives what all rows share. */
  same: Shared[]
  /** Receives what differs, if wanted. */
  columns: Column[] | undefined
}

/** Divides the values at a path into what all rows share and what differs. */
function spread(values: Values, place: Place): void {
  const { key, path, written, same, columns } = place
  const cells = values.map((value) => (value === undefined ? undefined : literal(value, key, written)))
  const [first] = cells
  // A single row shares nothing.
  if (first !== undefined && cells.length > 1 && cells.every((cell) => cell === first)) {
    same.push({ path, written: first })
    return
  }
  const steps = isShort(cells) ? undefined : stepsOf(values)
  if (steps === undefined && !columns) return
  const column = columnOf(path, values, cells)
  if (steps === undefined || column.affix) {
    columns?.push(column)
    return
  }
  for (const step of steps) {
    const next = { ...place, key: typeof step === 'number' ? key : step, path: below(path, step) }
    spread(
      values.map((value) => own(value, step)),
      next,
    )
  }
}

/** Whether these are datatypes in their short form. */
function isShort(cells: Column['cells']): boolean {
  const first = cells.find((cell) => cell !== undefined)
  return first !== undefined && /^[<(]/.test(first)
}

/** Lists up to this length may be spread over columns. */
const MAX_INDEXES = 4

/** The steps that divide values into columns: properties of objects, or indexes of short lists; undefined for anything else. */
function stepsOf(values: Values): readonly (string | number)[] | undefined {
  const present = values.filter((value) => value !== undefined)
  const lists = present.filter((value) => Array.isArray(value))
  const records = present.filter(isRecord)
  if (lists.length < present.length && records.length < present.length) return undefined
  const length = Math.max(0, ...lists.map((list) => list.length))
  const steps = lists.length > 0 ? Array.from({ length }, (_, index) => index) : [...keysOf(records)]
  const filled = present.reduce((sum: number, value) => sum + Object.keys(value as object).length, 0)
  const isEmpty = present.some((value) => Object.keys(value as object).length === 0)
  return isEmpty || length > MAX_INDEXES || filled * 2 < steps.length * present.length ? undefined : steps
}

/** A property of the value's own: a record may call one `constructor`. */
function own(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined
}
