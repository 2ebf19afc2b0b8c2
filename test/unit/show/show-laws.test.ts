// Properties of the series that `show` draws from results of any shape: units are kept apart, and each value is drawn or counted.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seriesIn } from '../../../src/tools/show/series.ts'
import { panelsOf } from '../../../views/marks.ts'
import { timeOf } from '../../../views/times.ts'
import { observations } from './any-record.ts'
import type { Resource } from './showing.ts'

test('values on one axis have one unit, and values on one line one code', () => {
  fc.assert(
    fc.property(observations, (all) => {
      const parts = all.flatMap((one) => [one, ...((one.component ?? []) as Resource[])])
      const partOf = (wanted: number) =>
        parts.find(({ valueQuantity }) => (valueQuantity as Resource | undefined)?.value === wanted) ?? {}
      for (const panel of panelsOf(seriesIn(all))) {
        const dots = panel.dots.filter(({ value: of }) => of !== -1)
        const units = dots.map(({ value: of }) => (partOf(of).valueQuantity ?? {}) as { unit?: string; code?: string })
        const codes = new Set(units.flatMap(({ code: of }) => of ?? []))
        const words = new Set(units.flatMap(({ unit, code: of }) => (of === undefined ? (unit ?? '') : [])))
        expect(codes.size).toBeLessThanOrEqual(1)
        if (codes.size === 0) expect(words.size).toBeLessThanOrEqual(1)
        const known = new Set([
          ...codes,
          ...units.flatMap(({ unit, code: of }) => (of === undefined ? [] : (unit ?? []))),
        ])
        if (codes.size > 0) for (const word of words) expect(known).toContain(word)
        const lines = Map.groupBy(dots, ({ name }) => name)
        for (const line of lines.values())
          expect(new Set(line.map(({ value: of }) => JSON.stringify(partOf(of).code))).size).toBe(1)
      }
    }),
  )
})

describe('results with', () => {
  const of = (...quantities: Resource[]) =>
    panelsOf(
      seriesIn(
        quantities.map((valueQuantity, at) => ({
          ...{
            resourceType: 'Observation',
            id: `${at}`,
            status: 'final',
            code: { text: 'X' },
            effectiveDateTime: '2024',
          },
          valueQuantity: { value: at, ...valueQuantity },
        })),
      ),
    ).map(({ unit, dots }) => [unit, dots.map(({ value }) => value)])

  test.each<[string, Resource[], unknown[]]>([
    [
      'one unit code written in two ways share an axis, named by the code',
      [
        { unit: 'mmHg', code: 'mm[Hg]' },
        { unit: 'mm Hg', code: 'mm[Hg]' },
      ],
      [['mm[Hg]', [0, 1]]],
    ],
    [
      'a unit without a code join the axis of the same word',
      [{ unit: 'mmHg', code: 'mm[Hg]' }, { unit: 'mmHg' }],
      [['mmHg', [0, 1]]],
    ],
    [
      'two unit codes behind one word have an axis each',
      [
        { unit: 'mg', code: 'mg' },
        { unit: 'mg', code: 'g' },
      ],
      [
        ['mg', [0]],
        ['mg (g)', [1]],
      ],
    ],
    [
      'a unit without a code stay apart from two codes behind the same word',
      [{ unit: 'mg', code: 'mg' }, { unit: 'mg', code: 'g' }, { unit: 'mg' }],
      [
        ['mg', [0]],
        ['mg (g)', [1]],
        ['mg (mg, no code)', [2]],
      ],
    ],
    [
      'no unit stay apart from those with one',
      [{}, { unit: 'mg' }],
      [
        ['', [0]],
        ['mg', [1]],
      ],
    ],
    [
      'two words for units have an axis each',
      [{ unit: 'mg' }, { unit: 'g' }],
      [
        ['mg', [0]],
        ['g', [1]],
      ],
    ],
  ])('%s', (_what, quantities, panels) => {
    expect(of(...quantities)).toEqual(panels)
  })
})

test('each value is drawn once, in order of time, or counted as not drawn; none that was entered in error is drawn', () => {
  fc.assert(
    fc.property(observations, (all) => {
      const { series, undrawn } = seriesIn(all)
      const parts = all.flatMap((one) => {
        const components = (one.component ?? []) as Resource[]
        const own = components.length === 0 || Object.keys(one).some((name) => /^(value[A-Z]|dataAbsent)/.test(name))
        return [...(own ? [one] : []), ...components]
      })
      const drawn = series.flatMap(({ points }) => points)
      const counted = undrawn.reduce((sum, { count }) => sum + count, 0)
      expect(drawn.length + counted).toBe(parts.length)
      const withdrawn = new Set(
        all
          .filter(({ status }) => status === 'entered-in-error' || status === 'cancelled')
          .map(({ id }) => `Observation/${id}`),
      )
      expect(drawn.filter(({ id }) => withdrawn.has(id))).toEqual([])
      for (const { points, total } of series) {
        expect(total).toBe(points.length)
        const times = points.map(({ at }) => timeOf(at) ?? Number.NaN)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }
    }),
  )
})
