/** Input of operations: a Parameters resource, a plain JSON object or a query all say the same. */
import type { FhirRequest } from '@medplum/fhir-router'
import type { Parameters } from '@medplum/fhirtypes'

/** @returns the values by name; a parameter that is given more than once becomes an array */
export function inputOf(req: FhirRequest): Record<string, unknown> {
  if (req.method === 'GET') {
    return req.query
  }
  return valuesOf(req.body)
}

export function valuesOf(body: unknown): Record<string, unknown> {
  const { resourceType, parameter = [] } = Object(body) as Partial<Parameters>
  if (resourceType !== 'Parameters') {
    return Object(body)
  }
  const values: Record<string, unknown> = {}
  for (const { name, ...content } of parameter) {
    const value = content.resource ?? Object.entries(content).find(([key]) => key.startsWith('value'))?.[1]
    const before = values[name]
    values[name] = before === undefined ? value : [before, value].flat()
  }
  return values
}
