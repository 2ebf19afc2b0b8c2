// Observations as series of numbers, one for each code and unit. Observations without a number or time, or entered in error, are counted.
import { conceptOf } from '../../answer/digest/subject.ts'
import { dateOf, measuredIn } from '../../answer/digest/value.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { flagOf, rangeOf } from './judged.ts'
import { codeText, isDate, type Resource, shortText, stateOf, wordsFor } from './records.ts'
import type { Point, Series, Trend } from './shown.ts'
import { unitsOf } from './units.ts'

const ESSENCE =
  /^(resourceType|id|status|code|component|issued|dataAbsentReason|interpretation|referenceRange|(effective|value)[A-Z]\w*)$/

/** Only those elements of an Observation that this file reads: thousands of whole ones would not fit into memory. */
export function essenceOf(resource: Resource): Resource {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => ESSENCE.test(name)))
}

interface Measured {
  /** The codes of the observation and of the measured part: the key of a series, apart from its unit. */
  part: string
  point: Point
  time: number
  of: string
  code: string
  name: string
  unit: { unit: string; code: string }
}

/** @param wanted whether a code (`system|code` or `code`) was asked for; without it, every value counts */
export function seriesIn(
  observations: readonly Resource[],
  wanted: (code: Coded) => boolean = () => true,
): Pick<Trend, 'series' | 'undrawn'> {
  const measured: Measured[] = []
  const undrawn = new Map<string, Trend['undrawn'][number]>()
  const leave = (name: string, reason: string) => {
    const key = `${name}\n${reason}`
    const known = undrawn.get(key) ?? { name, reason, count: 0 }
    undrawn.set(key, { ...known, count: known.count + 1 })
  }
  // A page may repeat what another had.
  const seen = new Set<string>()
  for (const observation of observations) {
    const id = scalarText(observation.id)
    if (id !== '' && seen.has(id)) continue
    seen.add(id)
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
      const { code, name, key } = part === observation ? own : codedBy(part)
      const number = measuredIn(part)?.number
      const reason = withdrawn
        ? 'entered in error'
        : status === 'cancelled'
          ? 'cancelled'
          : number === undefined
            ? reasonWithout(part)
            : at === undefined
              ? 'no date'
              : undefined
      if (reason !== undefined || number === undefined || at === undefined) {
        leave(name, reason ?? 'no value')
        continue
      }
      const { unit, code: unitCode } = isRecord(part.valueQuantity) ? part.valueQuantity : {}
      measured.push({
        part: `${own.key}\n${key}`,
        of: own.key,
        code,
        name,
        unit: { unit: shortText(unit), code: shortText(unitCode) },
        point: pointOf(observation, status, part, at, number),
        time: spanOf(at)?.start ?? 0,
      })
    }
  }
  const series = [...Map.groupBy(measured, ({ of }) => of).values()].flatMap(seriesOf)
  return { series, undrawn: [...undrawn.values()] }
}

/** The results of one code: a series for each part and unit. */
function seriesOf(measured: readonly Measured[]): Series[] {
  const units = unitsOf(measured)
  const groups = Map.groupBy(measured, (one) => `${one.part}\n${units(one)}`)
  return [...groups.values()].flatMap((together): Series[] => {
    const [first] = together
    if (!first) return []
    const { of, code, name } = first
    const points = together.toSorted((a, b) => a.time - b.time).map(({ point }) => point)
    return [{ of, code, name, unit: units(first), total: points.length, points }]
  })
}

interface Coded {
  code: string
  /** Identifies the concept: the code with its system, or the words if there is no code. */
  key: string
  /** All its codings, as searches name them. */
  all: readonly string[]
  name: string
}

function codedBy(element: Resource): Coded {
  const concept = conceptOf(element.code)
  const { system = '', code: written = '' } = concept ?? {}
  const codings = records(element.code, 'coding')
  const all = codings.flatMap(({ system: of, code: one }) => [scalarText(one), `${scalarText(of)}|${scalarText(one)}`])
  const [code, name] = [shortText(written), wordsFor(element.code, concept) || 'no code']
  return { code, key: code === '' ? name : `${shortText(system)}|${code}`, all, name }
}

function hasValue(element: Resource): boolean {
  return element.dataAbsentReason !== undefined || Object.keys(element).some((name) => /^value[A-Z]/.test(name))
}

function reasonWithout(element: Resource): string {
  if (element.dataAbsentReason !== undefined)
    return `no value (${codeText(element.dataAbsentReason) || 'no reason given'})`
  return hasValue(element) ? 'value is not a number' : 'no value'
}

function pointOf(observation: Resource, status: string, part: Resource, at: string, value: number): Point {
  const { unit, code, comparator } = isRecord(part.valueQuantity) ? part.valueQuantity : {}
  const sign = shortText(comparator)
  const { range, remark } = rangeOf(part, { unit, code })
  const flag = flagOf(part, value, sign, range)
  const absence = part.dataAbsentReason === undefined ? undefined : `also recorded as ${reasonWithout(part)}`
  const remarks = [timeRemark(observation, at), remark, absence].filter((one) => one !== undefined)
  return {
    ...{ id: `Observation/${scalarText(observation.id)}`, at, value },
    ...(sign !== '' && { sign }),
    ...range,
    ...(flag && flag !== 'normal' && { flag }),
    ...(!/^(final|amended|corrected)$/.test(status) && { status: status || 'no status' }),
    ...(remarks.length > 0 && { remark: remarks.join(', ') }),
  }
}

/** What `at` alone doesn't say. */
function timeRemark(observation: Resource, at: string): string | undefined {
  const { effectiveDateTime, effectiveInstant, effectivePeriod, effectiveTiming } = observation
  if (isRecord(effectivePeriod) && (isDate(effectivePeriod.start) || isDate(effectivePeriod.end))) {
    const { start, end } = effectivePeriod
    return !isDate(start) ? 'end date' : isDate(end) && end !== start ? `until ${end}` : undefined
  }
  if (effectiveDateTime === at || effectiveInstant === at) return undefined
  return isRecord(effectiveTiming) && dateOf({ effectiveTiming }, isDate) ? 'at several times' : 'issue date'
}

/** At most this many points: the first, the last, and the lowest and highest of each stretch in between. */
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
