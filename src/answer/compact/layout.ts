// How rows of like values become a table: what all share, which parts differ and get a column, which are rare. A value is kept
// whole or spread over several columns, whichever is shorter.
import { isRecord } from '../../base/json.ts'
import { type Cells, type Column, columnOf, isNameable, NAME, SEPARATOR } from './column.ts'
import { below, literal } from './literal.ts'
import { tokensIn } from './tokens.ts'

type Values = readonly unknown[]

/** What rows have in common, and what tells them apart. */
export interface Layout {
  rows: number
  same: Shared[]
  columns: Shown[]
  rare: Shown[]
  /** About the tokens that it takes. */
  cost: number
}

/** As much of a column as is written. */
export type Shown = Pick<Column, 'path' | 'cells' | 'affix'>

/** A value that all rows have. */
export interface Shared {
  path: string
  /** Its literal. */
  written: string
}

/** A document in the making. */
export interface Draft {
  /** What its tables hold so far, and names can stand for. */
  known: Set<string>
  /** Literals of objects, each made once. */
  written: Map<object, string>
}

/**
 * What rows share, and what tells them apart.
 *
 * @param draft the document that this table is added to
 * @param said paths and their literals that have been said of these rows already
 */
export function layOut(
  rows: readonly Record<string, unknown>[],
  draft: Draft,
  said?: ReadonlyMap<string, string>,
): Layout {
  const parts = [...keysOf(rows)].map((key) =>
    spread(
      draft,
      key,
      below('', key),
      rows.map((row) => own(row, key)),
    ),
  )
  const { columns, ...apart } = together(parts)
  const same = said ? apart.same.filter(({ path, written }) => said.get(path) !== written) : apart.same
  const cost = costOf(same, columns, draft)
  for (const { written } of same) if (isNameable(written)) draft.known.add(written)
  for (const { cells } of columns) {
    for (const cell of cells) if (cell !== undefined && isNameable(cell)) draft.known.add(cell)
  }
  return {
    rows: rows.length,
    same,
    columns: columns.filter(({ isRare }) => !isRare).sort(byImportance),
    rare: columns.filter(({ isRare }) => isRare),
    cost,
  }
}

/** About the tokens of what all rows share. */
export function costOfSame(same: readonly Shared[], { known }: Draft): number {
  const costs = same.map(
    ({ path, written }) => tokensIn(path) + SEPARATOR + (known.has(written) ? NAME : tokensIn(written)),
  )
  return costs.reduce((sum, cost) => sum + cost, 0)
}

/** Properties in the order in which rows first have them. */
function keysOf(rows: readonly Record<string, unknown>[]): Set<string> {
  const keys = new Set<string>()
  for (const row of rows) for (const key of Object.keys(row)) if (row[key] !== undefined) keys.add(key)
  return keys
}

/** Ids first, versions last. */
function byImportance(a: Column, b: Column): number {
  return rank(a) - rank(b)
}

function rank({ path }: Column): number {
  return path === '"#"' || path === 'id' ? 0 : path.startsWith('meta.') ? 2 : 1
}

/** What is below a path: a value that all rows share, or what tells them apart. */
interface Spread {
  whole?: Shared
  same: Shared[]
  columns: Column[]
}

function together(parts: readonly Spread[]): Spread {
  return {
    same: parts.flatMap(({ whole, same }) => (whole ? [whole] : same)),
    columns: parts.flatMap(({ columns }) => columns),
  }
}

function costOf(same: readonly Shared[], columns: readonly Column[], draft: Draft): number {
  return columns.reduce((sum, { cost }) => sum + cost, costOfSame(same, draft))
}

function spread(draft: Draft, key: string, path: string, values: Values): Spread {
  const cells = values.map((value) => (value === undefined ? undefined : literal(value, key, draft.written)))
  const written = cells[0]
  // A single row shares nothing.
  if (written !== undefined && cells.length > 1 && cells.every((cell) => cell === written)) {
    return { whole: { path, written }, same: [], columns: [] }
  }
  const column = columnOf(path, values, cells, draft.known)
  const asOne: Spread = { same: [], columns: [column] }
  const isFinal = column.affix !== undefined || (column.repeats && isShort(cells))
  const steps = isFinal ? undefined : stepsOf(values)
  if (steps === undefined) return asOne
  const parts = steps.map((step) =>
    spread(
      draft,
      typeof step === 'number' ? key : step,
      below(path, step),
      values.map((value) => own(value, step)),
    ),
  )
  const apart = together(parts)
  return costOf(apart.same, apart.columns, draft) < column.cost ? apart : asOne
}

/** Whether these are datatypes in their short form. */
function isShort(cells: Cells): boolean {
  const first = cells.find((cell) => cell !== undefined)
  return first !== undefined && /^[<(]/.test(first)
}

/** Lists up to this length may be spread over columns. */
const MAX_INDEXES = 4

/** What the values can be spread by: their properties, or the indexes of short lists; undefined for anything else. */
function stepsOf(values: Values): readonly (string | number)[] | undefined {
  let length = 0
  let records = 0
  let lists = 0
  for (const value of values) {
    if (value === undefined) continue
    if (Array.isArray(value)) {
      lists++
      length = Math.max(length, value.length)
      if (value.length === 0) return undefined
    } else if (isRecord(value) && !isEmpty(value)) records++
    else return undefined
  }
  if (records > 0) return lists > 0 ? undefined : [...keysOf(values.filter(isRecord))]
  return length <= MAX_INDEXES ? Array.from({ length }, (_, index) => index) : undefined
}

/** A property of the value's own: a record may call one `constructor`. */
function own(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined
}

function isEmpty(value: Record<string, unknown>): boolean {
  for (const _ in value) return false
  return true
}
