import { describe, expect, test } from 'vitest'
import { groupRows, type Row, sortRows } from '../../../src/answer/digest/groups.ts'
import { Members } from '../../../src/tools/digest/members.ts'

const BASE = new URL('https://api.example.com/fhir/R4/')

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
  test('sum by unit, never across units, and say what is in no sum', () => {
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

  test('count a record under each value that an expression finds, or under none', () => {
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

  test('recognize one subject however it is referred to, and use the name that any record has', () => {
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

  test('have no column with two meanings', () => {
    const [row] = rowsOf(
      [{ resourceType: 'Basic', id: '1', count: 'x', value: 'y', status: 'draft' }],
      ['count', 'value', 'status'],
    )
    expect(row).toEqual({ '(count)': 'x', '(value)': 'y', status: 'draft', count: 1 })
  })

  test('count a record with several values once', () => {
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

  test('has a counterpart: the first of each', () => {
    const rows = rowsOf(two({ date: '2026-01-01', value: 1 }, { date: '2026-02-01', value: 2 }), ['subject'], 'first')
    expect(rows).toMatchObject([{ date: '2026-01-01', value: 1 }])
  })

  test('says only the count if no record is valid', () => {
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
