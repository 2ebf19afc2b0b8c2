// Groups of a digest: exact sums, what is left out, the newest of each, and keys that are the same for what is the same.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sumAndMean } from '../../src/answer/digest/decimal.ts'
import { groupRows, type Row, sortRows } from '../../src/answer/digest/groups.ts'
import { keysOf, referredBy, subjectsOf } from '../../src/answer/digest/key.ts'
import { Members } from '../../src/tools/digest/members.ts'

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

  test('end, whatever the numbers', () => {
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

// ── Groups ──

type Made = { id: string; who?: string; date?: string; value?: number; unit?: string; status?: string } & Record<
  string,
  unknown
>

function observation({ id, who, date, value, unit = 'kg', status = 'final', ...rest }: Made) {
  return {
    ...{ resourceType: 'Observation', id, status },
    ...(who && { subject: { reference: who } }),
    ...(date && { effectiveDateTime: date }),
    ...(value !== undefined && { valueQuantity: { value, unit, code: unit } }),
    ...rest,
  }
}

function rowsOf(resources: Record<string, unknown>[], by: string[], pick?: 'latest' | 'first', value?: string): Row[] {
  const members = new Members({ by, value }, 'nothing', BASE)
  const kept = resources.map((one) => members.keep(one))
  return groupRows(
    kept.filter(({ failed }) => !failed).map(({ member }) => member),
    members.columns,
    pick,
  )
}

describe('groups', () => {
  test('sum by unit, never across, and say what is in no sum', () => {
    const rows = rowsOf(
      [
        observation({ id: '1', value: 0.1 }),
        observation({ id: '2', value: 0.2 }),
        observation({ id: '3', value: 9, status: 'entered-in-error' }),
        observation({ id: '4' }),
        observation({ id: '5', value: 100, unit: 'lb' }),
        observation({ id: '6', valueQuantity: { value: 0.05, comparator: '<', unit: 'kg', code: 'kg' } }),
      ],
      ['status.exists()'],
    )
    expect(rows).toMatchObject([
      {
        count: 5,
        noValue: 1,
        inexact: 1,
        sum: 0.3,
        mean: 0.15,
        min: '<0.05',
        max: 0.2,
        unit: 'kg',
        status: 'final 4, entered-in-error 1',
      },
      { count: 1, sum: 100, unit: 'lb' },
    ])
  })

  test('are of each value where an expression finds several, and of none where it finds none', () => {
    const given = (id: string, codes: string[]) => ({
      resourceType: 'Condition',
      id,
      category: codes.map((text) => ({ text })),
    })
    const rows = rowsOf([given('1', ['a', 'b']), given('2', ['a']), given('3', [])], ['category'])
    expect(rows.map(({ category, count }) => [category, count])).toEqual([
      ['a', 2],
      ['b', 1],
      [null, 1],
    ])
  })

  test('take one subject for the same one, however it is referred to, and give it the name that any record has', () => {
    const rows = rowsOf(
      [
        observation({ id: '1', who: 'Patient/p' }),
        observation({ id: '2', who: `${BASE.href}Patient/p` }),
        observation({ id: '3', subject: { reference: 'Patient/p/_history/3', display: 'Ann' } }),
      ],
      ['subject'],
    )
    expect(rows).toEqual([{ subject: { reference: 'Patient/p', display: 'Ann' }, count: 3, status: 'final 3' }])
  })

  test('have no column of two meanings', () => {
    const [row] = rowsOf(
      [{ resourceType: 'Basic', id: '1', count: 'x', value: 'y', status: 'draft' }],
      ['count', 'value', 'status'],
    )
    expect(row).toEqual({ '(count)': 'x', '(value)': 'y', status: 'draft', count: 1 })
  })

  test('of several values of one record count it once', () => {
    const claim = {
      resourceType: 'Claim',
      id: '1',
      item: [{ net: { value: 0.1, currency: 'USD' } }, { net: { value: 0.2, currency: 'USD' } }],
    }
    expect(rowsOf([claim], ['resourceType'], undefined, 'item.net')).toMatchObject([
      { count: 1, sum: 0.3, unit: 'USD' },
    ])
  })

  test('leave out a record on which an expression fails', () => {
    const rows = rowsOf(
      [
        { resourceType: 'Basic', id: '1', code: [{ text: 'a' }, { text: 'b' }] },
        { resourceType: 'Basic', id: '2', code: [{ text: 'a' }] },
      ],
      ['code.text.substring(0,1)'],
    )
    expect(rows.map(({ count }) => count)).toEqual([1])
  })
})

describe('the newest of each', () => {
  const two = (a: Partial<Made>, b: Partial<Made>) => [
    observation({ id: 'a', who: 'Patient/p', ...a }),
    observation({ id: 'b', who: 'Patient/p', ...b }),
  ]
  test.each<[string, Record<string, unknown>[], Row]>([
    [
      'is by time, not by text',
      two({ date: '2026-01-01T23:00:00-05:00', value: 1 }, { date: '2026-01-02T01:00:00Z', value: 2 }),
      { value: 1 },
    ],
    [
      'is none that was entered in error',
      two({ date: '2026-01-01', value: 1 }, { date: '2026-02-01', value: 2, status: 'entered-in-error' }),
      { value: 1, count: 2 },
    ],
    [
      'has a value, and those passed over for it are counted',
      two({ date: '2026-01-01', value: 1 }, { date: '2026-02-01' }),
      { value: 1, date: '2026-01-01', passedOver: 1 },
    ],
    [
      'of several at one time is the one stored last, and says so',
      two(
        { date: '2026-01-01', value: 1, meta: { lastUpdated: '2026-01-03T00:00:00Z' } },
        { date: '2026-01-01', value: 2, meta: { lastUpdated: '2026-01-02T00:00:00Z' } },
      ),
      { value: 1, tied: 2, record: 'Observation/a' },
    ],
    [
      'of several stored at one time is always the same',
      two({ date: '2026-01-01', value: 1 }, { date: '2026-01-01', value: 2 }).toReversed(),
      { value: 2, tied: 2 },
    ],
    [
      'without any date is the one stored last',
      two(
        { value: 1, meta: { lastUpdated: '2026-01-03T00:00:00Z' } },
        { value: 2, meta: { lastUpdated: '2026-01-02T00:00:00Z' } },
      ),
      { value: 1 },
    ],
    [
      'keeps its comparator and unit',
      two(
        { date: '2026-01-01', value: 1 },
        { date: '2026-02-01', valueQuantity: { value: 5, comparator: '<', unit: 'lb' } },
      ),
      { value: '<5', unit: 'lb' },
    ],
    [
      'of what has no values is the newest',
      two({ date: '2026-01-01' }, { date: '2026-02-01' }),
      { date: '2026-02-01' },
    ],
  ])('%s', (_, resources, expected) => {
    expect(rowsOf(resources, ['subject'], 'latest')).toMatchObject([expected])
    expect(rowsOf(resources.toReversed(), ['subject'], 'latest')).toMatchObject([expected])
  })

  test('has its counterpart in the first', () => {
    const rows = rowsOf(two({ date: '2026-01-01', value: 1 }, { date: '2026-02-01', value: 2 }), ['subject'], 'first')
    expect(rows).toMatchObject([{ date: '2026-01-01', value: 1 }])
  })

  test('of nobody that counts says nothing but how many there are', () => {
    const gone = two({ status: 'entered-in-error', date: '2026-01-01' }, { status: 'entered-in-error' })
    expect(rowsOf(gone, ['subject'], 'latest')).toEqual([
      { subject: { reference: 'Patient/p' }, count: 2, status: 'entered-in-error 2' },
    ])
  })
})

describe('order', () => {
  const rows = [
    { by: 'a', sum: 5, unit: 'USD', last: '2026-01-01T23:00:00-05:00' },
    { by: 'b', sum: '12', unit: 'USD', last: '2026-01-02T01:00:00Z' },
    { by: 'c', sum: 100, unit: 'EUR', last: '2025' },
    { by: 'd' },
  ]
  test.each([
    ['-sum', 'bacd'],
    ['sum', 'abcd'],
    ['last', 'cbad'],
    ['-last', 'abcd'],
    ['by', 'abcd'],
    ['-by', 'dcba'],
  ])('by %s', (sort, expected) => {
    expect(
      sortRows(rows, sort)
        .map(({ by }) => by)
        .join(''),
    ).toBe(expected)
  })
})
