// Groups records by the caller's expressions: the count and figures of each group, or its newest or first record. Pure.
import { isRecord } from '../../base/json.ts'
import { compareSpans, spanOf } from '../../fhir/date-span.ts'
import { byUnit, type Fact, firstOf, lastOf, present, statisticsOf, statusesOf, storedLast, validOf } from './facts.ts'
import type { Key } from './key.ts'
import type { Value } from './value.ts'

/** A record as a member of groups. */
export interface Member extends Omit<Fact, 'value'> {
  type: string
  /** The keys that each expression found. */
  keys: Key[][]
  /** More than one if the value expression found more than one. */
  values: Value[]
}

export type Pick = 'latest' | 'first'
export type Row = Record<string, unknown>

interface Column {
  /** Rows can be ordered by it. */
  sorts?: boolean
  /** Its numbers are of the row's unit: those of different units can't be compared. */
  inUnit?: boolean
}

/** Columns that a row has whatever the grouping. */
const COLUMNS = {
  count: { sorts: true },
  noValue: {},
  inexact: {},
  sum: { sorts: true, inUnit: true },
  mean: { sorts: true, inUnit: true },
  min: { sorts: true, inUnit: true },
  max: { sorts: true, inUnit: true },
  unit: {},
  first: { sorts: true },
  last: { sorts: true },
  date: { sorts: true },
  value: { sorts: true, inUnit: true },
  tied: {},
  passedOver: {},
  record: {},
} satisfies Record<string, Column>
const OWN: ReadonlyMap<string, Column> = new Map(Object.entries(COLUMNS))
/** What rows can be ordered by, besides the expressions. */
export const SORTS: readonly string[] = [...OWN].filter(([, { sorts }]) => sorts).map(([name]) => name)

/** The column of an expression, renamed if it has the name of another column. */
export function columnOf(expression: string): string {
  return OWN.has(expression) ? `(${expression})` : expression
}

/** Maximum number of groups that one record is in, one for each combination of its keys. */
const MAX_COMBINED = 100

/**
 * One row for each group, or for each unit in a group with several units; with `pick`, the newest or first record of each group.
 *
 * @param expressions the column heads, one for each list of a member's keys
 */
export function groupRows(members: readonly Member[], expressions: readonly string[], pick?: Pick): Row[] {
  const typed = !expressions.includes('resourceType') && new Set(members.map(({ type }) => type)).size > 1
  const groups = new Map<string, { head: Row; members: Member[] }>()
  const displays = new Map<string, string>()
  for (const member of members) {
    for (const keys of combined(member.keys)) {
      const key = JSON.stringify([typed && member.type, ...keys.map((one) => one?.key)])
      const group = groups.get(key)
      if (group) group.members.push(member)
      else groups.set(key, { head: headOf(member, keys, expressions, typed), members: [member] })
      for (const one of keys) noteDisplay(displays, one)
    }
  }
  const hasStatus = expressions.includes('status')
  return [...groups.values()].flatMap(({ head, members }) => {
    const named = Object.fromEntries(Object.entries(head).map(([name, shown]) => [name, withDisplay(shown, displays)]))
    const rows = pick ? [pickedOf(members, pick)] : byUnit(members.flatMap(perValue)).map(aggregate)
    return rows.map(({ of, ...row }) => {
      const status = hasStatus || row.status !== undefined ? {} : { status: statusesOf(of) }
      return present<Row>({ ...named, ...row, ...status })
    })
  })
}

function headOf({ type }: Member, keys: readonly (Key | undefined)[], names: readonly string[], typed: boolean): Row {
  const cells = names.map((name, at) => [columnOf(name), keys[at]?.shown ?? null])
  return { ...(typed && { resourceType: type }), ...Object.fromEntries(cells) }
}

/** All combinations of one key from each list; undefined stands for an empty list. */
function combined(lists: readonly Key[][]): (Key | undefined)[][] {
  return lists
    .reduce<(Key | undefined)[][]>(
      (all, keys) =>
        all.flatMap((one) => (keys.length === 0 ? [[...one, undefined]] : keys.map((key) => [...one, key]))),
      [[]],
    )
    .slice(0, MAX_COMBINED)
}

/** Keeps the first display for a key, since some references to a record have none. */
function noteDisplay(displays: Map<string, string>, one: Key | undefined): void {
  if (!one || !isRecord(one.shown)) return
  const { reference, system, code, display } = one.shown
  if (typeof display !== 'string') return
  const name = JSON.stringify([reference, system, code])
  if (!displays.has(name)) displays.set(name, display)
}

function withDisplay(shown: unknown, displays: ReadonlyMap<string, string>): unknown {
  if (!isRecord(shown)) return shown
  const display = displays.get(JSON.stringify([shown.reference, shown.system, shown.code]))
  return display === undefined ? shown : { ...shown, display }
}

