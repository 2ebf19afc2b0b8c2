// What the views make of data, without a browser: panels, ranges, rows, dates, order.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event, Point, Series } from '../../../src/tools/show/shown.ts'
import { bandsOf, dotsOf, filtered, panelsOf, rowsOf, sorted, spanOf } from '../../../views/marks.ts'
import { dateText, knownLocale, numberText, tickText, timeOf } from '../../../views/times.ts'

const point = (at: string, value: number, more: Partial<Point> = {}): Point => ({
  id: 'Observation/1',
  at,
  value,
  ...more,
})
const series = (of: string, name: string, unit: string, points: Point[]): Series => ({
  ...{ of, code: name, name, unit, points, total: points.length },
})

test('a panel has one unit, and shows what was measured together', () => {
  const some = [point('2024', 1)]
  const panels = panelsOf({
    series: [
      series('bp', 'Systolic', 'mmHg', some),
      series('w', 'Weight', 'kg', some),
      series('bp', 'Diastolic', 'mmHg', some),
      series('w', 'Weight', 'lbs', some),
    ],
  })
  expect(panels.map(({ names, unit }) => [names, unit])).toEqual([
    [['Systolic', 'Diastolic'], 'mmHg'],
    [['Weight'], 'kg'],
    [['Weight'], 'lbs'],
  ])
  expect(panelsOf({ series: [series('x', 'X', '', []), series('y', 'Y', '', [point('no date', 1)])] })).toEqual([])
})

test('a range reaches halfway to results with another range, and no further than the measurements', () => {
  const dots = dotsOf(
    series('x', 'X', '', [
      point('2024-01-01', 1, { high: 5 }),
      point('2024-01-03', 1, { high: 5 }),
      point('2024-01-05', 1, { high: 6 }),
      point('2024-01-07', 1),
    ]),
  )
  const day = (at: number) => at / 86_400_000 - (timeOf('2024-01-01') ?? 0) / 86_400_000
  expect(bandsOf(dots).map(({ from, to, high }) => [day(from), day(to), high])).toEqual([
    [0, 3, 5],
    [3, 5, 6],
  ])
})

test('events of one row never overlap, and all are drawn', () => {
  const date = fc
    .date({ min: new Date('2000-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((one) => one.toISOString())
  const event = fc.record({ id: fc.constant('Task/1'), name: fc.string(), from: date, to: date }) as fc.Arbitrary<Event>
  fc.assert(
    fc.property(fc.array(event, { maxLength: 11 }), fc.integer({ min: 0, max: 1e10 }), (events, width) => {
      const bars = rowsOf(events, Date.now(), width)
      expect(bars).toHaveLength(events.length)
      for (const one of bars) expect(one.to).toBeGreaterThanOrEqual(one.from)
      for (const [, row] of Map.groupBy(bars, ({ row }) => row)) {
        for (const [at, bar] of row.entries()) if (at > 0) expect(bar.from).toBeGreaterThanOrEqual(row[at - 1]?.to ?? 0)
      }
    }),
  )
})

describe('dates', () => {
  test.each([
    ['2024', '2024'],
    ['2024-03', 'Mar 2024'],
    ['2024-03-05', '5 Mar 2024'],
    ['2024-03-05T23:30:00Z', '6 Mar 2024, 00:30'],
    ['soon', 'soon'],
  ])('%s is read as %s', (date, text) => {
    expect(dateText(date, { locale: 'en-GB', timeZone: 'Europe/Berlin' })).toBe(text)
  })

  test('use the host’s locale and zone as far as the browser knows them', () => {
    expect(knownLocale('de-DE', 'Europe/Berlin')).toEqual({ locale: 'de-DE', timeZone: 'Europe/Berlin' })
    expect(knownLocale('</script>', 'Nowhere/None')).toEqual({ locale: undefined, timeZone: undefined })
    expect(numberText(1234.5, { locale: 'de-DE', timeZone: undefined })).toBe('1.234,5')
  })
})

test('a day stays that day, and a time without a zone is the same moment, wherever the browser is', () => {
  const zone = process.env.TZ
  process.env.TZ = 'America/New_York'
  try {
    expect(new Date(2024, 0).getTimezoneOffset()).not.toBe(0)
    expect(dateText('2024-03-05', { locale: 'en-GB', timeZone: undefined })).toBe('5 Mar 2024')
    expect(timeOf('2024-03-05T23:30:00')).toBe(Date.UTC(2024, 2, 5, 23, 30))
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

test('what is no number has no place in a chart, and bars are by time', () => {
  const none = [Number.NaN, Number.POSITIVE_INFINITY].map((value) => point('2024', value))
  expect(dotsOf(series('x', 'X', '', none))).toEqual([])
  const events = ['2024', '2022', '2023'].map((from): Event => ({ id: 'Task/1', name: 'x', from }))
  expect(rowsOf(events, 0, 0).map(({ when }) => when.from)).toEqual(['2022', '2023', '2024'])
})

test.each([
  [100_000_000, '100,000,000'],
  [-0.005, '-0.005'],
  [0, '0'],
  [2e12, '2E12'],
  [0.000_000_2, '2E-7'],
])('beside an axis, %s is %s', (value, text) => {
  expect(tickText(value, { locale: 'en-GB', timeZone: undefined })).toBe(text)
})

test('series of one name in one panel are told apart', () => {
  const some = [point('2024', 1)]
  const same = { ...series('bp', 'Systolic', 'mmHg', some), code: '1' }
  const names = (...all: Series[]) => panelsOf({ series: all })[0]?.names
  expect(names(same, { ...same, code: '2' })).toEqual(['Systolic (1)', 'Systolic (2)'])
  expect(names(same, same)).toEqual(['Systolic (1)', 'Systolic (1) 2'])
})

test('what goes on reaches until now, what did not happen is marked, and a moment is a point', () => {
  const now = Date.parse('2026-01-01')
  const event = (more: Partial<Event>): Event => ({ id: 'Task/1', name: 'x', from: '2024', ...more })
  const [bar] = rowsOf([event({ active: true })], now, 0)
  expect(bar).toMatchObject({ to: now, point: false, unreal: false })
  expect(rowsOf([event({ unreal: true })], now, 10)[0]).toMatchObject({ point: true, unreal: true })
  expect(rowsOf([event({ active: true, to: '2025' })], now, 0)[0]).toMatchObject({ to: Date.parse('2025') })
})

test('a single moment, or none, has a span that can be drawn', () => {
  for (const times of [[], [0], [5, 5]]) {
    const [from, to] = spanOf(times)
    expect(to).toBeGreaterThan(from)
  }
})

test('rows are sorted as numbers or texts, empty cells last, and found by any cell', () => {
  const rows = [10, null, 9, 'b', 'Ä'].map((cell) => ({ cells: [cell] }))
  const cells = (list: typeof rows) => list.map(({ cells: [cell] }) => cell)
  expect(cells(sorted(rows, 0, false, 'de'))).toEqual([9, 10, 'Ä', 'b', null])
  expect(cells(sorted(rows, 0, true, 'de'))).toEqual(['b', 'Ä', 10, 9, null])
  expect(cells(filtered(rows, 'ä'))).toEqual(['Ä'])
})
