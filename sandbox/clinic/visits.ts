/** When each person came, to whom and why. Every clinical record refers to one of these visits. */
import type { Encounter, Patient } from '@medplum/fhirtypes'
import { instant, OPENING_MINUTE, workday, YEAR } from './calendar.ts'
import { type Health, onsetOf } from './health.ts'
import { type Entered, type Ledger, referenceTo } from './ledger.ts'
import { fullName, type Person } from './people.ts'
import { ACUTE, ACUTE_KEYS, type AcuteKey, CHRONIC } from './problems.ts'
import { type Chance, chance } from './random.ts'
import { BOOK_FROM, type KeptAppointment, REASONS } from './scheduling.ts'
import { type Facility, type StaffKey, staffName } from './staff.ts'
import { CLINIC, type Code, coding, concept, hl7System, SNOMED } from './terminology.ts'

export interface Visit {
  /** Unique in the whole clinic: person and running number. */
  key: string
  day: number
  minute: number
  staff: StaffKey
  reason: Code
  acute?: AcuteKey
  encounter: Entered<Encounter>
}

interface Plan {
  day: number
  minute: number
  staff: StaffKey
  reason: Code
  kept?: KeptAppointment
}

/** Times that are taken (clinician, day and minute), so that no clinician has two visits at once. */
export type Taken = Set<string>

function earlier(person: Person, health: Health, taken: Taken, luck: Chance): Plan[] {
  const plans: Plan[] = []
  const end = Math.min(person.until, BOOK_FROM - 1)
  const diabetic = onsetOf(health, 'diabetes')
  for (let day: number = person.joined, n = 0; day < end; n++) {
    const open = workday(day)
    const specialist = diabetic !== undefined && open > diabetic + 90 && n % 6 === 5
    const staff: StaffKey = specialist
      ? 'priya'
      : luck.odds(0.85)
        ? person.doctor
        : luck.pick(['alice', 'rita', 'grace'] as const)
    let minute = OPENING_MINUTE + luck.int(0, 14) * 30
    for (let tries = 0; taken.has(`${staff}/${open}/${minute}`) && tries < 15; tries++)
      minute = OPENING_MINUTE + ((minute - OPENING_MINUTE + 30) % 450)
    taken.add(`${staff}/${open}/${minute}`)
    const child = open - person.born < 18 * YEAR
    const routine = child ? REASONS.child : n === 0 || luck.odds(0.3) ? REASONS.checkup : REASONS.followup
    plans.push({ day: open, minute, staff, reason: luck.odds(0.22) && n > 0 ? REASONS.symptom : routine })
    // Newborns come every two or three months, everybody else at their own pace.
    const gap = open - person.born < 540 ? luck.int(60, 95) : (YEAR / health.pace) * luck.between(0.6, 1.4)
    day += Math.max(9, Math.round(gap))
  }
  return plans
}

/** @returns every visit of a person, oldest first, each entered as an Encounter */
export function visitsOf(
  ledger: Ledger,
  facility: Facility,
  person: Person,
  health: Health,
  patient: Entered<Patient>,
  kept: readonly KeptAppointment[],
  taken: Taken,
): Visit[] {
  const luck = chance(`visits/${person.key}`)
  const plans: Plan[] = [...earlier(person, health, taken, luck), ...kept.map((one) => ({ ...one, kept: one }))]
  return plans.map((plan, index) => {
    const key = `${person.key}/${index + 1}`
    const age = (plan.day - person.born) / YEAR
    const candidates = ACUTE_KEYS.filter((one) => ACUTE[one].ages[0] <= age && age <= ACUTE[one].ages[1])
    const acute = plan.reason === REASONS.symptom && candidates.length > 0 ? luck.pick(candidates) : undefined
    const current = health.problems.filter((one) => one.onset <= plan.day && (one.abated ?? 1) > plan.day)
    const about = acute
      ? { ...concept(SNOMED, ACUTE[acute].snomed), text: ACUTE[acute].complaint }
      : plan.reason === REASONS.followup && current.length > 0
        ? concept(SNOMED, CHRONIC[luck.pick(current).key].snomed)
        : undefined
    const place = facility.placeOf(plan.staff)
    const started = plan.minute + luck.int(0, 12)
    const encounter = ledger.enter<Encounter>(key, {
      resourceType: 'Encounter',
      identifier: [{ system: `${CLINIC}/encounter`, value: `V-${key.replace('/', '-')}` }],
      status: 'finished',
      class: { system: hl7System('v3-ActCode'), code: 'AMB', display: 'ambulatory' },
      type: [{ coding: [coding(SNOMED, plan.reason)], text: plan.reason.display.replace(' (procedure)', '') }],
      subject: referenceTo(patient, fullName(person)),
      participant: [
        {
          type: [
            { coding: [{ system: hl7System('v3-ParticipationType'), code: 'PPRF', display: 'primary performer' }] },
          ],
          individual: referenceTo(facility.staff[plan.staff], staffName(plan.staff)),
        },
        ...(luck.odds(0.25)
          ? [
              {
                type: [
                  {
                    coding: [
                      { system: hl7System('v3-ParticipationType'), code: 'SPRF', display: 'secondary performer' },
                    ],
                  },
                ],
                individual: referenceTo(facility.staff.sam, staffName('sam')),
              },
            ]
          : []),
      ],
      ...(plan.kept ? { appointment: [referenceTo(plan.kept.appointment)] } : {}),
      period: { start: instant(plan.day, started), end: instant(plan.day, started + luck.int(15, 28)) },
      ...(about ? { reasonCode: [about] } : {}),
      location: [{ location: referenceTo(place, place.name) }],
      serviceProvider: referenceTo(facility.clinic, facility.clinic.name),
    })
    return {
      key,
      day: plan.day,
      minute: started,
      staff: plan.staff,
      reason: plan.reason,
      encounter,
      ...(acute ? { acute } : {}),
    }
  })
}
