// Laws of what `show` draws, for records of any shape: units apart, nothing drawn that is no fact, nothing left out without a word.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bound, MAX_STRUCTURED } from '../../src/tools/show/bound.ts'
import { seriesIn } from '../../src/tools/show/series.ts'
import type { Event, Summary, Timeline, Trend } from '../../src/tools/show/shown.ts'
import { drawSummary } from '../../src/tools/show/summary.ts'
import { drawTimeline } from '../../src/tools/show/timeline.ts'
import { drawTrend } from '../../src/tools/show/trend.ts'
import { type Drawn, written } from '../../src/tools/show/words.ts'
import { panelsOf } from '../../views/marks.ts'
import { timeOf } from '../../views/times.ts'
import { decode } from './decode.ts'

type Resource = Record<string, unknown>

const PATIENT = { id: 'p', name: 'Pat' }
const LOINC = 'http://loinc.org'
const some = <T>(...values: T[]) => fc.constantFrom(...values)

const quantity = fc.record(
  {
    value: fc.integer({ min: -5, max: 500 }),
    unit: some('mg', 'g', 'mmHg', 'mm Hg'),
    code: some('mg', 'g', 'mm[Hg]'),
    comparator: some('<', '>', '>='),
  },
  { requiredKeys: ['value'] },
)
const value = fc.oneof(
  { weight: 6, arbitrary: quantity.map((valueQuantity): Resource => ({ valueQuantity })) },
  some<Resource>(
    { valueString: '5.4' },
    { valueInteger: -1 },
    { valueCodeableConcept: { text: 'positive' } },
    { valueQuantity: { unit: 'mg' } },
    { dataAbsentReason: { text: 'lost' } },
    {},
  ),
)
const code = some<Resource>(
  { coding: [{ system: LOINC, code: '1-1' }], text: 'One' },
  { coding: [{ system: 'http://local', code: '1-1' }], text: 'One' },
  { coding: [{ code: '1-1' }] },
  { text: 'Only words' },
  { text: 'Other words' },
)
const time = some<Resource>(
  { effectiveDateTime: '2024' },
  { effectiveDateTime: '2024-05-01T23:30:00-05:00' },
  { effectiveDateTime: '2024-05-02T04:15:00Z' },
  { effectiveInstant: '2023-01-01T00:00:00.5+02:00' },
  { effectivePeriod: { start: '2022-03', end: '2022-04' } },
  { effectivePeriod: { end: '2021' } },
  { issued: '2020-01-01T00:00:00Z' },
  { effectiveDateTime: 'last week' },
  {},
)
const part = fc.tuple(code, value).map(([one, of]): Resource => ({ code: one, ...of }))
const observation = fc
  .tuple(
    part,
    time,
    some('final', 'amended', 'preliminary', 'entered-in-error', 'cancelled', undefined),
    fc.array(part, { maxLength: 3 }),
  )
  .map(
    ([own, at, status, component]): Resource => ({ ...own, ...at, status, ...(component.length > 0 && { component }) }),
  )
/** Each with a value of its own, by which it is known again. */
const observations = fc.array(observation, { maxLength: 40 }).map((all) => {
  let next = 0
  const numbered = ({ valueQuantity, ...one }: Resource): Resource => {
    const { value: of, ...rest } = (valueQuantity ?? {}) as Resource
    return {
      ...one,
      ...(valueQuantity !== undefined && { valueQuantity: of === undefined ? rest : { ...rest, value: ++next } }),
    }
  }
  return all.map((one, at): Resource => {
    const component = (one.component as Resource[] | undefined)?.map(numbered)
    return { resourceType: 'Observation', id: `o${at}`, ...numbered(one), ...(component && { component }) }
  })
})

const CODES = ['1-1']

