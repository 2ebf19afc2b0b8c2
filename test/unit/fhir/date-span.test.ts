// FHIR dates as spans of time, whatever their precision and zone.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSpans, spanOf } from '../../../src/fhir/date-span.ts'

test('the order of dates is that of their instants, in every zone', () => {
  const instant = fc.date({ min: new Date('0001-01-02'), max: new Date('9998-12-30'), noInvalidDate: true })
  const zone = fc.integer({ min: -14 * 60, max: 14 * 60 })
  fc.assert(
    fc.property(instant, zone, instant, zone, (a, east, b, west) => {
      const [left, right] = [spanOf(inZone(a, east)), spanOf(inZone(b, west))]
      expect(left?.start).toBe(a.getTime())
      expect(Math.sign(left && right ? compareSpans(left, right) : Number.NaN)).toBe(
        Math.sign(a.getTime() - b.getTime()),
      )
    }),
  )
})

/** The same instant as the clocks of that zone show it, in minutes east of UTC. */
function inZone(at: Date, minutes: number): string {
  const local = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, -1)
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${local}${minutes < 0 ? '-' : '+'}${`${hours}`.padStart(2, '0')}:${`${rest}`.padStart(2, '0')}`
}

test.each([
  ['2024-02-29', Date.UTC(2024, 1, 29), 1],
  ['0099', Date.parse('0099-01-01T00:00:00Z'), 365],
  ['2024', Date.UTC(2024, 0), 366],
  ['2023-12', Date.UTC(2023, 11), 31],
])('%s is a span of days', (date, start, days) => {
  expect(spanOf(date)).toEqual({ start, end: start + days * 86_400_000 })
})

test('a leap second is the end of its minute', () => {
  const at = spanOf('2016-12-31T23:59:60Z')?.start ?? 0
  expect(at).toBeGreaterThan(spanOf('2016-12-31T23:59:59Z')?.start ?? 0)
  expect(at).toBeLessThan(spanOf('2017-01-01')?.start ?? 0)
})

test.each(['', '24', '2024-1-1', '2024-13', '2024-00-01', '2024-02-30', '2024-01-01T25:00:00Z', ' 2024', 2024, null])(
  '%j is not a date',
  (odd) => {
    expect(spanOf(odd)).toBeUndefined()
  },
)
