/**
 * A synthetic clinic in FHIR R4, so that the sandbox has something worth asking about: 120 people with charts of years, a book of
 * appointments, bills and documents. Nobody in it exists. The same on every run, in every time zone.
 */
import type { DiagnosticReport, Resource } from '@medplum/fhirtypes'
import { bill, insure } from './billing.ts'
import type { Chart } from './chart.ts'
import { diagnose, recordAllergies } from './conditions.ts'
import { fileDocuments } from './documents.ts'
import { healthOf } from './health.ts'
import { runLaboratory } from './laboratory.ts'
import { type Entered, ledger } from './ledger.ts'
import { medicate } from './medications.ts'
import { admit, people } from './people.ts'
import { perform, vaccinate } from './prevention.ts'
import { fillForms, printForms } from './questionnaires.ts'
import { keepBook } from './scheduling.ts'
import { openHouse } from './staff.ts'
import { type Taken, visitsOf } from './visits.ts'
import { takeVitals } from './vitals.ts'
import { assignWork, planCare, register } from './work.ts'

export { CLINIC_NOW } from './calendar.ts'
export { PATIENT_IDS } from './people.ts'
export { PRACTITIONER_IDS } from './staff.ts'

/** @returns every record of the clinic, each after all records that it refers to */
export function clinic(): Resource[] {
  const book = ledger()
  const house = openHouse(book)
  printForms(book)
  const admitted = people().map((person) => ({ person, health: healthOf(person), patient: admit(book, house, person) }))
  const kept = keepBook(book, house, admitted)
  const taken: Taken = new Set()
  const reports = new Map<string, Entered<DiagnosticReport>[]>()
  const charts = admitted.map(({ person, health, patient }): Chart => {
    const visits = visitsOf(book, house, person, health, patient, kept.get(person.key) ?? [], taken)
    const chart = { book, house, person, health, patient, visits }
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
    perform(chart)
    planCare(chart, diagnosed)
    fillForms(chart)
    fileDocuments(chart)
    const panels = Map.groupBy(drawn, ({ visit }) => visit.key)
    bill(chart, cover, diagnosed, new Map([...panels].map(([key, all]) => [key, all.map(({ panel }) => panel)])))
    return chart
  })
  register(book, house, charts)
  assignWork(book, house, charts, reports)
  return book.resources
}
