/**
 * The appointment book: five months back and five weeks ahead. A kept appointment becomes a visit (visits.ts), so the book and the
 * charts agree; a cancelled one frees its slot.
 */
import type { Appointment, Patient, Schedule, Slot } from '@medplum/fhirtypes'
import { date, instant, OPENING_MINUTE, weekday } from './calendar.ts'
import type { Health } from './health.ts'
import { type Entered, type Ledger, referenceTo } from './ledger.ts'
import { fullName, type Person } from './people.ts'
import { type Chance, chance } from './random.ts'
import { type Facility, type StaffKey, staffName } from './staff.ts'
import { CLINIC, type Code, concept, hl7System, SNOMED } from './terminology.ts'

export const BOOK_FROM = -140
const BOOK_TO = 34

/** The weekdays on which each clinician has appointments (0 is Sunday), and how many (`open`). */
const SESSIONS = [
  { owner: 'alice', days: [1, 2, 4], open: 4, title: 'Family medicine' },
  { owner: 'rita', days: [2, 4], open: 4, title: 'Internal medicine' },
  { owner: 'grace', days: [1, 3], open: 4, title: 'North Quarry clinic' },
  { owner: 'miguel', days: [5], open: 4, title: 'Pediatrics' },
  { owner: 'priya', days: [3], open: 4, title: 'Diabetes and endocrinology' },
] as const satisfies readonly { owner: StaffKey; days: readonly number[]; open: number; title: string }[]

interface Booker {
  person: Person
  health: Health
  patient: Entered<Patient>
}

/** An appointment that was kept. */
export interface KeptAppointment {
  day: number
  minute: number
  staff: StaffKey
  reason: Code
  appointment: Entered<Appointment>
}

export const REASONS = {
  checkup: { code: '185349003', display: 'Encounter for check up (procedure)' },
  followup: { code: '390906007', display: 'Follow-up encounter (procedure)' },
  symptom: { code: '185345009', display: 'Encounter for symptom (procedure)' },
  child: { code: '410620009', display: 'Well child visit (procedure)' },
} as const satisfies Record<string, Code>

const CANCELLED: readonly Code[] = [
  { code: 'pat', display: 'Patient' },
  { code: 'prov', display: 'Provider' },
  { code: 'oth-weather', display: 'Other: Weather' },
]

type Outcome = 'fulfilled' | 'noshow' | 'cancelled' | 'booked' | 'pending'

function outcome(day: number, luck: Chance): Outcome {
  const roll = luck.unit()
  if (day < 0) return roll < 0.8 ? 'fulfilled' : roll < 0.89 ? 'noshow' : 'cancelled'
  return roll < 0.84 ? 'booked' : roll < 0.92 ? 'pending' : 'cancelled'
}

/** Chooses a patient of this clinician who hasn't been seen for a while; those with more visits a year are likelier. */
function choose(owner: StaffKey, day: number, bookers: readonly Booker[], last: Map<string, number>, luck: Chance) {
  const fits = bookers.filter(({ person, health }) => {
    const theirs =
      owner === 'priya' ? health.problems.some((problem) => problem.key === 'diabetes') : person.doctor === owner
    return (
      theirs &&
      day <= person.until + (person.known?.died ? 0 : 60) &&
      day - (last.get(person.key) ?? -999) > 80 / health.pace
    )
  })
  let ticket = luck.unit() * fits.reduce((sum, { health }) => sum + health.pace, 0)
  return fits.find(({ health }) => {
    ticket -= health.pace
    return ticket <= 0
  })
}

