// The times at which a medication was to be taken, or was taken, according to its request or statement.
import { isRecord, records, scalarText } from '../../base/json.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { isDate, labelOf, type Resource, referenceOf, shortText, stateOf, timeIn } from './records.ts'
import type { Course, Person } from './shown.ts'

export interface CourseTime {
  from: string
  to?: string
  /** Where the time comes from, if not from the treatment itself. */
  remark?: string
}

/** The courses, and how many records were left out: withdrawn, never begun, or without a date. */
export function coursesIn(found: readonly Resource[], { deceased }: Person): { courses: Course[]; left: number } {
  const courses = found.flatMap((resource): Course[] => {
    const { status, withdrawn, unreal, said } = stateOf(resource)
    const time = courseTime(resource)
    if (withdrawn || unreal || status === 'unknown' || !time) return []
    const isStatement = resource.resourceType === 'MedicationStatement'
    const remark = [isStatement ? 'reported' : '', /^(active|completed)$/.test(said) ? '' : said, time.remark ?? '']
    return [
      {
        ...{ id: referenceOf(resource), name: labelOf(resource), from: time.from },
        ...(time.to !== undefined && { to: time.to }),
        // If the patient has died, nothing continues until today.
        active: status === 'active' && !deceased,
        ...(remark.some(Boolean) && { remark: remark.filter(Boolean).join(', ') }),
      },
    ]
  })
  return { courses, left: found.length - courses.length }
}

export function courseTime(resource: Resource): CourseTime | undefined {
  if (resource.resourceType === 'MedicationStatement')
    return timeIn(resource.effectivePeriod, resource.effectiveDateTime)
  const repeats = records(resource, 'dosageInstruction').flatMap(({ timing }) =>
    isRecord(timing) && isRecord(timing.repeat) ? [timing.repeat] : [],
  )
  const bounds = repeats.map(({ boundsPeriod }) => boundsPeriod).filter(isRecord)
  const written = isDate(resource.authoredOn) ? resource.authoredOn : undefined
  if (bounds.length > 0) {
    const from = first(bounds.map(({ start }) => start)) ?? written
    // If one part has no end, the course has none.
    const to = bounds.every(({ end }) => isDate(end)) ? last(bounds.map(({ end }) => end)) : undefined
    return from === undefined ? undefined : { from, ...(to !== undefined && { to }) }
  }
  const lengths = new Set(repeats.map(lengthOf).filter(Boolean))
  const validity = isRecord(resource.dispenseRequest) ? resource.dispenseRequest.validityPeriod : undefined
  const { start, end } = isRecord(validity) ? validity : {}
  const from = isDate(start) ? start : written
  if (from === undefined) return undefined
  if (lengths.size > 0) return { from, remark: shortText(`for ${[...lengths].join(' and ')}`) }
  return isDate(end) ? { from, to: end, remark: 'authorized supply period' } : { from }
}

function lengthOf({ boundsDuration, boundsRange }: Resource): string {
  const { low, high } = isRecord(boundsRange) ? boundsRange : {}
  return [boundsDuration, low, high]
    .filter(isRecord)
    .map(({ value, unit, code }) => shortText(`${scalarText(value)} ${scalarText(unit ?? code)}`))
    .join(' to ')
}

function first(dates: readonly unknown[]): string | undefined {
  return dates.filter(isDate).toSorted((a, b) => beginning(a) - beginning(b))[0]
}

function last(dates: readonly unknown[]): string | undefined {
  return dates.filter(isDate).toSorted((a, b) => beginning(b) - beginning(a))[0]
}

function beginning(date: string): number {
  return spanOf(date)?.start ?? 0
}
