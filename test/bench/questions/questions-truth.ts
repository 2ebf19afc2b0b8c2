// The right answers for the sandbox's clinic: its records from the FHIR API, read by plain code that shares nothing with the server under
// test.
import type { Observation, Patient, Quantity, Reference, Resource } from '@medplum/fhirtypes'
import type { Send } from '../../sandbox/client.ts'

const TYPES = [
  ...['Patient', 'Practitioner', 'Encounter', 'Condition', 'Observation', 'MedicationRequest', 'AllergyIntolerance'],
  ...['Appointment', 'Slot', 'Immunization', 'Procedure', 'DiagnosticReport', 'Task'],
] as const

export type Type = (typeof TYPES)[number]
export type Of<T extends Type> = Extract<Resource, { resourceType: T }> & { id: string }

/** Something that is measured, by its LOINC code; in a component, the code of the Observation around it. */
export interface Measure {
  code: string
  panel?: string
}

export interface Reading {
  /** As written. */
  date: string
  value: number
  unit: string
  comparator: string | undefined
  /** The value in a unit in which all readings can be compared. */
  comparable: number
}

const KILOGRAMS_A_POUND = 0.45359237

/** All records, and queries on them. */
export class Truth {
  readonly #records: ReadonlyMap<string, Resource[]>
  readonly #byPatient = new Map<string, Resource[]>()

  private constructor(records: ReadonlyMap<string, Resource[]>) {
    this.#records = records
    for (const [type, all] of records) {
      for (const one of all) {
        const key = `${type} ${patientOf(one)}`
        this.#byPatient.set(key, [...(this.#byPatient.get(key) ?? []), one])
      }
    }
  }

  static async read(send: Send): Promise<Truth> {
    const records = new Map<string, Resource[]>()
    for (const type of TYPES) records.set(type, await allOf(send, type))
    return new Truth(records)
  }

  all<T extends Type>(type: T): Of<T>[] {
    return (this.#records.get(type) ?? []) as Of<T>[]
  }

  /** Those of one patient. */
  of<T extends Type>(type: T, patient: Patient): Of<T>[] {
    return (this.#byPatient.get(`${type} Patient/${patient.id}`) ?? []) as Of<T>[]
  }

  /** What was measured of a patient, without what was entered in error, oldest first. */
  readings(patient: Patient, measure: Measure): Reading[] {
    return this.observations(patient, measure)
      .filter(({ status }) => status !== 'entered-in-error')
      .flatMap((one) => reading(one, measure))
      .sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
  }

  /** Everything recorded under the code, valid or not. */
  observations(patient: Patient, { code, panel }: Measure): Of<'Observation'>[] {
    return this.of('Observation', patient).filter((one) => one.code.coding?.[0]?.code === (panel ?? code))
  }

  /** Of a reference's target. */
  target<T extends Type>(type: T, reference: Reference | undefined): Of<T> | undefined {
    const all: readonly Resource[] = this.all(type)
    return all.find(({ id }) => reference?.reference === `${type}/${id}`) as Of<T> | undefined
  }

  /** Whether the name could mean somebody else. */
  isAmbiguous(patient: Patient): boolean {
    return this.all('Patient').filter((other) => folded(nameOf(other)) === folded(nameOf(patient))).length > 1
  }
}

async function allOf(send: Send, type: Type): Promise<Resource[]> {
  const found: Resource[] = []
  for (let path: string | undefined = `${type}?_sort=_id&_count=1000`; path !== undefined; ) {
    const { body }: { body: Page } = await send<Page>('GET', path)
    found.push(...(body.entry ?? []).map(({ resource }) => resource))
    path = body.link?.find(({ relation }) => relation === 'next')?.url
  }
  if (found.length === 0) throw new Error(`The sandbox has no ${type}`)
  return found
}

interface Page {
  entry?: { resource: Resource }[]
  link?: { relation: string; url: string }[]
}

/** The reference to the patient whom a record is about. */
function patientOf(resource: Resource): string | undefined {
  switch (resource.resourceType) {
    case 'Patient':
      return `Patient/${resource.id}`
    case 'Appointment':
      return resource.participant.find(({ actor }) => actor?.reference?.startsWith('Patient/'))?.actor?.reference
    case 'AllergyIntolerance':
    case 'Immunization':
      return resource.patient.reference
    case 'Task':
      return resource.for?.reference
    case 'Encounter':
    case 'Condition':
    case 'Observation':
    case 'MedicationRequest':
    case 'Procedure':
    case 'DiagnosticReport':
      return resource.subject?.reference
    default:
      return undefined
  }
}

function reading(observation: Observation, { code, panel }: Measure): Reading[] {
  const quantity = panel
    ? observation.component?.find((one) => one.code.coding?.[0]?.code === code)?.valueQuantity
    : observation.valueQuantity
  const { effectiveDateTime } = observation
  if (quantity?.value === undefined || effectiveDateTime === undefined) return []
  return [
    {
      date: effectiveDateTime,
      value: quantity.value,
      unit: quantity.unit ?? '',
      comparator: quantity.comparator,
      comparable: comparable(quantity),
    },
  ]
}

function comparable({ value = Number.NaN, code, comparator }: Quantity): number {
  const beyond = comparator === undefined ? 0 : comparator.startsWith('<') ? -1e-9 : 1e-9
  return (code === '[lb_av]' ? value * KILOGRAMS_A_POUND : value) + beyond
}

export function nameOf({ name }: Patient): string {
  return `${name?.[0]?.given?.[0]} ${name?.[0]?.family}`
}

/** A name without accents and case, which don't distinguish people in a question. */
function folded(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}
