/** Medplum's scheduling: `$find` lists free times, `$book` and `$hold` take one, `$confirm` and `$cancel` change an appointment. */

import { allOk, badRequest, conflict, created, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Appointment, Bundle, Resource, Slot } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'
import { intervalOf } from './availability.ts'
import {
  type Calendar,
  calendarFor,
  calendarOffering,
  commonTimes,
  isAvailable,
  isoTimes,
  isTaken,
  serviceAt,
  serviceType,
  slotOf,
} from './calendars.ts'
import { inputOf, requiredValue, requiredValues } from './parameters.ts'

const MAX_RANGE_MS = 31 * 24 * 3600 * 1000
const DEFAULT_COUNT = 20

export function addScheduling(router: FhirRouter): void {
  router.add('GET', 'Schedule/:id/$find', (req, repo) => findSlots(req, recordsOf(repo)))
  router.add('GET', 'Appointment/$find', (req, repo) => findAppointments(req, recordsOf(repo)))
  router.add('POST', 'Appointment/$book', (req, repo) => book(req, recordsOf(repo)))
  router.add('POST', 'Appointment/$hold', (req, repo) => hold(req, recordsOf(repo)))
  router.add('POST', 'Appointment/:id/$confirm', (req, repo) => confirm(req, recordsOf(repo)))
  router.add('POST', 'Appointment/:id/$cancel', (req, repo) => cancel(req, recordsOf(repo)))
}

async function findSlots(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const { range, service, count } = await search(req, records)
  const calendar = await calendarOffering(records, `Schedule/${paramOf(req, 'id')}`, service)
  const found = commonTimes(records, [calendar], range).slice(0, count)
  return [
    allOk,
    bundleOf(
      'searchset',
      found.map((time) => slotOf(calendar, time, service, 'free')),
    ),
  ]
}

async function findAppointments(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const references = requiredValues(inputOf(req), 'schedule').map(String)
  const { range, service, count } = await search(req, records)
  const calendars = await Promise.all(references.map((reference) => calendarOffering(records, reference, service)))
  const found = commonTimes(records, calendars, range).slice(0, count)
  const proposals = found.map(
    (time): Appointment => ({
      resourceType: 'Appointment',
      ...isoTimes(time),
      status: 'proposed',
      serviceType: serviceType(service),
      participant: calendars.flatMap(({ schedule }) =>
        schedule.actor.map((actor) => ({ actor, required: 'required' as const, status: 'needs-action' as const })),
      ) as Appointment['participant'],
      contained: calendars.map((calendar) => slotOf(calendar, time, service, 'busy')),
    }),
  )
  return [allOk, bundleOf('searchset', proposals)]
}

async function search(req: FhirRequest, records: Records) {
  const given = inputOf(req)
  const range = intervalOf({ start: String(requiredValue(given, 'start')), end: String(requiredValue(given, 'end')) })
  if (!(range.start < range.end)) {
    throw fail(badRequest('Invalid search time range'))
  }
  if (range.end - range.start > MAX_RANGE_MS) {
    throw fail(badRequest('Search range cannot exceed 31 days'))
  }
  const service = await serviceAt(records, String(requiredValue(given, 'service-type-reference')))
  return { range, service, count: Number(given._count ?? DEFAULT_COUNT) }
}

async function book(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const slots = [inputOf(req).slot ?? []].flat() as Slot[]
  const [first] = slots
  if (!first) {
    return [badRequest("Cannot destructure property 'start' of 'proposedSlots[0]' as it is undefined.")]
  }
  return records.withTransaction(async () => {
    const calendars: Calendar[] = []
    for (const slot of slots) {
      const calendar = await calendarFor(records, slot)
      if (isTaken(records, calendar, slot)) {
        throw fail(conflict('Requested time slot is no longer available'))
      }
      if (!isAvailable(records, calendar, slot)) {
        throw fail(badRequest('No availability found at this time'))
      }
      calendars.push(calendar)
    }
    const written = await write(records, slots, 'busy', {
      resourceType: 'Appointment',
      status: 'booked',
      participant: calendars.flatMap(({ schedule }) =>
        schedule.actor.map((actor) => ({ actor, status: 'tentative' as const })),
      ) as Appointment['participant'],
      ...(first.start ? { start: first.start, end: first.end } : {}),
    })
    return [created, bundleOf('searchset', written)]
  })
}

