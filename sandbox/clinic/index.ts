/**
 * A synthetic clinic in FHIR R4, so that the sandbox has records worth asking about: 120 people with several years of charts,
 * appointments, claims and documents. No one in it is real. Every run, in any time zone, generates the same records.
 */
import type { DiagnosticReport, Resource } from '@medplum/fhirtypes'
import { bill, insure } from './billing.ts'
import type { Chart } from './chart.ts'
import { diagnose, recordAllergies } from './conditions.ts'
import { fileDocuments } from './documents.ts'
import { healthOf } from './health.ts'
import { runLaboratory } from './laboratory.ts'
import { createLedger, type Entered } from './ledger.ts'
import { medicate } from './medications.ts'
import { admit, people } from './people.ts'
import { performProcedures, vaccinate } from './prevention.ts'
import { fillForms, printForms } from './questionnaires.ts'
import { fillAppointmentBook } from './scheduling.ts'
import { createFacility } from './staff.ts'
import { type Taken, visitsOf } from './visits.ts'
import { takeVitals } from './vitals.ts'
import { assignWork, enterDiabetesRegistry, planCare } from './work.ts'

export { CLINIC_NOW } from './calendar.ts'
export { PATIENT_IDS } from './people.ts'
export { PRACTITIONER_IDS } from './staff.ts'

/** @returns every record of the clinic, each after all records that it refers to */
export function clinic(): Resource[] {
  const ledger = createLedger()
  const facility = createFacility(ledger)
  printForms(ledger)
  const admitted = people().map((person) => ({
    person,
    health: healthOf(person),
    patient: admit(ledger, facility, person),
  }))
  const kept = fillAppointmentBook(ledger, facility, admitted)
  const taken: Taken = new Set()
  const reports = new Map<string, Entered<DiagnosticReport>[]>()
  const charts = admitted.map(({ person, health, patient }): Chart => {
    const visits = visitsOf(ledger, facility, person, health, patient, kept.get(person.key) ?? [], taken)
    const chart = { ledger, facility, person, health, patient, visits }
    const cover = insure(chart)
    const avoid = recordAllergies(chart)
    const diagnosed = diagnose(chart)
    takeVitals(chart)
    const drawn = runLaboratory(chart)
    reports.set(
      person.key,
      drawn.map(({ report }) => report),
    )
    medicate(chart, diagnosed, avoid)
    vaccinate(chart)
    performProcedures(chart)
    planCare(chart, diagnosed)
    fillForms(chart)
    fileDocuments(chart)
    const panels = Map.groupBy(drawn, ({ visit }) => visit.key)
    bill(chart, cover, diagnosed, new Map([...panels].map(([key, all]) => [key, all.map(({ panel }) => panel)])))
    return chart
  })
  enterDiabetesRegistry(ledger, facility, charts)
  assignWork(ledger, facility, charts, reports)
  return ledger.resources
}