// ── The figures of a group ──

/** A row, and the records that it is about. */
type Figures = { [Name in keyof typeof COLUMNS]?: unknown } & { status?: unknown; of: readonly Member[] }

type Single = Omit<Fact, 'value'> & { value?: Value; member: Member }

/** A fact for each number, or one without. */
function perValue(member: Member): Single[] {
  const { values: all, keys: _keys, type: _type, ...rest } = member
  const values = all.filter(({ number }) => number !== undefined)
  return values.length === 0 ? [{ ...rest, member }] : values.map((value) => ({ ...rest, value, member }))
}

function aggregate(facts: readonly Single[]): Figures {
  const valid = validOf(facts)
  const { noValue, inexact, sum, mean, min, max, unit } = statisticsOf(valid)
  const of = [...new Set(facts.map(({ member }) => member))]
  const [first, last] = [firstOf(valid)?.date.written, lastOf(valid)?.date.written]
  return { of, count: of.length, noValue, inexact, sum, mean, min, max, unit, first, last }
}

/** The newest or first record with a value, if any has one; records passed over for lack of a value are counted. */
function pickedOf(members: readonly Member[], pick: Pick): Figures {
  const facts = validOf(
    members.map(({ values, ...rest }) => ({ ...rest, values, ...(values[0] && { value: values[0] }) })),
  )
  const valued = facts.filter(({ value }) => value !== undefined)
  const choose = pick === 'latest' ? lastOf : firstOf
  const from = valued.length > 0 ? valued : facts
  const at = choose(from)
  const one = at ?? storedLast(from)
  const order = (a: Fact) =>
    a.date && at ? compareSpans(a.date.span, at.date.span) * (pick === 'latest' ? 1 : -1) : -1
  const tied = from.filter((other) => order(other) === 0)
  const { date, values = [], type, id, status } = (tied.length > 1 ? newestStored(tied) : one) ?? {}
  return {
    date: date?.written,
    value: values.length > 1 ? values.map(({ shown }) => shown).join(', ') : values[0]?.shown,
    unit: values[0]?.unitText,
    tied: tied.length > 1 ? tied.length : undefined,
    passedOver:
      facts.filter((other) => other.value === undefined && from === valued && order(other) > 0).length || undefined,
    record: id ? `${type}/${id}` : undefined,
    status,
    of: members,
    count: members.length,
  }
}

/** Of several records at the same time, the one stored last; if that is equal too, by id, so that their order doesn't matter. */
function newestStored<T extends Fact>(tied: readonly T[]): T | undefined {
  return storedLast(tied.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
}

// ── Order ──

/**
 * Sorts rows; as in FHIR, `-sum` means the largest first. Numbers of different units aren't compared: rows are sorted within each
 * unit, and the unit of most rows comes first. Rows without such a value come last.
 */
export function sortRows(rows: readonly Row[], sort: string): Row[] {
  const [name, down] = sort.startsWith('-') ? [sort.slice(1), true] : [sort, false]
  const column = SORTS.includes(name) ? name : columnOf(name)
  const units = new Map<unknown, number>()
  for (const { unit } of rows) units.set(unit, (units.get(unit) ?? 0) + 1)
  const isMeasured = dependsOnUnit(name)
  return rows.toSorted((a, b) => {
    const [one, two] = [a[column], b[column]]
    const [lacks, too] = [one, two].map((cell) => Number(cell === undefined || cell === null))
    if (lacks || too) return (lacks ?? 0) - (too ?? 0)
    if (isMeasured && a.unit !== b.unit) {
      return (units.get(b.unit) ?? 0) - (units.get(a.unit) ?? 0) || (String(a.unit) < String(b.unit) ? -1 : 1)
    }
    return compare(one, two) * (down ? -1 : 1)
  })
}

/** Whether a column holds numbers of the row's unit. */
export function dependsOnUnit(name: string): boolean {
  return OWN.get(name.replace(/^-/, ''))?.inUnit === true
}

function compare(a: unknown, b: unknown): number {
  const [earlier, later] = [spanOf(a), spanOf(b)]
  if (earlier && later) return compareSpans(earlier, later)
  const [one, two] = [orderable(a), orderable(b)]
  if (typeof one === 'number' && typeof two === 'number') return one - two
  return String(one) < String(two) ? -1 : String(one) > String(two) ? 1 : 0
}

/** What a cell is sorted by: a number without its comparator, or the name of what it refers to. */
function orderable(value: unknown): unknown {
  if (isRecord(value)) return value.display ?? value.reference ?? value.code
  const number =
    typeof value === 'string' ? Number(/^[<>]?=?(-?[\d.]+(?:e[+-]?\d+)?)$/.exec(value)?.[1] ?? Number.NaN) : value
  return typeof number === 'number' && !Number.isNaN(number) ? number : value
}
