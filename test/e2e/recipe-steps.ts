/** Steps that several recipes share. */
import { expect } from 'vitest'
import { GET } from '../calls.ts'
import type { Answer, Json, Person, Step } from './recipe.ts'

export const HL7 = 'x-application/hl7-v2+er7'

export const PATIENT = GET('Patient?name=vega-castillo')

/** The patient, kept by `thePatient`. */
export const HER = { reference: 'Patient/{patient}' }

export function thePatient(say: string, as?: Person): Step {
  return {
    ...{ say, ...(as && { as }), call: PATIENT, keep: { patient: 'entry.resource.id' } },
    ...{ shows: '{ resourceType entry { resource { id } } }', check: bundle },
  }
}

export const patch = (path: string, ...operations: Json[]) => ({ method: 'PATCH', path, patch: operations })

/** Checks that the JSON of an answer has all of this. */
export const has =
  (expected: object) =>
  ({ json }: Answer): void => {
    expect(json).toMatchObject(expected)
  }

export function bundle({ json }: { json: unknown }): void {
  expect(json).toMatchObject({ resourceType: 'Bundle', entry: expect.arrayContaining([expect.anything()]) })
}

/** Whole lines, each an Observation. */
export function lines({ text }: { text: string }): void {
  const types = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { resourceType: string }).resourceType)
  expect(new Set(types)).toEqual(new Set(['Observation']))
}
