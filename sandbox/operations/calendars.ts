/** The Schedules of one service as calendars: which times they have, which are taken, and what a time looks like as a Slot. */

import { badRequest, type WithId } from '@medplum/core'
import type { CodeableConcept, HealthcareService, Resource, Schedule, Slot } from '@medplum/fhirtypes'
import { fail } from '../ground/answers.ts'
import { COST } from '../ground/ratelimit.ts'
import type { Records } from '../records/repository.ts'
import { fits, freeTime, type Interval, intervalOf, overlaps, type Rules, rulesOf, starts } from './availability.ts'

const SERVICE_REFERENCE = 'https://medplum.com/fhir/service-type-reference'

/** A Schedule with what is needed to know its times. */
export interface Calendar {
  schedule: WithId<Schedule>
  rules: Rules
}

export async function calendarFor(records: Records, slot: Slot): Promise<Calendar> {
  const extensions = slot.serviceType?.flatMap((concept) => concept.extension ?? []) ?? []
  const reference = extensions.find((extension) => extension.url === SERVICE_REFERENCE)?.valueReference?.reference
  if (!reference) {
    throw fail(badRequest('No matching scheduling parameters found'))
  }
  records.consume(COST.search)
  return calendarOf(records, slot.schedule.reference ?? '', await serviceAt(records, reference))
}

export async function calendarOf(
  records: Records,
  reference: string,
  service: WithId<HealthcareService>,
): Promise<Calendar> {
  const schedule = await records.readReference<Schedule>({ reference })
  const [actor, ...others] = schedule.actor
  if (!actor || others.length > 0) {
    throw fail(badRequest('Scheduling only supported on schedules with exactly one actor'))
  }
  const rules = rulesOf(schedule, service, await records.readReference<Resource>(actor))
  if (!rules) {
    throw fail(badRequest('No matching scheduling parameters found'))
  }
  return { schedule, rules }
}

/** The same, where the Schedule is one of the service. */
export async function offeredBy(
  records: Records,
  reference: string,
  service: WithId<HealthcareService>,
): Promise<Calendar> {
  const calendar = await calendarOf(records, reference, service)
  if (!offers(calendar.schedule, service)) {
    throw fail(badRequest('Schedule is not schedulable for requested service type', 'Schedule'))
  }
  return calendar
}

/** A Schedule names by an extension of its service types which HealthcareServices can be booked on it. */
function offers({ serviceType: concepts = [] }: Schedule, { id }: WithId<HealthcareService>): boolean {
  return concepts
    .flatMap(({ extension = [] }) => extension)
    .some(
      ({ url, valueReference }) => url === SERVICE_REFERENCE && valueReference?.reference === `HealthcareService/${id}`,
    )
}

export function serviceAt(records: Records, reference: string): Promise<WithId<HealthcareService>> {
  return records.readReference<HealthcareService>({ reference })
}

/** The times at which all calendars are free. */
export function times(records: Records, calendars: Calendar[], range: Interval): Interval[] {
  const [first, ...others] = calendars.map(({ schedule, rules }) => {
    records.consume(COST.search)
    const found = starts(rules, range, freeTime(rules, range, slotsOf(records, schedule, range)))
    return found.map((start) => ({ start, end: start + rules.duration }))
  })
  return (first ?? []).filter((time) => others.every((list) => list.some((other) => other.start === time.start)))
}

export function taken(records: Records, { schedule }: Calendar, slot: Slot): boolean {
  return slotsOf(records, schedule, intervalOf(slot)).some((other) => other.status !== 'free')
}

export function available(records: Records, { schedule, rules }: Calendar, slot: Slot): boolean {
  const time = intervalOf(slot)
  const range = { start: time.start - rules.before, end: time.end + rules.after }
  const free = freeTime(rules, range, slotsOf(records, schedule, range))
  return time.end - time.start === rules.duration && fits(rules, time, free)
}

function slotsOf(records: Records, schedule: WithId<Schedule>, range: Interval): WithId<Slot>[] {
  return records
    .all<Slot>('Slot')
    .filter((slot) => slot.schedule.reference === `Schedule/${schedule.id}` && overlaps(intervalOf(slot), range))
}

export function serviceType({ id, name, type }: WithId<HealthcareService>): CodeableConcept[] {
  const valueReference = { reference: `HealthcareService/${id}`, ...(name ? { display: name } : {}) }
  return (type ?? [{}]).map((concept) => ({ ...concept, extension: [{ url: SERVICE_REFERENCE, valueReference }] }))
}

export function slotOf(
  { schedule }: Calendar,
  time: Interval,
  service: WithId<HealthcareService>,
  status: Slot['status'],
): Slot {
  return {
    resourceType: 'Slot',
    ...written(time),
    schedule: { reference: `Schedule/${schedule.id}` },
    status,
    serviceType: serviceType(service),
  }
}

export function written({ start, end }: Interval): { start: string; end: string } {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}
