/** Input of operations: a Parameters resource, a plain JSON object and a query mean the same. */

import { badRequest } from '@medplum/core'
import type { FhirRequest } from '@medplum/fhir-router'
import type { Parameters } from '@medplum/fhirtypes'
import { fail } from '../ground/answers.ts'

/** Values that came as Parameters: Medplum reports a missing one differently there than in plain JSON or a query. */
const fromParameters = new WeakSet<object>()

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
  fromParameters.add(values)
  for (const { name, ...content } of parameter) {
    const value = content.resource ?? Object.entries(content).find(([key]) => key.startsWith('value'))?.[1]
    const before = values[name]
    values[name] = before === undefined ? value : [before, value].flat()
  }
  return values
}

/** @returns the one value; throws as Medplum does if there is none */
export function one(input: Record<string, unknown>, name: string): unknown {
  if (input[name] === undefined) {
    throw fail(badRequest(missing(input, name, '1')))
  }
  return input[name]
}

/** @returns one or more values; throws as Medplum does if there is none */
export function some(input: Record<string, unknown>, name: string): unknown[] {
  if (input[name] === undefined) {
    throw fail(badRequest(missing(input, name, '1..*')))
  }
  return [input[name]].flat()
}

function missing(input: Record<string, unknown>, name: string, many: string): string {
  return fromParameters.has(input)
    ? `Expected ${many} value(s) for input parameter ${name}, but 0 provided`
    : `Expected at least 1 value(s) for required input parameter '${name}'`
}