test('what shares an axis has one unit, and what shares a line one code', () => {
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

describe('units', () => {
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
      'one code, written in two ways, by its code',
      [
        { unit: 'mmHg', code: 'mm[Hg]' },
        { unit: 'mm Hg', code: 'mm[Hg]' },
      ],
      [['mm[Hg]', [0, 1]]],
    ],
    [
      'without a code, that of what is written so',
      [{ unit: 'mmHg', code: 'mm[Hg]' }, { unit: 'mmHg' }],
      [['mmHg', [0, 1]]],
    ],
    [
      'two codes behind one word, apart',
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
      'without a code, a word of two codes, apart from both',
      [{ unit: 'mg', code: 'mg' }, { unit: 'mg', code: 'g' }, { unit: 'mg' }],
      [
        ['mg', [0]],
        ['mg (g)', [1]],
        ['mg (mg, no code)', [2]],
      ],
    ],
    [
      'none, apart from any',
      [{}, { unit: 'mg' }],
      [
        ['', [0]],
        ['mg', [1]],
      ],
    ],
    [
      'two words, apart',
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

test('each value is drawn once or counted as not drawn; what was entered in error is never drawn; points are by time', () => {
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

/** The rows of each table in the words, by title, and how many of it are left out. */
function tablesIn(text: string): Map<string, { rows: Resource[]; left: number }> {
  const tables = new Map<string, { rows: Resource[]; left: number }>()
  for (const block of text.split('\n\n').slice(1)) {
    const lines = block.split('\n')
    const [, title = '', left] = /^left out of (.*): (\d+) of \d+$/m.exec(block) ?? []
    const [, named = title, count] = /^# (.*) \((\d+)\)$/.exec(lines[0] ?? '') ?? []
    const table = lines.filter((line) => !line.startsWith('left out')).slice(1)
    const rows = count === undefined ? [] : (decode([`# (${count})`, ...table].join('\n')) as Resource[])
    const known = tables.get(named) ?? { rows: [], left: 0 }
    tables.set(named, { rows: [...known.rows, ...rows], left: known.left + Number(left ?? 0) })
  }
  return tables
}

/** Fails where the words neither have a row of this table with all of this, nor say that they left some out. */
function told(text: string, title: string, wanted: Resource): void {
  const { rows, left } = tablesIn(text).get(title) ?? { rows: [], left: 0 }
  const isThere = rows.some((row) => Object.entries(wanted).every(([name, of]) => of === undefined || row[name] === of))
  if (isThere || left > 0 || /^left out: \d+ tables$/m.test(text)) return
  expect.fail(`${title} has no ${JSON.stringify(wanted)} in\n${text}`)
}

const budget = fc.integer({ min: 1_500, max: 20_000 })

function wordsOf(drawn: Drawn, chars: number): string {
  if (!('words' in drawn)) throw new Error('no words')
  const text = written(drawn.words, chars)
  expect(text.length).toBeLessThanOrEqual(chars)
  return text
}

const order = fc.record(
  {
    resourceType: some('MedicationRequest', 'MedicationStatement'),
    status: some('active', 'completed', 'stopped', 'cancelled', 'draft', 'entered-in-error', 'not-taken'),
    intent: some('order', 'plan'),
    medicationCodeableConcept: some({ text: 'Aspirin' }, { text: 'Other' }),
    authoredOn: some('2020-01-01', '2021'),
    effectivePeriod: some({ start: '2020' }, { start: '2020', end: '2021' }),
    doNotPerform: fc.boolean(),
  },
  { requiredKeys: ['resourceType', 'medicationCodeableConcept'] },
)
const bundleOf = (found: readonly Resource[]) => ({
  status: 200,
  body: { resourceType: 'Bundle', entry: found.map((resource, at) => ({ resource: { id: `r${at}`, ...resource } })) },
})

test('a trend’s words have each value that is drawn, or say how many are left out', () => {
  fc.assert(
    fc.property(observations, fc.array(order, { maxLength: 10 }), budget, (all, orders, chars) => {
      const drawn = drawTrend({ patient: PATIENT, codes: CODES, observations: all, medications: [bundleOf(orders)] })
      const text = wordsOf(drawn, chars)
      const { series, undrawn, medications = [] } = drawn.structured as Trend
      for (const { name, unit, points } of series) {
        const title = `${JSON.stringify(name)} in ${unit === '' ? 'no unit' : JSON.stringify(unit)}`
        for (const { id, at, sign, value: of, flag, low, high, status, remark } of points) {
          const shown = sign === undefined ? of : `${sign}${of}`
          told(text, title, { id: id.split('/')[1], at, value: shown, flag, low, high, status, remark })
        }
      }
      const isCut = /^left out: \d+ lines$/m.test(text)
      const lines = [
        ...undrawn.map(({ name, reason, count }) => `${count} of ${JSON.stringify(name)} not drawn: ${reason}`),
        ...medications.map(({ name, from, to }) => `Medication ${JSON.stringify(name)}: ${from} to ${to ?? ''}`),
      ]
      for (const line of lines) if (!isCut) expect(text).toContain(line)
    }),
  )
})

const record = fc.record(
  {
    resourceType: some('Encounter', 'Condition', 'Procedure', 'Immunization', 'MedicationRequest'),
    status: some('in-progress', 'finished', 'not-done', 'cancelled', 'entered-in-error', 'active'),
    clinicalStatus: some({ coding: [{ code: 'active' }] }, { coding: [{ code: 'resolved' }] }),
    verificationStatus: some({ coding: [{ code: 'provisional' }] }, { coding: [{ code: 'refuted' }] }),
    code: some({ text: 'A | b' }, { text: '# C\n(3)' }),
    period: some<Resource>({ start: '2020-01-01' }, { start: '2021', end: '2022' }, {}),
    onsetDateTime: some('2019', 'soon'),
    abatementDateTime: some('2020'),
    recordedDate: some('2018-02'),
    performedDateTime: some('2024-01-01T10:00:00+05:00'),
    occurrenceDateTime: some('2024-02'),
    authoredOn: some('2024-03'),
    criticality: some('high'),
  },
  { requiredKeys: ['resourceType', 'code'] },
)
const answers = (lists: number) =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(record, { maxLength: 25 }).map(bundleOf) },
      some({ status: 403, body: undefined }, { status: 500, body: undefined }),
    ),
    { minLength: lists, maxLength: lists },
  )

test('a timeline’s words have each event that is drawn, or say how many are left out; all others are counted', () => {
  fc.assert(
    fc.property(answers(7), budget, (found, chars) => {
      const drawn = drawTimeline(PATIENT, found)
      const text = wordsOf(drawn, chars)
      for (const [at, { title, events, fault }] of (drawn.structured as Timeline).lanes.entries()) {
        const all = ((found[at]?.body as { entry?: unknown[] } | undefined)?.entry ?? []).length
        const left = new RegExp(`^${title}: (\\d+) without`, 'm').exec(drawn.notes.join('\n'))?.[1]
        expect(events.length + Number(left ?? 0)).toBe(all)
        expect(text).toContain(`${title}: ${fault ?? events.length}`)
        for (const { id, name, from, to, status, unreal } of events)
          told(text, title, { id: id.split('/')[1], name, from, to, status, happened: unreal ? false : undefined })
      }
    }),
  )
})

test('a summary’s words have each item and each last value that is drawn, or say how many are left out', () => {
  fc.assert(
    fc.property(answers(6), observations, budget, (found, all, chars) => {
      const drawn = drawSummary(PATIENT, [...found, bundleOf(all)])
      const text = wordsOf(drawn, chars)
      const { sections, vitals } = drawn.structured as Summary
      for (const { title, items, fault } of sections) {
        expect(text).toContain(`${title}: ${fault ?? (items.length === 0 ? 'none found' : items.length)}`)
        for (const { id, name, details } of items) told(text, title, { id, name, details })
      }
      for (const { name, unit, points, total } of vitals) {
        const { at, value: of, sign, flag, status, remark } = points.at(-1) ?? { at: '', value: 0 }
        const last = sign === undefined ? of : `${sign}${of}`
        const values = points.map((one) => one.value)
        const span = { lowest: Math.min(...values), highest: Math.max(...values) }
        told(text, 'Last vital signs', { name, unit, at, last, flag, status, remark, results: total, ...span })
      }
    }),
  )
})

describe('what is too much for a host', () => {
  const long = 'x'.repeat(120)
  const point = (at: number) => ({
    id: `Observation/${at}`,
    at: new Date(at * 1e9).toISOString(),
    value: at,
    remark: long,
  })
  const event = (at: number): Event => ({ id: `Encounter/${at}`, name: long, from: '2024' })
  const many = <T>(make: (at: number) => T) => Array.from({ length: 2_000 }, (_, at) => make(at))

  test('a trend and a timeline keep the latest, a summary the first, which are the latest there; all say that there are more', () => {
    const trend = bound({
      ...{ view: 'trend', patient: PATIENT, undrawn: [] },
      series: [{ of: 'x', code: 'x', name: 'X', unit: '', total: 2_000, points: many(point) }],
    }) as Trend
    expect(trend.series[0]?.points.at(-1)?.value).toBe(1_999)
    expect(trend.series[0]?.total).toBe(2_000)
    const timeline = bound({
      ...{ view: 'timeline', patient: PATIENT },
      lanes: [{ type: 'Encounter', title: 'Encounters', more: false, events: many(event) }],
    }) as Timeline
    expect(timeline.lanes[0]).toMatchObject({ more: true })
    expect(timeline.lanes[0]?.events.at(-1)?.id).toBe('Encounter/1999')
    const summary = bound({
      ...{ view: 'summary', patient: PATIENT, vitals: [] },
      sections: [{ title: 'A', more: false, items: many((at) => ({ id: `Task/${at}`, name: long, details: '' })) }],
    }) as Summary
    expect(summary.sections[0]).toMatchObject({ more: true })
    expect(summary.sections[0]?.items[0]?.id).toBe('Task/0')
    for (const one of [trend, timeline, summary]) expect(JSON.stringify(one).length).toBeLessThanOrEqual(MAX_STRUCTURED)
  })
})
