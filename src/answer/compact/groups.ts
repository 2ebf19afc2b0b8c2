// The rows of a Bundle by type, and a type's rows in parts about the same thing: observations by their code share category, unit and reference range too.
import { type Layout, type LiteralCache, layOut, sharedBy } from './layout.ts'

/** An entry as a row: its resource's properties, and the entry's other properties under `@`. */
export interface EntryRow {
  /** Resource type; empty if the entry has no resource. */
  type: string
  /** Place among the entries. */
  at: number
  value: Record<string, unknown>
  /** The resource itself, which remarks are about. */
  resource?: unknown
}

/** The rows of one type. */
export interface Group {
  type: string
  /** In the order in which they are written. */
  rows: EntryRow[]
  /** What the rows of all tables share, if there are several tables. */
  same: Layout['same']
  /** Empty if each row stands alone. */
  tables: Table[]
}

export interface Table {
  rows: EntryRow[]
  layout: Layout
}

/** How rows of one type are written. A Bundle within a Bundle has its own tables. */
export function groupOf(type: string, rows: EntryRow[], written: LiteralCache): Group {
  if (type === 'Bundle' || rows.length === 1) return { type, rows, same: [], tables: [] }
  const parts = inParts(rows)
  if (parts.length === 1)
    return { type, rows, same: [], tables: [{ rows, layout: layOut(rows.map(recordOf), written) }] }
  const same = sharedBy(rows.map(recordOf), written)
  const said = new Map(same.map(({ path, written }) => [path, written]))
  const tables = parts.map((part) => ({ rows: part, layout: layOut(part.map(recordOf), written, said) }))
  return { type, rows: parts.flat(), same, tables }
}

function recordOf({ value }: EntryRow): Record<string, unknown> {
  return value
}

/** Properties that say what a resource is about: rows with the same value there share much else. */
const CONCEPTS = ['code', 'medicationCodeableConcept', 'vaccineCode', 'questionnaire', 'serviceType', 'type', 'class']
const MIN_PART = 3
/** If parts have fewer rows than this on average, their headings cost more than they save. */
const USUAL_PART = 5

/** Divides rows into parts about the same thing; rows whose part would be too small are the last part together. */
function inParts(rows: EntryRow[]): EntryRow[][] {
  const concept = CONCEPTS.find((name) => rows[0]?.value[name] !== undefined)
  if (concept === undefined || rows.length < 2 * MIN_PART) return [rows]
  const parts = [...Map.groupBy(rows, ({ value }) => JSON.stringify(value[concept])).values()]
  const large = parts.filter(({ length }) => length >= MIN_PART)
  if (large.length === 0 || parts.length === 1 || large.length * USUAL_PART > rows.length) return [rows]
  const small = parts.filter(({ length }) => length < MIN_PART).flat()
  return small.length === 0 ? large : [...large, small.sort((a, b) => a.at - b.at)]
}

/** How many runs to look back on: a batch may have thousands, nearly all of them in order. */
const REACH = 64

/** The rows that need no number: the longest sequence of rows, as written, that are in the order of the entries. */
export function inPlace(groups: readonly Group[]): Set<EntryRow> {
  const runs = groups.flatMap(({ rows, tables }) =>
    tables.length > 0 ? tables.map(({ rows }) => rows) : rows.map((row) => [row]),
  )
  /** For each run, the longest sequence that ends with it: its number of rows, and the previous run. */
  const ends: { total: number; before: number }[] = []
  const totalOf = (run: number) => ends[run]?.total ?? 0
  let longest = -1
  for (const [at, run] of runs.entries()) {
    let before = -1
    for (let earlier = Math.max(0, at - REACH); earlier < at; earlier++) {
      const follows = (runs[earlier]?.at(-1)?.at ?? 0) < (run[0]?.at ?? 0)
      if (follows && totalOf(earlier) > totalOf(before)) before = earlier
    }
    ends.push({ total: run.length + totalOf(before), before })
    if (totalOf(at) > totalOf(longest)) longest = at
  }
  const chosen = new Set<EntryRow>()
  for (let at = longest; at >= 0; at = ends[at]?.before ?? -1) for (const row of runs[at] ?? []) chosen.add(row)
  return chosen
}

/** A table with a column for the place of each row among all entries. */
export function withNumbers({ layout, rows }: Table): Layout {
  const numbers = { path: '"#"', cells: rows.map(({ at }) => String(at)), isFull: true }
  const [first, ...others] = layout.columns
  const columns = first?.path === 'id' ? [first, numbers, ...others] : [numbers, ...layout.columns]
  return { ...layout, columns }
}
