// The words of `show` for records of any shape: they have all that is drawn, or say how much they leave out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Summary, Timeline, Trend } from '../../../src/tools/show/shown.ts'
import { drawSummary } from '../../../src/tools/show/summary.ts'
import { drawTimeline } from '../../../src/tools/show/timeline.ts'
import { drawTrend } from '../../../src/tools/show/trend.ts'
import { type Drawn, wordsText } from '../../../src/tools/show/words.ts'
import { decode } from '../answer/decode.ts'
import { answers, observations, order } from './any-record.ts'
import { found, PERSON, type Resource } from './showing.ts'

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

/** A check that fails where the words neither have a row of this table with all of this, nor say that they left some out. */
function holding(text: string): (title: string, wanted: Resource) => void {
  const tables = tablesIn(text)
  const allLeft = /^left out: \d+ tables$/m.test(text)
  return (title, wanted) => {
    const { rows, left } = tables.get(title) ?? { rows: [], left: 0 }
    const isThere = (row: Resource) =>
      Object.entries(wanted).every(([name, of]) => of === undefined || row[name] === of)
    if (left > 0 || allLeft || rows.some(isThere)) return
    expect.fail(`${title} has no ${JSON.stringify(wanted)} in\n${text}`)
  }
}

const budget = fc.integer({ min: 1_500, max: 20_000 })

function wordsOf(drawn: Drawn, chars: number): string {
  if (!('words' in drawn)) throw new Error('no words')
  const text = wordsText(drawn.words, chars)
  expect(text.length).toBeLessThanOrEqual(chars)
  return text
}

test('the words of a trend have each value that is drawn, or say how many are left out', () => {
  fc.assert(
    fc.property(observations, fc.array(order, { maxLength: 10 }), budget, (all, orders, chars) => {
      const drawn = drawTrend({ patient: PERSON, codes: ['1-1'], observations: all, medications: [found(...orders)] })
      const text = wordsOf(drawn, chars)
      const told = holding(text)
      const { series, undrawn, medications = [] } = drawn.structured as Trend
      for (const { name, unit, points } of series) {
        const title = `${JSON.stringify(name)} in ${unit === '' ? 'no unit' : JSON.stringify(unit)}`
        for (const { id, at, sign, value: of, flag, low, high, status, remark } of points) {
          const shown = sign === undefined ? of : `${sign}${of}`
          told(title, { id: id.split('/')[1], at, value: shown, flag, low, high, status, remark })
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

test('the words of a timeline have each event that is drawn, or say how many are left out; all others are counted', () => {
  fc.assert(
    fc.property(answers(7), budget, (given, chars) => {
      const drawn = drawTimeline(PERSON, given)
      const text = wordsOf(drawn, chars)
      const told = holding(text)
      for (const [at, { title, events, fault }] of (drawn.structured as Timeline).lanes.entries()) {
        const all = ((given[at]?.body as { entry?: unknown[] } | undefined)?.entry ?? []).length
        const left = new RegExp(`^${title}: (\\d+) without`, 'm').exec(drawn.notes.join('\n'))?.[1]
        expect(events.length + Number(left ?? 0)).toBe(all)
        expect(text).toContain(`${title}: ${fault ?? events.length}`)
        for (const { id, name, from, to, status, unreal } of events)
          told(title, { id: id.split('/')[1], name, from, to, status, happened: unreal ? false : undefined })
      }
    }),
  )
})

test('the words of a summary have each item and each last value that is drawn, or say how many are left out', () => {
  fc.assert(
    fc.property(answers(6), observations, budget, (given, all, chars) => {
      const drawn = drawSummary(PERSON, [...given, found(...all)])
      const text = wordsOf(drawn, chars)
      const told = holding(text)
      const { sections, vitals } = drawn.structured as Summary
      for (const { title, items, fault } of sections) {
        expect(text).toContain(`${title}: ${fault ?? (items.length === 0 ? 'none found' : items.length)}`)
        for (const { id, name, details } of items) told(title, { id, name, details })
      }
      for (const { name, unit, points, total } of vitals) {
        const { at, value: of, sign, flag, status, remark } = points.at(-1) ?? { at: '', value: 0 }
        const last = sign === undefined ? of : `${sign}${of}`
        const values = points.map((one) => one.value)
        const span = { lowest: Math.min(...values), highest: Math.max(...values) }
        told('Last vital signs', { name, unit, at, last, flag, status, remark, results: total, ...span })
      }
    }),
  )
})
