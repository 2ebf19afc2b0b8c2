import { describe, expect, test } from 'vitest'
import { digest } from '../../../src/answer/digest/digest.ts'
import { kg, LOINC, observation, one } from './digesting.ts'

describe('values', () => {
  test('keep their comparators, and are compared with them', () => {
    const row = one([
      observation('a', '2024-01-01', kg(0.5, '<')),
      observation('b', '2024-01-02', kg(0.5)),
      observation('c', '2024-01-03', kg(90, '>')),
      observation('d', '2024-01-04', kg(90)),
    ])
    expect(row).toMatchObject({ firstValue: '<0.5', lastValue: 90, min: '<0.5', max: '>90' })
    const order = ['<', '<=', undefined, '>=', '>']
    for (const [index, comparator] of order.entries()) {
      const rest = order.slice(index).map((each, at) => observation(`${at}`, undefined, kg(5, each)))
      expect(one(rest)).toMatchObject({ min: comparator ? `${comparator}5` : 5, max: '>5' })
    }
  })

  test('of different units are different rows', () => {
    const lb = { valueQuantity: { value: 180, unit: 'lb', code: '[lb_av]', system: 'http://unitsofmeasure.org' } }
    const rows = digest([
      observation('a', '2024-01-01', kg(81)),
      observation('b', '2024-01-02', lb),
      observation('c', '2024-01-03', kg(80)),
    ])
    expect(rows.map(({ unit, count, min, max, latest }) => [unit, count, min, max, latest])).toEqual([
      ['kg', 2, 80, 81, 'c'],
      ['lb', 1, 180, 180, 'b'],
    ])
  })

  test('of one unit are one row, however it is named', () => {
    const named = (unit?: string, code?: string) => ({
      valueQuantity: { value: 1, ...(unit && { unit }), ...(code && { code }) },
    })
    const rows = digest([
      observation('a', undefined, named('mmHg', 'mm[Hg]')),
      observation('b', undefined, named('millimeters of mercury', 'mm[Hg]')),
      observation('c', undefined, named(undefined, 'mm[Hg]')),
      observation('d', undefined, named('mg', 'mg')),
      observation('e', undefined, named('mg')),
      observation('f', undefined, named('mg', 'g')),
      observation('g', undefined, named()),
    ])
    expect(rows.map(({ unit, count }) => [unit, count])).toEqual([
      ['mmHg', 3],
      ['mg', 2],
      ['mg', 1],
      [undefined, 1],
    ])
  })

  test('that are missing for a stated reason are counted in the row of the most frequent unit', () => {
    const absent = { dataAbsentReason: { coding: [{ code: 'refused' }] } }
    const rows = digest([
      observation('a', '2024-01-01', absent),
      observation('b', '2024-01-02', kg(80)),
      observation('c', '2024-01-03', { valueQuantity: { value: 180, unit: 'lb' } }),
      observation('d', '2024-01-04', kg(81)),
      observation('e', '2024-01-05', absent),
    ])
    expect(rows).toMatchObject([
      { unit: 'kg', count: 4, noValue: 2, first: '2024-01-01', last: '2024-01-05', min: 80, max: 81, latest: 'e' },
      { unit: 'lb', count: 1 },
    ])
    expect(rows[0]).not.toHaveProperty('firstValue')
    expect(rows[0]).not.toHaveProperty('lastValue')
    expect(rows[1]).not.toHaveProperty('noValue')
    expect(one([observation('a', '2024-01-01')])).not.toHaveProperty('noValue')
  })

  test.each<[string, Record<string, unknown>, number | string]>([
    ['a whole number', { valueInteger: 7 }, 7],
    ['zero', { valueQuantity: { value: 0 } }, 0],
    ['a concept', { valueCodeableConcept: { coding: [{ code: '1', display: 'Positive' }] } }, 'Positive'],
    ['a concept by its code', { valueCodeableConcept: { coding: [{ code: '1' }] } }, '1'],
    ['a text in one line', { valueString: ' two\nlines ' }, 'two lines'],
    ['a truth value', { valueBoolean: false }, 'false'],
    ['a range', { valueRange: { low: { value: 1 }, high: { value: 5, unit: 'mm' } } }, '1 to 5 mm'],
    ['a titre', { valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }, '1:128'],
  ])('are shown: %s', (_, value, shown) => {
    const row = one([observation('a', '2024-01-01', value)])
    expect(row).toMatchObject({ firstValue: shown, lastValue: shown })
    expect('min' in row).toBe(typeof shown === 'number')
  })

  test('that are long texts are cut between characters', () => {
    const { lastValue } = one([observation('a', '2024-01-01', { valueString: '😀'.repeat(200) })])
    expect(lastValue).toBe(`${'😀'.repeat(79)}…`)
  })

  test('texts and numbers under one code are separate rows', () => {
    const rows = digest([
      observation('a', '2024-01-01', { valueString: 'high' }),
      observation('b', '2024-01-02', kg(80)),
    ])
    expect(rows.map(({ unit, firstValue }) => [unit, firstValue])).toEqual([
      ['kg', 80],
      [undefined, 'high'],
    ])
  })

  test('of bills are amounts by currency', () => {
    const claim = (id: string, value: number, currency: string) => ({
      ...{ resourceType: 'Claim', id, created: `2024-01-0${id}`, total: { value, currency } },
    })
    expect(digest([claim('1', 10.5, 'USD'), claim('2', 9, 'USD'), claim('3', 7, 'EUR')])).toEqual([
      {
        ...{ type: 'Claim', count: 2, first: '2024-01-01', firstValue: 10.5, last: '2024-01-02', lastValue: 9 },
        ...{ sum: 19.5, mean: 9.75, min: 9, max: 10.5, unit: 'USD', latest: '2' },
      },
      {
        ...{ type: 'Claim', count: 1, first: '2024-01-03', firstValue: 7, last: '2024-01-03', lastValue: 7 },
        ...{ sum: 7, mean: 7, min: 7, max: 7, unit: 'EUR', latest: '3' },
      },
    ])
  })
})

