/** The Schedules of one service as calendars: which times are free or taken, and a time as a Slot. */

import { badRequest, type WithId } from '@medplum/core'
import type { CodeableConcept, HealthcareService, Resource, Schedule, Slot } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { COST } from '../core/ratelimit.ts'
import type { Records } from '../records/repository.ts'
import {
  fits,
  freeTime,
  type Interval,
  intervalOf,
  overlaps,
  rulesOf,
  type SchedulingRules,
  startTimes,
} from './availability.ts'

const SERVICE_REFERENCE = 'https://medplum.com/fhir/service-type-reference'

/** A Schedule and the rules for its times. */
export interface Calendar {
  schedule: WithId<Schedule>
  rules: SchedulingRules
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

async function calendarOf(records: Records, reference: string, service: WithId<HealthcareService>): Promise<Calendar> {
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

/** Like {@link calendarOf}, but throws if the service can't be booked on the Schedule. */
export async function calendarOffering(
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

/** An extension on a Schedule's service types names the HealthcareServices that can be booked on it. */
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

/** @returns the times at which all calendars are free */
export function commonTimes(records: Records, calendars: Calendar[], range: Interval): Interval[] {
  const [first, ...others] = calendars.map(({ schedule, rules }) => {
    records.consume(COST.search)
    const found = startTimes(rules, range, freeTime(rules, range, slotsOf(records, schedule, range)))
    return found.map((start) => ({ start, end: start + rules.duration }))
  })
  return (first ?? []).filter((time) => others.every((list) => list.some((other) => other.start === time.start)))
}

export function isTaken(records: Records, { schedule }: Calendar, slot: Slot): boolean {
  return slotsOf(records, schedule, intervalOf(slot)).some((other) => other.status !== 'free')
}

export function isAvailable(records: Records, { schedule, rules }: Calendar, slot: Slot): boolean {
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
    ...isoTimes(time),
    schedule: { reference: `Schedule/${schedule.id}` },
    status,
    serviceType: serviceType(service),
  }
}

export function isoTimes({ start, end }: Interval): { start: string; end: string } {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}
