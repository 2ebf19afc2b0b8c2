// What is in a set of resources, without reading them: one row for each type and code. Pure.
import { isRecord, scalarText } from '../../base/json.ts'
import { compareSpans, type DateSpan, spanOf } from '../../fhir/date-span.ts'
import { conceptOf, SUBJECT_ELEMENTS, type Subject, statusOf, subjectOf } from './subject.ts'
import { amountIn, dateOf, measuredIn, VALUE_ELEMENTS, type Value } from './value.ts'

/**
 * What the resources of one type, code and unit come to. A property that says nothing is absent.
 *
 * Resources entered in error, and problems and allergies refuted, are counted in `count` and `status` and nowhere else.
 */
export interface DigestRow {
  /** Resource type; `unknown` for what has none. */
  type: string
  /** What the resources are about: system and code of a coding (the one a user selected, else the first). */
  system?: string
  code?: string
  /** Its display; the text of a concept that has no code. */
  display?: string
  /** Of components: the code of the Observations that they are part of. Absent in rows of whole resources. */
  of?: string
  /** Resources, or components. Without the rows that have `of`, the counts of a type add up to its resources. */
  count: number
  /** How many are in which state, such as `final 12, entered-in-error 1`; of problems and allergies the clinical status. */
  status?: string
  /** How many say why they have no value (dataAbsentReason). */
  noValue?: number
  /** The earliest of the clinically relevant dates, as written, and the value at that date. Never a date of storage. */
  first?: string
  firstValue?: number | string
  /** The latest one. Dates are compared as time: zones are heeded, `2019` begins with its January. */
  last?: string
  lastValue?: number | string
  /** Lowest and highest number, with the comparator that it was given with, such as `<0.5`. */
  min?: number | string
  max?: number | string
  /** Unit or currency of all the numbers in the row: another unit has another row. */
  unit?: string
  /** Id of the resource with the latest date; without any date, of the one stored last. */
  latest?: string
}

/**
 * Counts what is in a set of resources. Never throws.
 *
 * @param resources in any order; each counts once, also several versions of one
 * @returns rows by type, then the most frequent first, then by code
 */
export function digest(resources: readonly unknown[]): DigestRow[] {
  const groups = new Map<string, Group>()
  for (const resource of resources) addTo(groups, isRecord(resource) ? resource : {})
  return [...groups.values()]
    .flatMap((group) => byUnit(group.facts).map((facts) => rowOf(group, facts)))
    .sort(compareRows)
}

const ESSENCE: ReadonlySet<string> = new Set([
  ...['resourceType', 'id', 'meta', 'component', 'dataAbsentReason'],
  ...SUBJECT_ELEMENTS,
  ...VALUE_ELEMENTS,
])

/** As much of a resource as {@link digest} reads: thousands of whole ones would not fit into memory. */
export function essenceOf(resource: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => ESSENCE.has(name)))
}

interface Group extends Subject {
  type: string
  of?: string
  facts: Fact[]
}

/** What one resource or component adds to its row. */
interface Fact {
  id: string
  status?: string
  withdrawn: boolean
  date?: { written: string; span: DateSpan }
  /** When it was stored. */
  stored?: DateSpan
  value?: Value
  absent: boolean
}

function addTo(groups: Map<string, Group>, resource: Record<string, unknown>): void {
  const type = scalarText(resource.resourceType) || 'unknown'
  const subject = subjectOf(resource)
  const written = dateOf(resource, (value) => spanOf(value) !== undefined)
  const span = spanOf(written)
  const stored = isRecord(resource.meta) ? spanOf(resource.meta.lastUpdated) : undefined
  const fact = {
    id: scalarText(resource.id),
    ...statusOf(resource),
    ...(written !== undefined && span && { date: { written, span } }),
    ...(stored && { stored }),
  }
  const isObservation = type === 'Observation'
  add(groups, { type, ...subject }, { ...fact, ...valued(resource, isObservation ? measuredIn : amountIn) })
  if (!isObservation || !Array.isArray(resource.component)) return
  const of = subject.code ?? subject.display ?? type
  for (const component of resource.component.filter(isRecord)) {
    add(groups, { type, ...conceptOf(component.code), of }, { ...fact, ...valued(component, measuredIn) })
  }
}

