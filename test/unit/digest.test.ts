// What a digest says of resources: by hand for each trap, by property for whatever may come.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DigestRow, digest, essenceOf } from '../../src/answer/digest/digest.ts'
import { isRecord } from '../../src/base/json.ts'
import { runs } from '../runs.ts'

const LOINC = 'http://loinc.org'
const weight = { coding: [{ system: LOINC, code: '29463-7', display: 'Body weight' }] }

function observation(id: string, date: string | undefined, rest: Record<string, unknown> = {}) {
  return {
    ...{ resourceType: 'Observation', id, status: 'final', code: weight },
    ...(date !== undefined && { effectiveDateTime: date }),
    ...rest,
  }
}

function kg(value: number, comparator?: string) {
  const unit = { unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' }
  return { valueQuantity: { value, ...unit, ...(comparator && { comparator }) } }
}

/** The only row. */
function one(resources: unknown[]): DigestRow {
  const rows = digest(resources)
  expect(rows).toHaveLength(1)
  return rows[0] as DigestRow
}

describe('a row', () => {
  test('has its properties in order, without empty ones', () => {
    const row = one([
      observation('b', '2024-03-01', kg(80)),
      observation('a', '2023-03-01', kg(82.5)),
      observation('c', '2024-01-01', kg(79)),
    ])
    expect(Object.entries(row)).toEqual([
      ['type', 'Observation'],
      ['system', LOINC],
      ['code', '29463-7'],
      ['display', 'Body weight'],
      ['count', 3],
      ['status', 'final 3'],
      ['first', '2023-03-01'],
      ['firstValue', 82.5],
      ['last', '2024-03-01'],
      ['lastValue', 80],
      ['sum', 241.5],
      ['mean', 80.5],
      ['min', 79],
      ['max', 82.5],
      ['unit', 'kg'],
      ['latest', 'b'],
    ])
    expect(digest([{ resourceType: 'Basic' }])).toStrictEqual([{ type: 'Basic', count: 1 }])
  })

  test('stands by type, then by count, then by code', () => {
    const coded = (resourceType: string, code: string) => ({ resourceType, code: { coding: [{ code }] } })
    const rows = digest([
      ...[coded('Procedure', 'b'), coded('Procedure', 'a'), coded('Procedure', 'c'), coded('Procedure', 'c')],
      ...[{ resourceType: 'Procedure' }, coded('Condition', 'z')],
    ])
    expect(rows.map(({ type, code }) => [type, code])).toEqual([
      ['Condition', 'z'],
      ['Procedure', 'c'],
      ['Procedure', 'a'],
      ['Procedure', 'b'],
      ['Procedure', undefined],
    ])
  })
})

describe('what a resource is about', () => {
  test.each<[string, Record<string, unknown>, Partial<DigestRow>]>([
    [
      'the coding that a user selected',
      { resourceType: 'Condition', code: { coding: [{ code: 'a' }, { system: 's', code: 'b', userSelected: true }] } },
      { system: 's', code: 'b' },
    ],
    [
      'else the first that says anything',
      { resourceType: 'Condition', code: { coding: [{}, { system: 's' }, { code: 'b' }, { code: 'c' }] } },
      { code: 'b' },
    ],
    [
      'the text where there is no code',
      { resourceType: 'Condition', code: { text: ' Sore\n throat ' } },
      { display: 'Sore throat' },
    ],
    [
      'the text where the coding has no display',
      { resourceType: 'Condition', code: { coding: [{ code: 'a' }], text: 'Gout' } },
      { code: 'a', display: 'Gout' },
    ],
    ['a vaccine', { resourceType: 'Immunization', vaccineCode: { coding: [{ code: '150' }] } }, { code: '150' }],
    [
      'a medication by its concept',
      { resourceType: 'MedicationRequest', medicationCodeableConcept: { coding: [{ code: '314077' }] } },
      { code: '314077' },
    ],
    [
      'a medication by the display of its reference',
      { resourceType: 'MedicationRequest', medicationReference: { reference: 'Medication/1', display: 'Aspirin' } },
      { display: 'Aspirin' },
    ],
    [
      'a contained medication by its code',
      {
        resourceType: 'MedicationRequest',
        contained: [{ resourceType: 'Medication', id: 'm', code: { coding: [{ code: '1191' }] } }],
        medicationReference: { reference: '#m' },
      },
      { code: '1191' },
    ],
    [
      'a type',
      { resourceType: 'Encounter', class: { code: 'AMB' }, type: [{ coding: [{ code: 't' }] }] },
      { code: 't' },
    ],
    [
      'a class without a type',
      { resourceType: 'Encounter', class: { code: 'AMB', display: 'ambulatory' } },
      { code: 'AMB' },
    ],
    ['a service', { resourceType: 'Appointment', serviceType: [{ text: 'Check-up' }] }, { display: 'Check-up' }],
    [
      'a questionnaire',
      { resourceType: 'QuestionnaireResponse', questionnaire: 'http://x/q|1' },
      { code: 'http://x/q|1' },
    ],
    ['a category', { resourceType: 'CarePlan', category: [{ coding: [{ code: 'k' }] }] }, { code: 'k' }],
    [
      'a goal',
      { resourceType: 'Goal', description: { text: 'Walk' }, lifecycleStatus: 'active' },
      { display: 'Walk', status: 'active 1' },
    ],
    [
      'the code of a type without a rule',
      { resourceType: 'Invented', code: { coding: [{ code: 'x' }] } },
      { code: 'x' },
    ],
  ])('%s', (_, resource, expected) => {
    expect(one([resource])).toMatchObject(expected)
    expect(one([essenceOf(resource)])).toEqual(one([resource]))
  })

  test('of nothing is one row for each type', () => {
    expect(
      digest([{ resourceType: 'Patient', id: '1' }, { resourceType: 'Patient', id: '2' }, { resourceType: 'Task' }]),
    ).toEqual([
      { type: 'Patient', count: 2, latest: '2' },
      { type: 'Task', count: 1 },
    ])
  })

  test('is the same for one code whatever its display, and another for another system', () => {
    const coded = (system: string, display?: string) => ({
      resourceType: 'Condition',
      code: { coding: [{ system, code: '1', ...(display && { display }) }] },
    })
    expect(digest([coded('a'), coded('a', 'Gout'), coded('a', 'gout'), coded('b')])).toEqual([
      { type: 'Condition', system: 'a', code: '1', display: 'Gout', count: 3 },
      { type: 'Condition', system: 'b', code: '1', count: 1 },
    ])
  })
})

describe('dates', () => {
  test.each<[string, Record<string, unknown>, string | undefined]>([
    ['a period', { effectivePeriod: { start: '2024-01-02', end: '2024-02-01' } }, '2024-01-02'],
    ['a period that only ends', { performedPeriod: { end: '2024-02-01' } }, '2024-02-01'],
    ['an instant', { effectiveInstant: '2024-01-02T10:00:00Z' }, '2024-01-02T10:00:00Z'],
    ['a timing', { occurrenceTiming: { event: ['2024-01-03'] } }, '2024-01-03'],
    ['when it happened before when it was recorded', { onsetDateTime: '2019', recordedDate: '2024-01-01' }, '2019'],
    ['when it was recorded', { onsetAge: { value: 40 }, recordedDate: '2024-01-01' }, '2024-01-01'],
    ['when it was ordered', { authoredOn: '2024-01-01' }, '2024-01-01'],
    [
      'when it begins before when it was made',
      { created: '2024-01-01', start: '2024-02-01T09:00:00Z' },
      '2024-02-01T09:00:00Z',
    ],
    ['a specimen', { collection: { collectedDateTime: '2024-01-01' } }, '2024-01-01'],
    [
      'the next where one is no date',
      { effectiveDateTime: 'yesterday', issued: '2024-01-01T00:00:00Z' },
      '2024-01-01T00:00:00Z',
    ],
    ['never when it was stored', { meta: { lastUpdated: '2024-01-01T00:00:00Z' } }, undefined],
    ['no day that there is none', { effectiveDateTime: '2023-02-29' }, undefined],
  ])('%s', (_, resource, expected) => {
    const row = one([{ resourceType: 'Invented', ...resource }])
    expect(row.first).toBe(expected)
    expect(row.last).toBe(expected)
  })

  test('without any, the resource stored last is the latest', () => {
    const stored = (id: string, lastUpdated?: string) => ({ resourceType: 'Patient', id, meta: { lastUpdated } })
    expect(one([stored('a', '2024-01-01T00:00:00Z'), stored('b', '2024-01-02T00:00:00+05:00'), stored('c')])).toEqual({
      ...{ type: 'Patient', count: 3, latest: 'b' },
    })
  })

  /** The earliest and the latest of dates, in both orders of the set. */
  function ends(...dates: string[]) {
    const found = [dates, dates.toReversed()].map((all) => one(all.map((date, at) => observation(`${at}`, date))))
    expect(found[1]).toMatchObject({ first: found[0]?.first, last: found[0]?.last })
    return [found[0]?.first, found[0]?.last]
  }

  test('are compared as time, not as text', () => {
    // 02:30 UTC of the next day, although the day is written as the earlier one.
    expect(ends('2024-03-10T23:30:00-05:00', '2024-03-11T01:00:00Z')).toEqual([
      '2024-03-11T01:00:00Z',
      '2024-03-10T23:30:00-05:00',
    ])
    expect(ends('2024-03-10T09:00:00+14:00', '2024-03-09T20:00:00Z')).toEqual([
      '2024-03-10T09:00:00+14:00',
      '2024-03-09T20:00:00Z',
    ])
    expect(ends('2024-03-10T10:00:00.5Z', '2024-03-10T10:00:00Z', '2024-03-10T10:00Z')).toEqual([
      '2024-03-10T10:00:00Z',
      '2024-03-10T10:00:00.5Z',
    ])
  })

  test('of less than a day begin with their first day', () => {
    expect(ends('2019', '2018-12-31', '2019-03', '2019-03-05')).toEqual(['2018-12-31', '2019-03-05'])
    expect(ends('2019', '2019-01-01T00:00:00Z', '2019-01')).toEqual(['2019-01-01T00:00:00Z', '2019'])
    expect(ends('2019', '2018')).toEqual(['2018', '2019'])
  })
})

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

  test('of one unit are one row, whatever it is called', () => {
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

  test('that are missing are counted if there is a reason, in the row of the most frequent unit', () => {
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

  test('of texts and numbers under one code are rows of their own', () => {
    const rows = digest([
      observation('a', '2024-01-01', { valueString: 'high' }),
      observation('b', '2024-01-02', kg(80)),
    ])
    expect(rows.map(({ unit, firstValue }) => [unit, firstValue])).toEqual([
      ['kg', 80],
      [undefined, 'high'],
    ])
  })

  test('of bills are amounts, by currency', () => {
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

describe('what is withdrawn', () => {
  test('is counted, and neither first nor last nor least nor most', () => {
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

  test('alone leaves only the count', () => {
    expect(one([observation('a', '2020-01-01', { ...kg(8), status: 'entered-in-error' })])).toStrictEqual({
      ...{ type: 'Observation', system: LOINC, code: '29463-7', display: 'Body weight' },
      ...{ count: 1, status: 'entered-in-error 1', unit: 'kg' },
    })
  })

  test('is a problem or allergy by its verification, else its state is the clinical one', () => {
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

  test('have rows of their own that name what they are part of', () => {
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
      'type',
      'system',
      'code',
      'of',
      'count',
      'status',
      'noValue',
    ])
  })

  test('without a code of their own or of the whole are still told from whole resources', () => {
    const rows = digest([{ resourceType: 'Observation', component: [{ valueInteger: 1 }, 'odd', null] }])
    expect(rows).toEqual([
      { type: 'Observation', count: 1 },
      { type: 'Observation', of: 'Observation', count: 1, sum: 1, mean: 1, min: 1, max: 1 },
    ])
  })
})

// ── Whatever may come ──

/** JSON that resembles resources enough to get far: the names and words that a digest looks for, with anything in them. */
const odd = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('2024', '2024-01-01T00:00:00Z', '<', 'entered-in-error', '__proto__', 'constructor', 3, -0.5),
    tie('node'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
  node: fc.dictionary(
    fc.constantFrom(
      ...[
        'resourceType',
        'id',
        'meta',
        'lastUpdated',
        'status',
        'clinicalStatus',
        'verificationStatus',
        'code',
        'coding',
      ],
      ...['system', 'display', 'text', 'userSelected', 'type', 'class', 'category', 'medicationReference', 'reference'],
      ...['contained', 'component', 'valueQuantity', 'value', 'unit', 'comparator', 'valueString', 'valueRange', 'low'],
      ...[
        'dataAbsentReason',
        'effectiveDateTime',
        'period',
        'start',
        'collection',
        'occurrenceTiming',
        'event',
        'total',
      ],
      ...['__proto__', 'constructor', 'toString'],
    ),
    tie('value'),
    { maxKeys: 8 },
  ),
})).node
const resource = fc.oneof(
  odd.map((node) => ({ ...(node as object), resourceType: 'Observation' })),
  odd,
  fc.jsonValue(),
  fc.constantFrom(undefined, null, NaN, Symbol.iterator, [], 'x'),
)

test('for any input: no resource is lost or counted twice, and every property is a scalar', () => {
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 12 }), (resources) => {
      const rows = digest(resources)
      const counted = new Map<string, number>()
      for (const { type, of, count } of rows) if (of === undefined) counted.set(type, (counted.get(type) ?? 0) + count)
      const given = new Map<string, number>()
      for (const one of resources) given.set(typeIn(one), (given.get(typeIn(one)) ?? 0) + 1)
      expect(counted).toEqual(new Map([...given].sort(([a], [b]) => (a < b ? -1 : 1))))
      for (const value of rows.flatMap((row) => Object.values(row)))
        expect(['string', 'number']).toContain(typeof value)
      // What is left out before is nothing that a digest would read.
      expect(digest(resources.map((one) => (isRecord(one) ? essenceOf(one) : one)))).toEqual(rows)
    }),
    { numRuns: runs(1000) },
  )
})

function typeIn(value: unknown): string {
  const type = isRecord(value) ? value.resourceType : undefined
  return ['string', 'number', 'boolean'].includes(typeof type) && type !== '' ? String(type) : 'unknown'
}

test('a resource keeps everything that a digest reads', () => {
  for (const resourceType of ['Observation', 'Condition', 'Claim', 'Encounter', 'Goal', 'ImagingStudy', 'AuditEvent']) {
    const read = new Set<string>()
    const watched = new Proxy<Record<string, unknown>>(
      { resourceType, id: 'a' },
      {
        get(target, name) {
          if (typeof name === 'string') read.add(name)
          return Reflect.get(target, name)
        },
      },
    )
    digest([watched])
    expect(read.size).toBeGreaterThan(50)
    const whole = Object.fromEntries([...read].map((name) => [name, true]))
    expect(essenceOf({ ...whole, text: true, note: true, extension: true })).toEqual(whole)
  }
})

test('the order of the set changes only ties', () => {
  const dated = fc
    .uniqueArray(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 })
    .chain((days) => fc.tuple(fc.constant(days), fc.shuffledSubarray(days, { minLength: days.length })))
  const made = (day: number) => {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
    return observation(`id-${day}`, date, kg(day, day % 3 === 0 ? '<' : undefined))
  }
  fc.assert(
    fc.property(dated, ([days, shuffled]) => {
      expect(digest(shuffled.map(made))).toEqual(digest(days.map(made)))
    }),
  )
})
