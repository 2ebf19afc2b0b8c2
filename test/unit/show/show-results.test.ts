// What `show` draws of a single result, whatever its shape: nothing as plain fact that isn't one.
import { describe, expect, test } from 'vitest'
import { essenceOf, seriesIn } from '../../../src/tools/show/series.ts'
import { expectParts, quantity, type Resource } from './showing.ts'

const AT = { effectiveDateTime: '2024' }

/** The point of a result, or why there is none. */
function drawn(more: Resource) {
  const observation = { resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'X' }, ...more }
  const { series, undrawn } = seriesIn([essenceOf(observation)])
  return series[0]?.points[0] ?? undrawn[0]?.reason
}

const valued = (value: number, more: Resource = {}) => ({ ...AT, valueQuantity: quantity(value), ...more })
const compared = (comparator: string, value: number, more: Resource = {}) => ({
  ...{ ...AT, valueQuantity: quantity(value, undefined, { comparator }) },
  ...more,
})
const range = (low: number, high: number, more: Resource = {}) => ({
  ...{ low: quantity(low), high: quantity(high) },
  ...more,
})
const ranged = (...referenceRange: Resource[]) => ({ referenceRange })
const called = (...codes: string[]) => ({ interpretation: codes.map((code) => ({ coding: [{ code }] })) })
const WOMEN = { appliesTo: [{ text: 'women' }] }
const MEN = { appliesTo: [{ text: 'men' }] }
const NORMAL = ranged(range(4, 6))

test('a result that two pages have is one result', () => {
  const one = { resourceType: 'Observation', status: 'final', code: { text: 'X' }, ...valued(5) }
  const ids: (string | undefined)[] = ['a', 'b', 'a', undefined, undefined]
  expect(seriesIn(ids.map((id) => ({ ...one, id }))).series[0]?.total).toBe(4)
})

describe('a result', () => {
  test.each<[string, Resource, Resource]>([
    ['in range', valued(5, NORMAL), { low: 4, high: 6, flag: undefined }],
    ['above its range', valued(7, NORMAL), { flag: 'high' }],
    ['below its range', valued(3, NORMAL), { flag: 'low' }],
    ['less than 10 (perhaps in range)', compared('<', 10, NORMAL), { sign: '<', flag: undefined }],
    ['more than 3 (perhaps in range)', compared('>', 3, NORMAL), { sign: '>', flag: undefined }],
    ['more than the upper bound', compared('>', 6, NORMAL), { flag: 'high' }],
    ['as much as suffices, which is not a measure', compared('ad', 7, NORMAL), { sign: 'ad', flag: undefined }],
    [
      'called critical by a display alone',
      valued(5, { interpretation: [{ coding: [{ display: 'Critical low' }] }] }),
      { flag: 'low' },
    ],
    ['less than the lower bound', compared('<', 4, NORMAL), { flag: 'low' }],
    ['called high in words only', valued(5, { interpretation: [{ text: 'High' }] }), { flag: 'high' }],
    ['called normal though out of range', valued(7, { ...NORMAL, ...called('N') }), { flag: undefined }],
    ['called normal and high', valued(5, called('N', 'HH')), { flag: 'high' }],
    ['called abnormal and low', valued(5, called('A', 'L')), { flag: 'low' }],
    ['called high and low', valued(5, called('H', 'L')), { flag: 'abnormal' }],
    [
      'with a range in words',
      valued(5, ranged({ text: '4 - 6 fasting' })),
      { low: undefined, remark: 'range 4 - 6 fasting' },
    ],
    [
      'with a range in another unit',
      { ...AT, valueQuantity: quantity(95, 'mg/dL'), ...NORMAL },
      { low: undefined, flag: undefined, remark: 'range 4 mmol/L to 6 mmol/L' },
    ],
    [
      'with a range half of which is in another unit',
      valued(5, ranged({ low: quantity(4), high: quantity(100, 'mg/dL') })),
      { low: undefined, high: undefined, remark: 'range 4 mmol/L to 100 mg/dL' },
    ],
    ['with one range given twice', valued(5, ranged(range(4, 6), range(4, 6))), { low: 4, high: 6 }],
    [
      'with a range for women and one for men',
      valued(7, ranged(range(4, 6, WOMEN), range(5, 8, MEN))),
      { low: undefined, flag: undefined, remark: 'range 4 mmol/L to 6 mmol/L, women; 5 mmol/L to 8 mmol/L, men' },
    ],
    [
      'with a range that is not the normal one',
      valued(5, ranged(range(1, 2, { type: { coding: [{ code: 'therapeutic' }] } }))),
      { low: undefined, flag: undefined, remark: undefined },
    ],
    [
      'with a range for some people only',
      valued(7, ranged(range(4, 6, { ...WOMEN, age: { high: quantity(12, 'a') } }))),
      { low: 4, high: 6, flag: 'high', remark: 'range for women, age up to 12 a' },
    ],
    [
      'with a range whose bounds are swapped',
      valued(5, ranged(range(6, 4))),
      { low: undefined, flag: undefined, remark: 'range 6 mmol/L to 4 mmol/L' },
    ],
    [
      'with a value and a reason for having none',
      valued(5, { dataAbsentReason: { text: 'error' } }),
      { remark: 'also recorded as no value (error)' },
    ],
    [
      'over a period',
      { effectivePeriod: { start: '2024-01-01', end: '2024-01-02' }, valueQuantity: quantity(5) },
      { at: '2024-01-01', remark: 'until 2024-01-02' },
    ],
    [
      'over a period without a start',
      { effectivePeriod: { end: '2024-01-02' }, valueQuantity: quantity(5) },
      { at: '2024-01-02', remark: 'end date' },
    ],
    [
      'at several times',
      { effectiveTiming: { event: ['2024-01-01', '2024-01-02'] }, valueQuantity: quantity(5) },
      { at: '2024-01-01', remark: 'at several times' },
    ],
    ['dated by its issue', { issued: '2024-01-02T00:00:00Z', valueQuantity: quantity(5) }, { remark: 'issue date' }],
    ['at an instant', { effectiveInstant: '2024-01-02T00:00:00Z', valueQuantity: quantity(5) }, { remark: undefined }],
    ['without a status', valued(5, { status: undefined }), { status: 'no status' }],
    ['that was amended', valued(5, { status: 'amended' }), { status: undefined }],
  ])('%s is drawn as the record says', (_what, more, point) => {
    expectParts(drawn(more), point)
  })

  test.each<[string, Resource, string]>([
    ['that is a ratio', { ...AT, valueRatio: { numerator: { value: 1 } } }, 'value is not a number'],
    ['that is sampled data', { ...AT, valueSampledData: { data: '1 2' } }, 'value is not a number'],
    ['without a value', AT, 'no value'],
    ['whose value is absent for a reason', { ...AT, dataAbsentReason: { text: 'lost' } }, 'no value (lost)'],
    ['without a date', { valueQuantity: quantity(5) }, 'no date'],
    ['that was cancelled', valued(5, { status: 'cancelled' }), 'cancelled'],
    ['entered in error', valued(5, { status: 'entered-in-error' }), 'entered in error'],
  ])('%s is not drawn, and the reason is given', (_what, more, reason) => {
    expect(drawn(more)).toBe(reason)
  })
})
