// The index of a CapabilityStatement, and names similar to a wrong one.
import { describe, expect, test } from 'vitest'
import { indexCapability, nearest } from '../../../src/fhir/capability.ts'
import { statement } from './statement.ts'

const capability = indexCapability(statement)

describe('index', () => {
  test('holds the types of the statement, and those that Medplum adds without declaring them', () => {
    expect([...capability.types]).toEqual(expect.arrayContaining(['Patient', 'Observation', 'Bot', 'Agent', 'Binary']))
    expect(capability.types.has('patient')).toBe(false)
  })

  test('lists the search parameters of a type, and those of all types', () => {
    expect(capability.searchParams('Patient').get('birthdate')).toBe('date')
    expect(capability.searchParams('Patient').get('_lastUpdated')).toBe('date')
    expect(capability.searchParams('Patient').has('code')).toBe(false)
    expect([...capability.searchParams('Bot').keys()]).toContain('_id')
  })

  test('lists the declared operations', () => {
    expect([...capability.operations('Group')]).toEqual(['export'])
    expect([...capability.operations('Nope')]).toEqual([])
  })

  test.each([
    undefined,
    null,
    'x',
    42,
    [],
    {},
    { rest: 'x' },
    { rest: [null, { resource: [null, 3, { type: 4 }, { type: '__proto__', searchParam: 'x' }] }] },
  ])('accepts anything: %j', (odd) => {
    const index = indexCapability(odd)
    expect(index.searchParams('Patient').get('_id')).toBe('token')
    expect(index.operations('toString').size).toBe(0)
  })

  test('knows no types if the statement names none, so that none is called unknown', () => {
    expect(indexCapability({}).types.size).toBe(0)
  })
})

describe('nearest', () => {
  const parameters = capability.searchParams('Patient').keys()
  test.each([
    ['birth_date', 'birthdate'],
    ['birthDate', 'birthdate'],
    ['lastname', 'name'],
    ['familly', 'family'],
    ['city', 'address-city'],
    ['_lastupdate', '_lastUpdated'],
    ['zzzzzz', undefined],
    ['', undefined],
  ])('%s: %s', (name, first) => {
    expect(nearest(name, capability.searchParams('Patient').keys())[0]).toBe(first)
  })

  test('gives at most n, best first', () => {
    expect(nearest('Observatio', ['Observation', 'Organization', 'ObservationDefinition', 'Bot'], 2)).toEqual([
      'Observation',
      'ObservationDefinition',
    ])
    expect(nearest('x'.repeat(100_000), parameters)).toEqual([])
  })
})
