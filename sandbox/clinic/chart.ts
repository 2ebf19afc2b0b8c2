/** What every part of one person's chart is written from. */
import type { Encounter, Patient, Practitioner, Reference } from '@medplum/fhirtypes'
import type { Health } from './health.ts'
import { type Entered, type Ledger, referenceTo } from './ledger.ts'
import { fullName, type Person } from './people.ts'
import { type Facility, staffName } from './staff.ts'
import type { Visit } from './visits.ts'

export interface Chart {
  ledger: Ledger
  facility: Facility
  person: Person
  health: Health
  patient: Entered<Patient>
  visits: readonly Visit[]
}

export function subject({ patient, person }: Chart): Reference<Patient> {
  return referenceTo(patient, fullName(person))
}

export function clinician({ facility }: Chart, visit: Visit): Reference<Practitioner> {
  return referenceTo(facility.staff[visit.staff], staffName(visit.staff))
}

export function encounterOf(visit: Visit): Reference<Encounter> {
  return referenceTo(visit.encounter)
}

/** The first visit on or after a day: problems are diagnosed and drugs ordered at a visit only. */
export function nextVisit({ visits }: Chart, day: number): Visit | undefined {
  return visits.find((visit) => visit.day >= day)
}
