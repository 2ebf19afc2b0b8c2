// Summarizes a set of resources: one row for each type and code. Pure.
import { isRecord, scalarText } from '../../base/json.ts'
import {
  byUnit,
  compareText,
  type Fact,
  factOf,
  firstOf,
  lastOf,
  present,
  statisticsOf,
  statusesOf,
  storedLast,
  validOf,
} from './facts.ts'
import { conceptOf, SUBJECT_ELEMENTS, type Subject, subjectOf, type Told, toldBy } from './subject.ts'
import { amountIn, measuredIn, VALUE_ELEMENTS, type Value } from './value.ts'

/**
 * The summary of the resources of one type, code and unit. A property without information is absent.
 *
 * Resources entered in error, and refuted problems and allergies, count only in `count` and `status`.
 */
export interface DigestRow {
  /** Resource type; `unknown` if there is none. */
  type: string
  /** What the resources are about: system and code of a coding (the one a user selected, else the first). */
  system?: string
  code?: string
  /** Its display; the text of a concept that has no code. */
  display?: string
  /** In a row of components: the code of the Observations that they are part of. Absent in a row of whole resources. */
  of?: string
  /** The owner of a Task; the participants of an Appointment other than the patient; the outcome of a claim. */
  owner?: string
  participant?: string
  outcome?: string
  disposition?: string
  /** Number of resources or components. Without the rows that have `of`, the counts of a type add up to its resources. */
  count: number
  /** How many have each status, such as `final 12, entered-in-error 1`; for problems and allergies, the clinical status. */
  status?: string
  /** How many have no value, where others have a number, or that say why they have none (dataAbsentReason). */
  noValue?: number
  /** How many have a comparator, such as `<0.5`: they count for min and max, not for sum and mean. */
  inexact?: number
  /** The earliest of the clinically relevant dates, as written, and the value at that date. Never a date of storage. */
  first?: string
  firstValue?: number | string
  /** The latest one. Dates are compared as times: with their zones, and `2019` begins with January. */
  last?: string
  lastValue?: number | string
  /** Exact; a number, or a text where a number has not enough digits. The mean has two decimals more than the values. */
  sum?: number | string
  mean?: number | string
  /** Lowest and highest number, with the comparator that it was given with, such as `<0.5`. */
  min?: number | string
  max?: number | string
  /** Unit or currency of all numbers in the row: each unit has a row of its own. */
  unit?: string
  /** Id of the resource with the latest date, or, if none has a date, of the one stored last. */
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

/** Only those elements of a resource that {@link digest} reads: thousands of whole resources would not fit into memory. */
export function essenceOf(resource: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => ESSENCE.has(name)))
}

interface Group extends Subject, Told {
  type: string
  of?: string
  facts: Fact[]
}

function addTo(groups: Map<string, Group>, resource: Record<string, unknown>): void {
  const type = scalarText(resource.resourceType) || 'unknown'
  const subject = subjectOf(resource)
  const fact = factOf(resource)
  const isObservation = type === 'Observation'
  const about = { type, ...subject, ...toldBy(resource) }
  add(groups, about, { ...fact, ...valued(resource, isObservation ? measuredIn : amountIn) })
  if (!isObservation || !Array.isArray(resource.component)) return
  const of = subject.code ?? subject.display ?? type
  for (const component of resource.component.filter(isRecord)) {
    add(groups, { type, ...conceptOf(component.code), of }, { ...fact, ...valued(component, measuredIn) })
  }
}

/** The value of a resource or component. */
function valued(
  element: Record<string, unknown>,
  read: (element: Record<string, unknown>) => Value | undefined,
): Pick<Fact, 'value' | 'absent'> {
  const value = read(element)
  return value ? { value, absent: false } : { absent: isRecord(element.dataAbsentReason) }
}

/** Adds a fact to the group of its code, or of its text if there is no code. */
function add(groups: Map<string, Group>, about: Omit<Group, 'facts'>, fact: Fact): void {
  const { type, system, code, display, of, owner, participant, outcome, disposition } = about
  const told = [owner, participant, outcome, disposition]
  const key = JSON.stringify([type, of, system, code, code === undefined ? display : undefined, ...told])
  const group = groups.get(key)
  if (!group) groups.set(key, { ...about, facts: [fact] })
  else {
    group.facts.push(fact)
    if (group.display === undefined && display !== undefined) group.display = display
  }
}

function rowOf({ type, system, code, display, of, ...told }: Group, facts: readonly Fact[]): DigestRow {
  const valid = validOf(facts)
  const [first, last] = [firstOf(valid), lastOf(valid)]
  const { noValue, inexact, sum, mean, min, max } = statisticsOf(valid)
  return present<DigestRow>({
    type,
    system,
    code,
    display,
    of,
    owner: told.owner,
    participant: told.participant,
    outcome: told.outcome,
    disposition: told.disposition,
    count: facts.length,
    status: statusesOf(facts),
    noValue,
    inexact,
    first: first?.date.written,
    firstValue: first?.value?.shown,
    last: last?.date.written,
    lastValue: last?.value?.shown,
    sum,
    mean,
    min,
    max,
    unit: facts.find(({ value }) => value?.unitText)?.value?.unitText,
    latest: (last ?? storedLast(valid))?.id || undefined,
  })
}

function compareRows(a: DigestRow, b: DigestRow): number {
  return (
    compareText(a.type, b.type) ||
    b.count - a.count ||
    compareText(a.code, b.code) ||
    compareText(a.system, b.system) ||
    compareText(a.display, b.display) ||
    compareText(a.of ?? '', b.of ?? '') ||
    compareText(a.owner ?? a.participant ?? a.disposition, b.owner ?? b.participant ?? b.disposition) ||
    compareText(a.unit, b.unit)
  )
}