describe('withdrawn records', () => {
  test('are counted, but never first, last, lowest or highest', () => {
    const row = one([
      observation('a', '2020-01-01', { ...kg(8), status: 'entered-in-error' }),
      observation('b', '2024-01-01', kg(80)),
      observation('c', '2025-01-01', { ...kg(800), status: 'entered-in-error' }),
      observation('d', '2024-02-01', { ...kg(81), status: 'corrected' }),
    ])
    expect(row).toMatchObject({
      ...{ count: 4, status: 'entered-in-error 2, corrected 1, final 1' },
      ...{ first: '2024-01-01', firstValue: 80, last: '2024-02-01', lastValue: 81, min: 80, max: 81, latest: 'd' },
    })
  })

  test('alone leave only the count', () => {
    expect(one([observation('a', '2020-01-01', { ...kg(8), status: 'entered-in-error' })])).toStrictEqual({
      ...{ type: 'Observation', system: LOINC, code: '29463-7', display: 'Body weight' },
      ...{ count: 1, status: 'entered-in-error 1', unit: 'kg' },
    })
  })

  test('a problem or allergy is withdrawn by its verification status; otherwise its clinical status counts', () => {
    const problem = (resourceType: string, id: string, clinical: string, verification?: string) => ({
      ...{ resourceType, id, recordedDate: `2024-01-0${id}`, status: 'ignored' },
      clinicalStatus: { coding: [{ code: clinical }] },
      ...(verification && { verificationStatus: { coding: [{ code: verification }] } }),
    })
    for (const type of ['Condition', 'AllergyIntolerance']) {
      const row = one([
        problem(type, '1', 'active', 'refuted'),
        problem(type, '2', 'active', 'confirmed'),
        problem(type, '3', 'resolved'),
        problem(type, '4', 'active', 'entered-in-error'),
      ])
      expect(row).toMatchObject({
        ...{ count: 4, status: 'active 1, entered-in-error 1, refuted 1, resolved 1' },
        ...{ first: '2024-01-02', last: '2024-01-03', latest: '3' },
      })
    }
  })
})

describe('components', () => {
  const coded = (code: string) => ({ coding: [{ system: LOINC, code }] })
  const mmHg = (value: number) => ({ valueQuantity: { value, unit: 'mmHg' } })
  const panel = (id: string, date: string, systolic: object, diastolic: object, status = 'final') => ({
    ...{ resourceType: 'Observation', id, status, effectiveDateTime: date, code: coded('85354-9') },
    component: [
      { code: coded('8480-6'), ...systolic },
      { code: coded('8462-4'), ...diastolic },
    ],
  })

  test('have separate rows that name the whole', () => {
    const rows = digest([
      panel('a', '2024-01-01', mmHg(130), mmHg(80)),
      panel('b', '2024-02-01', mmHg(140), { dataAbsentReason: { text: 'cuff' } }),
      panel('c', '2024-03-01', mmHg(999), mmHg(999), 'entered-in-error'),
      { ...observation('d', '2024-01-05', mmHg(120)), code: coded('8480-6') },
    ])
    expect(rows).toEqual([
      {
        ...{ type: 'Observation', system: LOINC, code: '8462-4', of: '85354-9', count: 3 },
        ...{ status: 'final 2, entered-in-error 1', noValue: 1 },
        ...{
          first: '2024-01-01',
          firstValue: 80,
          last: '2024-02-01',
          sum: 80,
          mean: 80,
          min: 80,
          max: 80,
          unit: 'mmHg',
          latest: 'b',
        },
      },
      {
        ...{ type: 'Observation', system: LOINC, code: '8480-6', of: '85354-9', count: 3 },
        ...{ status: 'final 2, entered-in-error 1' },
        ...{ first: '2024-01-01', firstValue: 130, last: '2024-02-01', lastValue: 140 },
        ...{ sum: 270, mean: 135, min: 130, max: 140, unit: 'mmHg', latest: 'b' },
      },
      {
        ...{ type: 'Observation', system: LOINC, code: '85354-9', count: 3, status: 'final 2, entered-in-error 1' },
        ...{ first: '2024-01-01', last: '2024-02-01', latest: 'b' },
      },
      {
        ...{ type: 'Observation', system: LOINC, code: '8480-6', count: 1, status: 'final 1' },
        ...{ first: '2024-01-05', firstValue: 120, last: '2024-01-05', lastValue: 120 },
        ...{ sum: 120, mean: 120, min: 120, max: 120, unit: 'mmHg', latest: 'd' },
      },
    ])
    expect(Object.keys(rows[0] ?? {}).slice(0, 7)).toEqual([
      ...['type', 'system', 'code', 'of', 'count', 'status', 'noValue'],
    ])
  })

  test('without a code, or a code of the whole, are still distinguished from whole resources', () => {
    const rows = digest([{ resourceType: 'Observation', component: [{ valueInteger: 1 }, 'odd', null] }])
    expect(rows).toEqual([
      { type: 'Observation', count: 1 },
      { type: 'Observation', of: 'Observation', count: 1, sum: 1, mean: 1, min: 1, max: 1 },
    ])
  })
})
