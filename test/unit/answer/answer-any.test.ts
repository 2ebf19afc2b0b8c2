// Answers of any JSON, and of selected columns, within a budget.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answered, writeAnswer } from '../../../src/answer/answer.ts'
import { compileSelect } from '../../../src/answer/select/select.ts'
import { columnsOf } from '../../../src/answer/select/select-table.ts'
import { runs } from '../../runs.ts'
import { bundleOf, observation, patient, whole } from './answered.ts'
import { decode } from './decode.ts'

describe('any JSON', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.integer({ min: 500, max: 6000 }).map((length) => 'x'.repeat(length)),
    fc.integer({ min: 300, max: 1000 }).map((length) => '\u200b"'.repeat(length)),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
      fc.integer({ min: 10, max: 200 }).map((count) => Array.from({ length: count }, (_, at) => ({ code: `c${at}` }))),
    ),
  }))
  const part = value as fc.Arbitrary<unknown>
  const resource = fc.record({
    resourceType: fc.constantFrom('Patient', 'Basic', 'Bundle'),
    id: text,
    meta: part,
    note: part,
  })
  const bundle = fc.record(
    {
      resourceType: fc.constant('Bundle'),
      type: fc.constantFrom('searchset', 'document', 'history', 'batch-response', 'transaction-response'),
      id: text,
      meta: part,
      identifier: part,
      signature: part,
      link: part,
      total: part,
      entry: fc.array(
        fc.record(
          { fullUrl: text, resource: fc.oneof(resource, part), response: part, search: part },
          { requiredKeys: [] },
        ),
        { maxLength: 8 },
      ),
    },
    { requiredKeys: ['resourceType', 'type'] },
  )

  it.each([2000, 6000, 20_000])(
    'never exceeds its budget of %i characters',
    (maxChars) => {
      fc.assert(
        fc.property(fc.oneof(part, resource, bundle), fc.boolean(), (body, isPaged) => {
          const selected = () => columnsOf(compileSelect(['id', 'note', 'meta']), maxChars / 3)
          for (const [format, columns] of [
            ['compact'],
            ['json'],
            ['compact', selected()],
            ['json', selected()],
          ] as const) {
            const given = writeAnswer(body, {
              format,
              ...(columns && { columns }),
              maxChars,
              stored: new Set([0, 1, 2]),
              ...(isPaged && { nextAfter: (entries: number) => `Patient?_skip=${entries}` }),
            })
            expect(whole(given)).toBeLessThanOrEqual(maxChars)
          }
        }),
        { numRuns: runs(60) },
      )
    },
    60_000,
  )

  it('leaves room for the record of a signed document', () => {
    const signed = {
      ...{
        resourceType: 'Bundle',
        type: 'document',
        id: 'd',
        signature: { data: 'QUJD'.repeat(30_000), who: 'Dr. Who' },
      },
      entry: [{ resource: { resourceType: 'Composition', id: 'c', title: 'A letter' } }],
    }
    const { text } = writeAnswer(signed, { format: 'compact', maxChars: 2000 })
    expect(text).toContain('left out: signature.data (120000 characters)')
    expect(text).toContain('Dr. Who')
    expect(text).toContain('A letter')
    const columns = columnsOf(compileSelect(['id', 'title']), 600)
    const selected = writeAnswer(signed, { format: 'compact', columns, maxChars: 2000 })
    expect(whole(selected)).toBeLessThanOrEqual(2000)
    expect(selected.text).toContain('A letter')
  })
})

it('`returned` counts matches and included resources separately', () => {
  const { text } = writeAnswer(bundleOf([observation(1), observation(2), patient(1), patient(2)], { total: 4 }), {
    format: 'compact',
    maxChars: 9000,
  })
  expect(text).toContain('\ntotal: 4\nreturned: 4 (2 matches, 2 included)\n')
})

describe('selected columns', () => {
  const entries = Array.from({ length: 900 }, (_, index) => observation(index))

  it('are a table of only these, within the budget, with a next page', () => {
    const ids: string[] = []
    for (let from: number | undefined = 0; from !== undefined; ) {
      const columns = columnsOf(compileSelect(['id', 'valueQuantity.value']), 1000)
      const given: Answered = writeAnswer(bundleOf(entries, { total: 900 }), {
        format: 'compact',
        columns,
        maxChars: 3000,
        from,
        nextAfter: (matches) => `Observation?_skip=${matches}`,
      })
      expect(whole(given)).toBeLessThanOrEqual(3000)
      const table = given.text.replace(/\n# Dropped \(\d+\)[\s\S]*$/, '').replace(/^[\s\S]*?# select/, '#')
      ids.push(...(decode(table) as { id: string }[]).map(({ id }) => id))
      const skip = /\nnext: \S*_skip=(\d+)/.exec(`\n${given.text}`)?.[1]
      from = skip === undefined ? undefined : Number(skip)
    }
    expect(ids.toSorted()).toEqual(entries.map(({ resource }) => resource.id).toSorted())
  })

  it('say how many resources have none of them, and what failed', () => {
    const columns = columnsOf(compileSelect(['note.text', 'bodySite.text']), 1000)
    const { text, notes } = writeAnswer(bundleOf([observation(1), { ...observation(2, 'hello') }]), {
      format: 'compact',
      columns,
      maxChars: 9000,
    })
    expect(text).toContain('left out: 1 resources with nothing in any column')
    expect(text).toContain('"hello"')
    expect(notes.join('\n')).toContain('"bodySite.text" found nothing')
  })
})
