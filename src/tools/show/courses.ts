// When a medication was to be taken, as far as its request says.
import { isRecord, records } from '../../base/json.ts'
import { idOf, isDate, labelOf, type Resource, stateOf } from './records.ts'
import type { Course } from './shown.ts'

/** Requests that order nothing. */
const NO_COURSE: ReadonlySet<string> = new Set(['draft', 'cancelled', 'unknown'])

export function coursesIn(requests: readonly Resource[]): Course[] {
  return requests.flatMap((request) => {
    const { status, withdrawn } = stateOf(request)
    const time = courseTime(request)
    if (withdrawn || NO_COURSE.has(status) || !time) return []
    return [{ id: idOf(request), name: labelOf(request), ...time, active: status === 'active' }]
  })
}

/** What the dosage says is the treatment itself; the dispense's validity is only when it may be fetched. */
export function courseTime(request: Resource): { from: string; to?: string } | undefined {
  const bounds = records(request, 'dosageInstruction').flatMap(({ timing }) =>
    isRecord(timing) && isRecord(timing.repeat) && isRecord(timing.repeat.boundsPeriod)
      ? [timing.repeat.boundsPeriod]
      : [],
  )
  const validity = isRecord(request.dispenseRequest) ? request.dispenseRequest.validityPeriod : undefined
  const periods = [...bounds, validity].filter(isRecord)
  const from = [...periods.map(({ start }) => start), request.authoredOn].find(isDate)
  const to = periods.map(({ end }) => end).find(isDate)
  return from === undefined ? undefined : { from, ...(to !== undefined && { to }) }
}
