// Observations as series of numbers: one for each code and unit. What has no number, no time, or was entered in error is counted.
import { conceptOf } from '../../answer/digest/subject.ts'
import { dateOf, measuredIn } from '../../answer/digest/value.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { codeText, isDate, type Resource, stateOf, text } from './records.ts'
import type { Point, Series, Trend } from './shown.ts'

const ESSENCE = [
  'resourceType',
  'id',
  'status',
  'code',
  'component',
  'effectiveDateTime',
  'effectivePeriod',
  'effectiveInstant',
  'effectiveTiming',
  'issued',
  'valueQuantity',
  'valueInteger',
  'valueString',
  'valueCodeableConcept',
  'dataAbsentReason',
  'interpretation',
  'referenceRange',
] as const

/** As much of an Observation as this file reads: thousands of whole ones would not fit into memory. */
export function essenceOf(resource: Resource): Resource {
  return Object.fromEntries(ESSENCE.flatMap((name) => (resource[name] === undefined ? [] : [[name, resource[name]]])))
}

/** @param wanted whether a code (`system|code` or `code`) was asked for; without it, every value counts */
export function seriesIn(
  observations: readonly Resource[],
  wanted: (code: Coded) => boolean = () => true,
): Pick<Trend, 'series' | 'undrawn'> {
  const series = new Map<string, Omit<Series, 'points'> & { points: (Point & { time: number })[] }>()
  const undrawn = new Map<string, Trend['undrawn'][number]>()
  const leave = (name: string, reason: string) => {
    const key = `${name}\n${reason}`
    const known = undrawn.get(key) ?? { name, reason, count: 0 }
    undrawn.set(key, { ...known, count: known.count + 1 })
  }
  for (const observation of observations) {
    const own = codedBy(observation)
    const { status, withdrawn } = stateOf(observation)
    const at = dateOf(observation, isDate)
    const isWanted = wanted(own)
    const components = records(observation, 'component')
    const parts = [
      ...(isWanted && (components.length === 0 || hasValue(observation)) ? [observation] : []),
      ...components.filter((part) => isWanted || wanted(codedBy(part))),
    ]
    for (const part of parts) {
      const { code, name } = codedBy(part)
      const value = measuredIn(part)
      const reason = withdrawn
        ? 'entered in error'
        : status === 'cancelled'
          ? 'cancelled'
          : value?.number === undefined
            ? reasonWithout(part)
            : at === undefined
              ? 'no date'
              : undefined
      if (reason !== undefined || value?.number === undefined || at === undefined) {
        leave(name, reason ?? 'no value')
        continue
      }
      const key = `${own.code}\n${code}\n${value.unit ?? ''}`
      const { unit, ...rest } = pointOf(observation, part, at, value.number)
      const known = series.get(key) ?? { of: own.code, code, name, unit, total: 0, points: [] }
      known.points.push({ ...rest, time: spanOf(at)?.start ?? 0 })
      known.total++
      series.set(key, known)
    }
  }
  const sorted = [...series.values()].map(({ points, ...one }) => ({
    ...one,
    points: points.sort((a, b) => a.time - b.time).map(({ time: _time, ...point }) => point),
  }))
  return { series: sorted, undrawn: [...undrawn.values()] }
}

export interface Coded {
  system: string
  code: string
  /** All its codings, as searches name them. */
  all: readonly string[]
  name: string
}

function codedBy(element: Resource): Coded {
  const { system = '', code = '' } = conceptOf(element.code) ?? {}
  const codings = records(element.code, 'coding')
  const all = codings.flatMap(({ system: of, code: one }) => [scalarText(one), `${scalarText(of)}|${scalarText(one)}`])
  return { system, code: text(code), all, name: codeText(element.code) || 'no code' }
}

function hasValue(element: Resource): boolean {
  return element.dataAbsentReason !== undefined || Object.keys(element).some((name) => /^value[A-Z]/.test(name))
}

function reasonWithout(element: Resource): string {
  if (element.dataAbsentReason !== undefined)
    return `no value (${codeText(element.dataAbsentReason) || 'reason not told'})`
  return measuredIn(element) === undefined ? 'no value' : 'value is not a number'
}

function pointOf(observation: Resource, part: Resource, at: string, value: number): Point & { unit: string } {
  const { unit, code, comparator } = isRecord(part.valueQuantity) ? part.valueQuantity : {}
  const { status } = stateOf(observation)
  const range = rangeOf(part, { unit, code })
  const flag = flagOf(part) ?? flagByRange(value, range)
  return {
    ...{ id: `Observation/${scalarText(observation.id)}`, at, value },
    ...(typeof comparator === 'string' && { sign: text(comparator) }),
    ...range,
    ...(flag && flag !== 'normal' && { flag }),
    ...(!/^(final|amended|corrected)$/.test(status) && { status: status || 'no status' }),
    unit: text(unit ?? code),
  }
}

/** The normal range, where it is in the unit of the value. */
function rangeOf(part: Resource, of: { unit: unknown; code: unknown }): { low?: number; high?: number } {
  const ranges = records(part, 'referenceRange')
  const range = ranges.find(({ type }) => type === undefined || conceptOf(type)?.code === 'normal')
  const bound = (value: unknown) => {
    if (!isRecord(value) || typeof value.value !== 'number' || !Number.isFinite(value.value)) return undefined
    const { unit, code } = value
    const same =
      (unit === undefined && code === undefined) ||
      (code !== undefined && code === of.code) ||
      (unit !== undefined && unit === of.unit)
    return same ? value.value : undefined
  }
  const [low, high] = [bound(range?.low), bound(range?.high)]
  return { ...(low !== undefined && { low }), ...(high !== undefined && { high }) }
}

type Flag = NonNullable<Point['flag']> | 'normal'

const FLAGS: Readonly<Record<string, Flag>> = {
  ...{ H: 'high', HH: 'high', HU: 'high', '>': 'high', L: 'low', LL: 'low', LU: 'low', '<': 'low' },
  ...{ A: 'abnormal', AA: 'abnormal', N: 'normal' },
}

function flagOf(part: Resource): Flag | undefined {
  const codes = records(part, 'interpretation').flatMap((concept) =>
    records(concept, 'coding').map(({ code }) => scalarText(code)),
  )
  return codes.map((code) => (Object.hasOwn(FLAGS, code) ? FLAGS[code] : undefined)).find((flag) => flag !== undefined)
}

function flagByRange(value: number, { low, high }: { low?: number; high?: number }): Flag | undefined {
  if (low !== undefined && value < low) return 'low'
  return high !== undefined && value > high ? 'high' : undefined
}

/** At most so many, with the first, the last, and the lowest and highest of each stretch in between. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points]
  const stretches = Math.max(1, Math.floor((most - 2) / 2))
  const inner = points.slice(1, -1)
  const kept = new Set<Point>([points[0], points.at(-1)].filter((point) => point !== undefined))
  for (let at = 0; at < stretches; at++) {
    const part = inner.slice(
      Math.floor((at * inner.length) / stretches),
      Math.floor(((at + 1) * inner.length) / stretches),
    )
    const lowest = part.reduce<Point | undefined>(
      (best, one) => (best === undefined || one.value < best.value ? one : best),
      undefined,
    )
    const highest = part.reduce<Point | undefined>(
      (best, one) => (best === undefined || one.value > best.value ? one : best),
      undefined,
    )
    for (const point of [lowest, highest]) if (point) kept.add(point)
  }
  return points.filter((point) => kept.has(point))
}
