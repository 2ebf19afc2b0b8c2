/** What the rooms that write into one person's chart share. */
import type { Encounter, Patient, Practitioner, Reference } from '@medplum/fhirtypes'
import type { Health } from './health.ts'
import { type Entered, type Ledger, to } from './ledger.ts'
import { fullName, type Person } from './people.ts'
import { type House, staffName } from './staff.ts'
import type { Visit } from './visits.ts'

export interface Chart {
  book: Ledger
  house: House
  person: Person
  health: Health
  patient: Entered<Patient>
  visits: readonly Visit[]
}

export function subject({ patient, person }: Chart): Reference<Patient> {
  return to(patient, fullName(person))
}

export function clinician({ house }: Chart, visit: Visit): Reference<Practitioner> {
  return to(house.staff[visit.staff], staffName(visit.staff))
}

export function during(visit: Visit): Reference<Encounter> {
  return to(visit.encounter)
}

/** The first visit on or after a day: things are found out and ordered when somebody comes. */
export function nextVisit({ visits }: Chart, day: number): Visit | undefined {
  return visits.find((visit) => visit.day >= day)
}
