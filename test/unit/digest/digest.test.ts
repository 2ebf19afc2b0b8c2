import { describe, expect, test } from 'vitest'
import { type DigestRow, digest, essenceOf } from '../../../src/answer/digest/digest.ts'
import { kg, LOINC, observation, one } from './digesting.ts'

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

  test('is sorted by type, count and code', () => {
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

  test('without a code gives one row per type', () => {
    expect(
      digest([{ resourceType: 'Patient', id: '1' }, { resourceType: 'Patient', id: '2' }, { resourceType: 'Task' }]),
    ).toEqual([
      { type: 'Patient', count: 2, latest: '2' },
      { type: 'Task', count: 1 },
    ])
  })

  test('is the same for one code whatever its display, but differs by system', () => {
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

  test('if there are none, the resource stored last is the latest', () => {
    const stored = (id: string, lastUpdated?: string) => ({ resourceType: 'Patient', id, meta: { lastUpdated } })
    expect(one([stored('a', '2024-01-01T00:00:00Z'), stored('b', '2024-01-02T00:00:00+05:00'), stored('c')])).toEqual({
      ...{ type: 'Patient', count: 3, latest: 'b' },
    })
  })

  /** The earliest and the latest of dates, in both orders. */
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

  test('less precise than a day begin with their first day', () => {
    expect(ends('2019', '2018-12-31', '2019-03', '2019-03-05')).toEqual(['2018-12-31', '2019-03-05'])
    expect(ends('2019', '2019-01-01T00:00:00Z', '2019-01')).toEqual(['2019-01-01T00:00:00Z', '2019'])
    expect(ends('2019', '2018')).toEqual(['2018', '2019'])
  })
})
