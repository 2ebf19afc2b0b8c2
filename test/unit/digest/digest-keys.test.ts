// Exact sums, and keys that are the same for what is the same.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sumAndMean } from '../../../src/answer/digest/decimal.ts'
import { keysOf, referredBy, subjectsOf } from '../../../src/answer/digest/key.ts'

const BASE = new URL('https://api.example.com/fhir/R4/')

describe('sums', () => {
  test.each<[number[], number | string, number | string]>([
    [[0.1, 0.2], 0.3, 0.15],
    [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 2.8, 0.4],
    [[1.005, 1.005], 2.01, 1.005],
    [[1, 1, 2], 4, 1.33],
    [[-1, -1, -2], -4, -1.33],
    [[-0.5, 0.5], 0, 0],
    [[1e-7, 2e-7], 3e-7, 1.5e-7],
    [[9007199254740991, 1.5], '9007199254740992.5', '4503599627370496.25'],
    [[1e21, 1], '1000000000000000000001', '500000000000000000000.5'],
    [[135, 198.5, 37.25], 370.75, 123.5833],
    [[5], 5, 5],
  ])('of %j is %s, and the mean %s', (values, sum, mean) => {
    expect(sumAndMean(values)).toEqual({ sum, mean })
  })

  test('of nothing is nothing', () => {
    expect(sumAndMean([])).toBeUndefined()
  })

  test('of cents are exact, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 }), { minLength: 1 }), (cents) => {
        const whole = cents.reduce((sum, one) => sum + one, 0)
        expect(sumAndMean(cents.map((one) => one / 100))?.sum).toBe(whole === 0 ? 0 : whole / 100)
        expect(sumAndMean(cents.map((one) => one / 100).toReversed())?.sum).toBe(whole === 0 ? 0 : whole / 100)
      }),
    )
  })

  test('finish, whatever the numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { minLength: 1, maxLength: 5 }),
        (values) => {
          const { sum } = sumAndMean(values) ?? {}
          const about = values.reduce((all, one) => all + one, 0)
          expect(Math.abs(Number(sum) - about)).toBeLessThanOrEqual(
            1e-9 * values.reduce((all, one) => all + Math.abs(one), 0),
          )
        },
      ),
    )
  })
})

describe('a key', () => {
  const record = { resourceType: 'Claim', id: 'c1' }
  test.each<[string, unknown, string[]]>([
    ['a reference', { reference: 'Patient/1', display: 'Ann' }, ['reference Patient/1']],
    ['an absolute one', { reference: `${BASE.href}Patient/1` }, ['reference Patient/1']],
    ['one with a version', { reference: 'Patient/1/_history/2' }, ['reference Patient/1']],
    ['one written as text', 'Patient/1', ['reference Patient/1']],
    [
      'one of another server',
      { reference: 'https://other.example/fhir/R4/Patient/1' },
      ['reference https://other.example/fhir/R4/Patient/1'],
    ],
    ['a contained one, which is of its record', { reference: '#p' }, ['reference Claim/c1#p']],
    ['one by identifier', { identifier: { system: 'urn:s', value: '7' }, display: 'Bo' }, ['identifier urn:s|7']],
    ['a concept, whatever its text', { coding: [{ system: 's', code: 'a', display: 'A' }], text: 'x' }, ['code s|a']],
    ['a coding', { system: 's', code: 'a' }, ['code s|a']],
    ['a code of another system', { coding: [{ system: 't', code: 'a' }] }, ['code t|a']],
    ['a text alone', { text: 'Gout' }, ['text Gout']],
    ['a quantity', { value: 5, unit: 'kg' }, ['text 5 kg']],
    ['a period', { start: '2026-01-01' }, ['text 2026-01-01/']],
    ['a name', { family: 'Lee', given: ['Ann', 'B'] }, ['text Ann B Lee']],
    ['several, each once', ['a', 'b', 'a'], ['text a', 'text b']],
    ['a number, which is no text', [1, '1', true], ['value 1', 'text 1', 'value true']],
    ['nothing', undefined, []],
    ['a blank', '  ', []],
    ['an odd object', { __proto__: null, x: 1 }, ['text {"x":1}']],
  ])('of %s', (_, found, keys) => {
    expect(keysOf(found, record, BASE.href).map(({ key }) => key)).toEqual(keys)
  })

  test.each<[string, Record<string, unknown>, string[]]>([
    [
      'a patient is about themselves',
      { resourceType: 'Patient', id: 'p', subject: { reference: 'Patient/q' } },
      ['Patient/p'],
    ],
    [
      'a subject',
      {
        resourceType: 'Observation',
        id: 'o',
        subject: { reference: 'Patient/p' },
        performer: [{ reference: 'Patient/q' }],
      },
      ['Patient/p'],
    ],
    ['a patient element', { resourceType: 'Claim', id: 'o', patient: { reference: 'Patient/p' } }, ['Patient/p']],
    [
      'a task',
      { resourceType: 'Task', id: 'o', for: { reference: 'Patient/p' }, owner: { reference: 'Patient/q' } },
      ['Patient/p'],
    ],
    [
      'all patients of an appointment',
      {
        resourceType: 'Appointment',
        id: 'o',
        participant: [
          { actor: { reference: 'Patient/p' } },
          { actor: { reference: 'Practitioner/d' } },
          { actor: { reference: 'Patient/q' } },
          {},
        ],
      },
      ['Patient/p', 'Patient/q'],
    ],
    [
      'the members of a group',
      { resourceType: 'Group', id: 'g', member: [{ entity: { reference: 'Patient/p' } }] },
      ['Patient/p'],
    ],
    ['nobody: itself', { resourceType: 'Practitioner', id: 'd' }, ['Practitioner/d']],
  ])('whose a record is: %s', (_, resource, expected) => {
    expect(subjectsOf(resource, BASE.href).map(({ key }) => key)).toEqual(expected.map((one) => `reference ${one}`))
  })

  test('all that a record refers to, however deep', () => {
    const deep = {
      a: [{ b: { reference: 'Claim/1' } }],
      c: { reference: `${BASE.href}Claim/2` },
      d: { reference: '#x' },
    }
    expect(referredBy(deep, BASE.href)).toEqual(['reference Claim/1', 'reference Claim/2'])
  })
})
