/** Input and output of operations. Input can be a Parameters resource, a plain JSON object or a query. */

import { badRequest } from '@medplum/core'
import type { FhirRequest } from '@medplum/fhir-router'
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'

/** Inputs that came as Parameters: for these, Medplum reports a missing value in other words. */
const fromParameters = new WeakSet<object>()

/** @returns the values by name; an array for a parameter that is given more than once */
export function inputOf(req: FhirRequest): Record<string, unknown> {
  if (req.method === 'GET') {
    return req.query
  }
  return inputValues(req.body)
}

export function inputValues(body: unknown): Record<string, unknown> {
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

/** @returns a Parameters resource, as the output of an operation */
export function parametersOf(parameter: ParametersParameter[]): Parameters {
  return { resourceType: 'Parameters', parameter }
}

/** @returns the value. @throws as Medplum does if there is none */
export function requiredValue(input: Record<string, unknown>, name: string): unknown {
  if (input[name] === undefined) {
    throw fail(badRequest(missing(input, name, '1')))
  }
  return input[name]
}

/** @returns one or more values. @throws as Medplum does if there is none */
export function requiredValues(input: Record<string, unknown>, name: string): unknown[] {
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