async function hold(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const { contained = [], ...appointment } = requiredValue(inputOf(req), 'appointment') as Appointment
  const slots = contained.filter((resource): resource is Slot => resource.resourceType === 'Slot')
  return records.withTransaction(async () => {
    for (const slot of slots) {
      const calendar = await calendarFor(records, slot)
      if (!isAvailable(records, calendar, slot)) {
        const diagnostics = JSON.stringify({ schedule: slot.schedule.reference, blockingSlots: [] })
        const refusal = badRequest('Requested time slot is not available')
        throw fail({ ...refusal, issue: refusal.issue.map((issue) => ({ ...issue, diagnostics })) })
      }
    }
    const written = await write(records, slots, 'busy-tentative', { ...appointment, status: 'pending' })
    return [created, bundleOf('transaction-response', written)]
  })
}

/** Creates an Appointment and its Slots. @returns the Appointment first */
async function write(
  records: Records,
  slots: Slot[],
  status: Slot['status'],
  appointment: Appointment,
): Promise<WithId<Resource>[]> {
  const written: WithId<Slot>[] = []
  for (const slot of slots) {
    written.push(await records.createResource<Slot>({ ...slot, status }))
  }
  const slot = written.map(({ id }) => ({ reference: `Slot/${id}` }))
  return [await records.createResource<Appointment>({ ...appointment, slot }), ...written]
}

async function confirm(req: FhirRequest, records: Records): Promise<FhirResponse> {
  return records.withTransaction(async () => {
    const appointment = await records.readResource<Appointment>('Appointment', paramOf(req, 'id'))
    if (appointment.status !== 'pending' && appointment.status !== 'proposed') {
      throw fail(conflict(`Appointment cannot be confirmed in '${appointment.status}' status`))
    }
    const updated: WithId<Resource>[] = [
      await records.updateResource<Appointment>({ ...appointment, status: 'booked' }),
    ]
    for (const slot of await slotsBehind(records, appointment)) {
      updated.push(
        slot.status === 'busy-tentative' ? await records.updateResource<Slot>({ ...slot, status: 'busy' }) : slot,
      )
    }
    return [allOk, bundleOf('transaction-response', updated)]
  })
}

/** Cancels the appointment and deletes its Slots, so that the time is free again. */
async function cancel(req: FhirRequest, records: Records): Promise<FhirResponse> {
  return records.withTransaction(async () => {
    const appointment = await records.readResource<Appointment>('Appointment', paramOf(req, 'id'))
    if (appointment.status !== 'pending' && appointment.status !== 'booked') {
      throw fail(badRequest(`Appointment cannot be canceled in '${appointment.status}' status`))
    }
    const slots = await slotsBehind(records, appointment)
    const cancelled = await records.updateResource<Appointment>({ ...appointment, status: 'cancelled' })
    for (const { id } of slots) {
      await records.deleteResource('Slot', id)
    }
    return [allOk, cancelled]
  })
}

async function slotsBehind(records: Records, { slot = [] }: Appointment): Promise<WithId<Slot>[]> {
  const found = await records.readReferences<Slot>(slot)
  return found.map((one) => {
    if (one instanceof Error) {
      throw fail(badRequest('Loading slots failed'))
    }
    return one as WithId<Slot>
  })
}

function bundleOf(type: Bundle['type'], resources: Resource[]): Bundle {
  return { resourceType: 'Bundle', type, entry: resources.map((resource) => ({ resource })) }
}