function valued(
  element: Record<string, unknown>,
  read: (element: Record<string, unknown>) => Value | undefined,
): Pick<Fact, 'value' | 'absent'> {
  const value = read(element)
  return value ? { value, absent: false } : { absent: isRecord(element.dataAbsentReason) }
}

/** One group for each code; the text only where there is no code. */
function add(groups: Map<string, Group>, about: Omit<Group, 'facts'>, fact: Fact): void {
  const { type, system, code, display, of } = about
  const key = JSON.stringify([type, of, system, code, code === undefined ? display : undefined])
  const group = groups.get(key)
  if (!group) groups.set(key, { ...about, facts: [fact] })
  else {
    group.facts.push(fact)
    if (group.display === undefined && display !== undefined) group.display = display
  }
}

/** Numbers of different units can't be compared. What has no value belongs to the unit that most have. */
function byUnit(facts: readonly Fact[]): Fact[][] {
  const counts = new Map<string, number>()
  for (const { value } of facts) if (value) counts.set(unitOf(value), (counts.get(unitOf(value)) ?? 0) + 1)
  const most = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0] as [string, number])[0]
  return [...Map.groupBy(facts, ({ value }) => (value ? unitOf(value) : most)).values()]
}

function unitOf(value: Value): string {
  return value.unit ?? ''
}

function rowOf({ type, system, code, display, of }: Group, facts: readonly Fact[]): DigestRow {
  const valid = facts.filter(({ withdrawn }) => !withdrawn)
  const dated = valid.flatMap(({ date, value, id }) => (date ? [{ ...date, value, id }] : []))
  const first = extreme(dated, (a, b) => -compareSpans(a.span, b.span))
  // Of several at the same time, the last one in the set.
  const last = extreme(dated.toReversed(), (a, b) => compareSpans(a.span, b.span))
  const numbers = valid.flatMap(({ value }) => (value?.number === undefined ? [] : [value]))
  const latest = last ?? extreme(valid.toReversed(), (a, b) => compareStored(a.stored, b.stored))
  return present<DigestRow>({
    type,
    system,
    code,
    display,
    of,
    count: facts.length,
    status: statusesOf(facts),
    noValue: valid.filter(({ absent }) => absent).length || undefined,
    first: first?.written,
    firstValue: first?.value?.shown,
    last: last?.written,
    lastValue: last?.value?.shown,
    min: extreme(numbers, (a, b) => -compareNumbers(a, b))?.shown,
    max: extreme(numbers, compareNumbers)?.shown,
    unit: facts.find(({ value }) => value?.unitText)?.value?.unitText,
    latest: latest?.id || undefined,
  })
}

/** The first of those that none exceeds. */
function extreme<T>(all: readonly T[], compare: (a: T, b: T) => number): T | undefined {
  let best = all[0]
  for (const one of all) if (best !== undefined && compare(one, best) > 0) best = one
  return best
}

function compareNumbers(a: Value, b: Value): number {
  return (a.number ?? 0) - (b.number ?? 0) || (a.side ?? 0) - (b.side ?? 0)
}

function compareStored(a: DateSpan | undefined, b: DateSpan | undefined): number {
  return (a?.start ?? Number.NEGATIVE_INFINITY) > (b?.start ?? Number.NEGATIVE_INFINITY) ? 1 : 0
}

/** `completed 12, stopped 3`: the most frequent first; undefined if none has a status. */
function statusesOf(facts: readonly Fact[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { status } of facts) if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1)
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || compareText(a, b))
  return sorted.map(([status, count]) => `${status} ${count}`).join(', ') || undefined
}

function compareRows(a: DigestRow, b: DigestRow): number {
  return (
    compareText(a.type, b.type) ||
    b.count - a.count ||
    compareText(a.code, b.code) ||
    compareText(a.system, b.system) ||
    compareText(a.display, b.display) ||
    compareText(a.of ?? '', b.of ?? '') ||
    compareText(a.unit, b.unit)
  )
}

/** By code units, the same everywhere; nothing comes last. */
function compareText(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1
  return a < b ? -1 : 1
}

/** Without what is undefined. */
function present<T extends object>(all: { [Key in keyof T]-?: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}
