// How much `show` draws and says, without a server: many results become few, and everything has a limit.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bound, MAX_STRUCTURED } from '../../../src/tools/show/bound.ts'
import { seriesIn, thinned } from '../../../src/tools/show/series.ts'
import type { Event, Point, Summary, Timeline, Trend } from '../../../src/tools/show/shown.ts'
import { wordsText } from '../../../src/tools/show/words.ts'
import { PERSON } from './showing.ts'

const point = fc.record({
  id: fc.constant('Observation/1'),
  at: fc.constant('2024'),
  value: fc.double({ noNaN: true }),
})

test('from any number of points the requested number is kept, with first, last, lowest and highest, in order', () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 2000 }), fc.integer({ min: 4, max: 200 }), (given, most) => {
      const points: Point[] = given
      const kept = thinned(points, most)
      expect(kept.length).toBeLessThanOrEqual(Math.max(most, 2))
      expect(kept).toEqual(points.filter((one) => kept.includes(one)))
      if (points.length <= most) return
      const values = (list: readonly Point[]) => list.map(({ value }) => value)
      expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)])
      expect(Math.min(...values(kept))).toBe(Math.min(...values(points)))
      expect(Math.max(...values(kept))).toBe(Math.max(...values(points)))
    }),
  )
})

test('10,000 results become a few hundred points, and all are counted', () => {
  const observations = Array.from({ length: 10_000 }, (_, at) => ({
    ...{ resourceType: 'Observation', id: String(at), status: 'final', code: { text: 'Pulse' } },
    ...{ effectiveDateTime: new Date(at * 3_600_000).toISOString(), valueQuantity: { value: at % 97, unit: '/min' } },
  }))
  const [series] = seriesIn(observations).series
  expect(series).toMatchObject({ total: 10_000, unit: '/min' })
  expect(thinned(series?.points ?? [], 400).length).toBeLessThanOrEqual(400)
})

test('any Observation is drawn or counted as not drawn, and never throws', () => {
  const odd = fc.anything({ withNullPrototype: false })
  const observation = fc.record({
    resourceType: fc.constant('Observation'),
    ...{ id: odd, status: odd, code: odd, component: odd, effectiveDateTime: odd, valueQuantity: odd },
    ...{ interpretation: odd, referenceRange: odd, dataAbsentReason: odd },
  })
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 5 }), (observations) => {
      const { series } = seriesIn(observations)
      for (const { points } of series) for (const { value } of points) expect(Number.isFinite(value)).toBe(true)
    }),
  )
})

test('words never exceed their budget', () => {
  const rows = fc.array(fc.record({ name: fc.string({ maxLength: 80 }), value: fc.integer() }), { maxLength: 60 })
  const tables = fc.array(fc.record({ title: fc.constantFrom('a', 'b'), rows }), { maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 100 }), { minLength: 1, maxLength: 30 }), tables, (head, all) => {
      expect(wordsText({ head, tables: all }, 1000).length).toBeLessThanOrEqual(1000)
    }),
  )
})

describe('of what is too much for a host,', () => {
  const long = 'x'.repeat(120)
  const point = (at: number) => ({
    id: `Observation/${at}`,
    at: new Date(at * 1e9).toISOString(),
    value: at,
    remark: long,
  })
  const event = (at: number): Event => ({ id: `Encounter/${at}`, name: long, from: '2024' })
  const many = <T>(make: (at: number) => T) => Array.from({ length: 2_000 }, (_, at) => make(at))

  test('a trend and a timeline keep the latest, a summary its first, which are the latest; all say that there are more', () => {
    const trend = bound({
      ...{ view: 'trend', patient: PERSON, undrawn: [] },
      series: [{ of: 'x', code: 'x', name: 'X', unit: '', total: 2_000, points: many(point) }],
    }) as Trend
    expect(trend.series[0]?.points.at(-1)?.value).toBe(1_999)
    expect(trend.series[0]?.total).toBe(2_000)
    const timeline = bound({
      ...{ view: 'timeline', patient: PERSON },
      lanes: [{ type: 'Encounter', title: 'Encounters', more: false, events: many(event) }],
    }) as Timeline
    expect(timeline.lanes[0]).toMatchObject({ more: true })
    expect(timeline.lanes[0]?.events.at(-1)?.id).toBe('Encounter/1999')
    const summary = bound({
      ...{ view: 'summary', patient: PERSON, vitals: [] },
      sections: [{ title: 'A', more: false, items: many((at) => ({ id: `Task/${at}`, name: long, details: '' })) }],
    }) as Summary
    expect(summary.sections[0]).toMatchObject({ more: true })
    expect(summary.sections[0]?.items[0]?.id).toBe('Task/0')
    for (const one of [trend, timeline, summary]) expect(JSON.stringify(one).length).toBeLessThanOrEqual(MAX_STRUCTURED)
  })
})
