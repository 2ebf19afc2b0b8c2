// A fact is what one resource adds to a row; this file also computes a row's figures from its facts.
import { isRecord, scalarText } from '../../base/json.ts'
import { compareSpans, type DateSpan, spanOf } from '../../fhir/date-span.ts'
import { sumAndMean } from './decimal.ts'
import { statusOf } from './subject.ts'
import { dateOf, type Value } from './value.ts'

/** What one resource or component adds to its row. */
export interface Fact {
  id: string
  status?: string
  /** Entered in error, or refuted. */
  withdrawn: boolean
  date?: { written: string; span: DateSpan }
  /** When it was stored. */
  stored?: DateSpan
  value?: Value
  /** Says why it has no value. */
  absent: boolean
}

/** A resource's status and dates, without its value. */
export function factOf(resource: Record<string, unknown>): Omit<Fact, 'value' | 'absent'> {
  const written = dateOf(resource, (value) => spanOf(value) !== undefined)
  const span = spanOf(written)
  const stored = isRecord(resource.meta) ? spanOf(resource.meta.lastUpdated) : undefined
  return {
    id: scalarText(resource.id),
    ...statusOf(resource),
    ...(written !== undefined && span && { date: { written, span } }),
    ...(stored && { stored }),
  }
}

/** Divides facts by unit, since numbers of different units can't be compared. Facts without a value go with the most frequent unit. */
export function byUnit<T extends Pick<Fact, 'value'>>(facts: readonly T[]): T[][] {
  const counts = new Map<string, number>()
  for (const { value } of facts) if (value) counts.set(unitOf(value), (counts.get(unitOf(value)) ?? 0) + 1)
  const most = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0] as [string, number])[0]
  return [...Map.groupBy(facts, ({ value }) => (value ? unitOf(value) : most)).values()]
}

function unitOf(value: Value): string {
  return value.unit ?? ''
}

/** The facts that count, and those of them that have a date. */
export function validOf<T extends Fact>(facts: readonly T[]): T[] {
  return facts.filter(({ withdrawn }) => !withdrawn)
}

type Dated<T extends Fact> = T & { date: NonNullable<Fact['date']> }

function isDated<T extends Fact>(fact: T): fact is Dated<T> {
  return fact.date !== undefined
}

/** The one with the earliest date. */
export function firstOf<T extends Fact>(valid: readonly T[]): Dated<T> | undefined {
  return extreme(valid.filter(isDated), (a, b) => -compareSpans(a.date.span, b.date.span))
}

/** The one with the latest date; of several at the same time, the last one in the set. */
export function lastOf<T extends Fact>(valid: readonly T[]): Dated<T> | undefined {
  return extreme(valid.filter(isDated).toReversed(), (a, b) => compareSpans(a.date.span, b.date.span))
}

/** The one that was stored last. */
export function storedLast<T extends Fact>(valid: readonly T[]): T | undefined {
  return extreme(valid.toReversed(), (a, b) => compareStored(a.stored, b.stored))
}

function compareStored(a: DateSpan | undefined, b: DateSpan | undefined): number {
  return (a?.start ?? Number.NEGATIVE_INFINITY) > (b?.start ?? Number.NEGATIVE_INFINITY) ? 1 : 0
}

/** The maximum by `compare`; the first if several are equal. */
function extreme<T>(all: readonly T[], compare: (a: T, b: T) => number): T | undefined {
  let best = all[0]
  for (const one of all) if (best !== undefined && compare(one, best) > 0) best = one
  return best
}

interface Statistics {
  /** How many have no value, where others have a number, or that say why they have none (dataAbsentReason). */
  noValue: number | undefined
  /** How many have a comparator, such as `<0.5`: they count for min and max, not for sum and mean. */
  inexact: number | undefined
  sum: number | string | undefined
  mean: number | string | undefined
  min: number | string | undefined
  max: number | string | undefined
  unit: string | undefined
}

/** @param valid facts of one unit */
export function statisticsOf(valid: readonly Pick<Fact, 'value' | 'absent'>[]): Statistics {
  const values = valid.flatMap(({ value }) => (value?.number === undefined ? [] : [value]))
  const exact = values.flatMap(({ number, side }) => (number !== undefined && !side ? [number] : []))
  const lacking =
    values.length > 0 ? ({ value }: Pick<Fact, 'value'>) => !value : ({ absent }: Pick<Fact, 'absent'>) => absent
  return {
    noValue: valid.filter(lacking).length || undefined,
    inexact: values.length - exact.length || undefined,
    ...{ sum: undefined, mean: undefined, ...sumAndMean(exact) },
    min: extreme(values, (a, b) => -compareNumbers(a, b))?.shown,
    max: extreme(values, compareNumbers)?.shown,
    unit: valid.find(({ value }) => value?.unitText)?.value?.unitText,
  }
}

function compareNumbers(a: Value, b: Value): number {
  return (a.number ?? 0) - (b.number ?? 0) || (a.side ?? 0) - (b.side ?? 0)
}

/** `completed 12, stopped 3`: the most frequent first; undefined if none has a status. */
export function statusesOf(facts: readonly Pick<Fact, 'status'>[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { status } of facts) if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1)
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || compareText(a, b))
  return sorted.map(([status, count]) => `${status} ${count}`).join(', ') || undefined
}

/** Compares by code units, independent of locale; undefined comes last. */
export function compareText(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1
  return a < b ? -1 : 1
}

/** The same object without undefined properties. */
export function present<T extends object>(all: { [Key in keyof T]-?: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}
