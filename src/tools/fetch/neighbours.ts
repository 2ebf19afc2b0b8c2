// Counts the records that refer to a record, so that a reader knows what else to ask for.

import { isRecord } from '../../base/json.ts'
import type { FhirClient } from '../../client/client.ts'
import { readTogether } from '../perform/reading.ts'
import type { RecordId } from '../search/record-id.ts'

/** Search parameter that leads from a neighbour back to the record, by neighbouring type. */
type Neighbours = readonly (readonly [type: string, parameter: string])[]

const NEIGHBOURS: Readonly<Record<string, Neighbours>> = {
  Patient: [
    'Condition',
    'Observation',
    'MedicationRequest',
    'AllergyIntolerance',
    'Encounter',
    'Appointment',
    'Task',
    'DocumentReference',
    'DiagnosticReport',
    'Immunization',
    'Procedure',
    'CarePlan',
    'Claim',
    'Coverage',
  ].map((type) => [type, 'patient'] as const),
  Practitioner: [
    ['PractitionerRole', 'practitioner'],
    ['Patient', 'general-practitioner'],
    ['Appointment', 'practitioner'],
    ['Encounter', 'practitioner'],
    ['Task', 'owner'],
    ['Schedule', 'actor'],
  ],
  Organization: [
    ['Patient', 'organization'],
    ['PractitionerRole', 'organization'],
    ['Location', 'organization'],
    ['Encounter', 'service-provider'],
    ['Coverage', 'payor'],
  ],
}

/**
 * How many records of other types refer to this one, by the search that finds them.
 *
 * @returns lines such as `TYPE?patient=Patient/ID: Condition 6, Task 0`; none for a type without neighbours
 */
export async function neighbourLines(
  { type, id }: RecordId,
  fhir: FhirClient,
  base: URL,
  signal: AbortSignal,
): Promise<string[]> {
  const neighbours = Object.hasOwn(NEIGHBOURS, type) ? (NEIGHBOURS[type] ?? []) : []
  const searches = neighbours.map(([other, parameter]) => `${other}?${parameter}=${type}/${id}&_summary=count`)
  const answers = await readTogether(fhir, base, searches, signal)
  const counted = neighbours.map(([other, parameter], index) => {
    const count = countIn(answers[index]?.body)
    return { parameter, text: `${other} ${count ?? '(not permitted)'}` }
  })
  return [...Map.groupBy(counted, ({ parameter }) => parameter)].map(
    ([parameter, list]) => `TYPE?${parameter}=${type}/${id}: ${list.map(({ text }) => text).join(', ')}`,
  )
}

function countIn(bundle: unknown): number | undefined {
  return isRecord(bundle) && typeof bundle.total === 'number' ? bundle.total : undefined
}