/** Writes schedules, slots and appointments. @returns the kept appointments of each person, in order */
export function fillAppointmentBook(
  ledger: Ledger,
  facility: Facility,
  bookers: readonly Booker[],
): Map<string, KeptAppointment[]> {
  const luck = chance('agenda')
  const kept = new Map<string, KeptAppointment[]>()
  const last = new Map<string, number>()
  const schedules = new Map<StaffKey, Entered<Schedule>>()
  for (const session of SESSIONS) {
    const practitioner = facility.staff[session.owner]
    const place = facility.placeOf(session.owner)
    const schedule = ledger.enter<Schedule>(session.owner, {
      resourceType: 'Schedule',
      active: true,
      serviceType: [{ text: session.title }],
      actor: [referenceTo(practitioner, staffName(session.owner)), referenceTo(place, place.name)],
      planningHorizon: { start: date(BOOK_FROM), end: date(BOOK_TO) },
      comment: session.title,
    })
    schedules.set(session.owner, schedule)
  }

  for (let day = BOOK_FROM; day <= BOOK_TO; day++) {
    for (const { owner, days, open, title } of SESSIONS) {
      const schedule = schedules.get(owner)
      if (!schedule || !(days as readonly number[]).includes(weekday(day))) continue
      for (let turn = 0; turn < open; turn++) {
        // A lunch hour after the second appointment.
        const minute = OPENING_MINUTE + turn * 60 + (turn > 1 ? 60 : 0)
        const wanted = luck.odds(day < 0 ? 0.4 : 0.45 - day * 0.008)
        const booker = wanted ? choose(owner, day, bookers, last, luck) : undefined
        const result = booker && outcome(day, luck)
        const blocked = !booker && luck.odds(0.025)
        const name = `${owner}/${date(day)}/${turn + 1}`
        const slot = ledger.enter<Slot>(name, {
          resourceType: 'Slot',
          schedule: referenceTo(schedule, title),
          status: blocked
            ? 'busy-unavailable'
            : result && result !== 'cancelled'
              ? result === 'pending'
                ? 'busy-tentative'
                : 'busy'
              : 'free',
          start: instant(day, minute),
          end: instant(day, minute + 30),
          ...(blocked ? { comment: luck.pick(['Staff meeting', 'Training', 'Held for urgent visits']) } : {}),
        })
        if (!booker || !result) continue
        last.set(booker.person.key, day)
        const reason =
          booker.person.doctor === 'miguel'
            ? REASONS.child
            : luck.pick([REASONS.followup, REASONS.followup, REASONS.checkup, REASONS.symptom])
        const appointment = appoint(ledger, name, { booker, slot, owner, reason, result, facility, day, minute, luck })
        if (result !== 'fulfilled') continue
        const visits = kept.get(booker.person.key) ?? []
        kept.set(booker.person.key, [...visits, { day, minute, staff: owner, reason, appointment }])
      }
    }
  }
  return kept
}

interface Booking {
  booker: Booker
  slot: Entered<Slot>
  owner: StaffKey
  reason: Code
  result: Outcome
  facility: Facility
  day: number
  minute: number
  luck: Chance
}

function appoint(
  ledger: Ledger,
  name: string,
  { booker, slot, owner, reason, result, facility, day, minute, luck }: Booking,
) {
  const waited = luck.int(2, 45)
  const why = luck.pick(CANCELLED)
  const place = facility.placeOf(owner)
  const tentative = result === 'pending' ? 'needs-action' : 'accepted'
  return ledger.enter<Appointment>(name, {
    resourceType: 'Appointment',
    identifier: [{ system: `${CLINIC}/appointment`, value: name }],
    status: result,
    ...(result === 'cancelled'
      ? {
          cancelationReason: {
            coding: [{ system: hl7System('appointment-cancellation-reason'), ...why }],
            text: why.display,
          },
        }
      : {}),
    appointmentType: {
      coding: [
        {
          system: hl7System('v2-0276'),
          ...(reason === REASONS.checkup
            ? { code: 'CHECKUP', display: 'A routine check-up, such as an annual physical' }
            : { code: 'FOLLOWUP', display: 'A follow up visit from a previous appointment' }),
        },
      ],
    },
    reasonCode: [concept(SNOMED, reason)],
    description: `${fullName(booker.person)} with ${staffName(owner)}`,
    start: instant(day, minute),
    end: instant(day, minute + 30),
    minutesDuration: 30,
    slot: [referenceTo(slot)],
    created: instant(Math.min(day, 0) - waited, OPENING_MINUTE + luck.int(0, 400)),
    participant: [
      {
        actor: referenceTo(booker.patient, fullName(booker.person)),
        required: 'required',
        status: result === 'cancelled' && why.code === 'pat' ? 'declined' : tentative,
      },
      {
        actor: referenceTo(facility.staff[owner], staffName(owner)),
        required: 'required',
        status: result === 'cancelled' && why.code === 'prov' ? 'declined' : 'accepted',
      },
      { actor: referenceTo(place, place.name), required: 'information-only', status: 'accepted' },
    ],
  })
}
