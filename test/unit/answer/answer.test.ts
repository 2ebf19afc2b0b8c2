// An answer over its budget: what is kept, left out and said.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeAnswer } from '../../../src/answer/answer.ts'
import { compileSelect } from '../../../src/answer/select/select.ts'
import { columnsOf } from '../../../src/answer/select/select-table.ts'
import { runs } from '../../runs.ts'
import { bundleOf, type Entry, observation, patient, whole } from './answered.ts'
import { decode } from './decode.ts'

/** Everything up to the last `next`, with the number of answers that it took. */
function follow(body: object, maxChars: number, format: 'compact' | 'json'): { ids: string[]; answers: number } {
  const ids: string[] = []
  for (let from = 0, answers = 1; ; answers++) {
    const given = writeAnswer(body, { format, maxChars, from, nextAfter: (matches) => `Observation?_skip=${matches}` })
    expect(whole(given)).toBeLessThanOrEqual(maxChars)
    const text = given.text.replace(/\n# Dropped \(\d+\)[\s\S]*$/, '')
    const bundle = (format === 'json' ? JSON.parse(text) : decode(text)) as {
      entry?: Entry[]
      link?: { relation: string; url: string }[]
    }
    ids.push(...(bundle.entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`))
    const next = bundle.link?.find(({ relation }) => relation === 'next')?.url
    const skip = /_skip=(\d+)/.exec(next ?? '')?.[1]
    if (skip === undefined) return { ids, answers }
    expect(Number(skip)).toBeGreaterThan(from)
    from = Number(skip)
  }
}

describe('a Bundle over its budget', () => {
  it.each(['compact', 'json'] as const)('comes in parts that contain each entry once, as %s', (format) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 7 }),
        fc.integer({ min: 2000, max: 9000 }),
        fc.string({ maxLength: 60 }),
        (count, included, maxChars, text) => {
          const matches = Array.from({ length: count }, (_, index) => observation(index, text))
          const entries = [...matches, ...[...new Set(included)].map(patient)]
          const { ids } = follow(bundleOf(entries), maxChars, format)
          expect(ids.toSorted()).toEqual(
            entries.map(({ resource: { resourceType, id } }) => `${resourceType}/${id}`).toSorted(),
          )
        },
      ),
      { numRuns: runs(150) },
    )
  })

  it('keeps the first and the last, and says what the others contain', () => {
    const entries = Array.from({ length: 1000 }, (_, index) => observation(index))
    const { text } = writeAnswer(bundleOf(entries, { total: 5000 }), {
      format: 'compact',
      maxChars: 10_000,
      nextAfter: (matches) => `Observation?_skip=${matches}`,
    })
    expect(text.length).toBeLessThanOrEqual(10_000)
    expect(text.length).toBeGreaterThan(7_000)
    expect(text).toContain('\ntotal: 5000\n')
    expect(text).toMatch(/\no-0\|/)
    expect(text).toMatch(/\no-999\|/)
    const returned = Number(/\nreturned: (\d+)\n/.exec(text)?.[1])
    expect(text).toContain(`\nnext: Observation?_skip=${returned - 1}\n`)
    expect(text).toContain(`dropped: ${1000 - returned} entries`)
    const digest = text.slice(text.indexOf('# Dropped'))
    const rows = decode(digest.replace('# Dropped', '#')) as { code: string; count: number }[]
    expect(rows.map(({ code }) => code).toSorted()).toEqual(['c-0', 'c-1', 'c-2'])
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(1000 - returned)
  })

  it('with entries that are each too large still continues, and names what they lost', () => {
    const entries = Array.from({ length: 4 }, (_, index) => observation(index, `${index}`.repeat(50_000)))
    const { ids, answers } = follow(bundleOf(entries), 3000, 'compact')
    expect(ids).toHaveLength(4)
    expect(answers).toBeLessThan(5)
    const { text } = writeAnswer(bundleOf(entries), { format: 'compact', maxChars: 3000 })
    expect(text).toContain('left out: of Observation/o-0: note.0.text (50000 characters)')
  })

  it.each([
    ['large entries first', (index: number) => 4000 - index * 10],
    ['large entries last', (index: number) => index * 10],
    ['entries alike', () => 100],
  ])('is nearly full after few attempts, with %s', (_, length) => {
    const word = (seed: number) => ((seed * 7919) % 99991).toString(36)
    const words = (index: number) =>
      Array.from({ length: length(index) / 5 }, (_, at) => word(index * 1000 + at)).join(' ')
    const entries = Array.from({ length: 400 }, (_, index) => observation(index, words(index)))
    let attempts = 0
    const { text } = writeAnswer(bundleOf(entries), {
      format: 'compact',
      maxChars: 30_000,
      nextAfter: (matches) => {
        attempts++
        return `Observation?_skip=${matches}`
      },
    })
    expect(text.length).toBeLessThanOrEqual(30_000)
    expect(text.length).toBeGreaterThan(25_000)
    expect(attempts).toBeLessThan(4)
  })

  it('says so if there is no next page', () => {
    const entries = Array.from({ length: 300 }, (_, index) => observation(index))
    const { text } = writeAnswer(bundleOf(entries), { format: 'compact', maxChars: 3000 })
    expect(text).not.toContain('\nnext: ')
    expect(text).toMatch(/dropped: \d+ entries .*ask for less at once/)
  })
})

describe('one resource over the budget', () => {
  const document = {
    resourceType: 'DocumentReference',
    id: 'd',
    description: 'A letter',
    content: [{ attachment: { contentType: 'text/plain', data: 'QUJD'.repeat(20_000) } }],
  }

  it('loses the data of attachments first', () => {
    const { text } = writeAnswer({ ...document, note: 'n'.repeat(1500) }, { format: 'compact', maxChars: 4000 })
    expect(text).toContain('left out: content.0.attachment.data (80000 characters)')
    expect(text).toContain('n'.repeat(1500))
    expect(text.length).toBeLessThanOrEqual(4000)
  })

  it('then long text, then items of long lists, each named', () => {
    const resource = {
      resourceType: 'ValueSet',
      id: 'v',
      description: 't'.repeat(9000),
      expansion: {
        contains: Array.from({ length: 900 }, (_, index) => ({ code: `c${index}`, display: `Name ${index}` })),
      },
    }
    const { text } = writeAnswer(resource, { format: 'compact', maxChars: 5000 })
    expect(text).toContain('description (9000 characters)')
    expect(text).toMatch(/expansion\.contains: \d+ of 900 items, from the end/)
    expect(text.length).toBeLessThanOrEqual(5000)
    expect(text.length).toBeGreaterThan(2500)
  })

  it('of any shape stays within the budget', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 50, max: 4000 }), (value, times) => {
        const large = { resourceType: 'Basic', items: Array.from({ length: times }, () => value), value }
        for (const format of ['compact', 'json'] as const) {
          expect(whole(writeAnswer(large, { format, maxChars: 6000 }))).toBeLessThanOrEqual(6000)
        }
      }),
      { numRuns: runs(60) },
    )
  })
})

describe("a batch's answer over the budget", () => {
  it('keeps the result of each entry, and as many matches as fit', () => {
    const search = bundleOf(Array.from({ length: 400 }, (_, index) => observation(index)))
    const batch = {
      resourceType: 'Bundle',
      type: 'batch-response',
      entry: [
        { response: { status: '200' }, resource: search },
        { response: { status: '404', outcome: { resourceType: 'OperationOutcome', issue: [{ code: 'not-found' }] } } },
        { response: { status: '200' }, resource: observation(7).resource },
      ],
    }
    const { text } = writeAnswer(batch, { format: 'compact', maxChars: 5000 })
    expect(text.length).toBeLessThanOrEqual(5000)
    const bundle = decode(text) as {
      entry: { response: { status: string }; resource?: { id?: string; entry?: unknown[] } }[]
    }
    expect(bundle.entry.map(({ response }) => response.status)).toEqual(['200', '404', '200'])
    expect(bundle.entry[2]?.resource?.id).toBe('o-7')
    expect(bundle.entry[0]?.resource?.entry?.length).toBeGreaterThan(10)
    expect(text).toMatch(/dropped: entry 0: \d+ of its matches/)
  })
})

describe("a batch's answer to many writes", () => {
  const stored = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      response: { status: at % 100 === 99 ? '200' : '201', location: `Observation/o-${at}/_history/${at}` },
      resource: observation(at, 'as it was sent').resource,
    }))
  const failed = {
    response: {
      status: '400',
      outcome: { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'No such code' }] },
    },
  }
  const batch = { resourceType: 'Bundle', type: 'batch-response', entry: [...stored(299), failed] }
  const indexes = new Set(batch.entry.keys())

  it('gives counts by status, ids, and failures, but not what was sent', () => {
    const { text } = writeAnswer(batch, { format: 'compact', maxChars: 60_000, stored: indexes })
    expect(text).toContain('(by status: 201 × 297, 200 × 2, 400 × 1)')
    expect(text).not.toContain('as it was sent')
    expect(text).toContain('No such code')
    const { entry } = decode(text) as typeof batch
    expect(entry).toHaveLength(300)
    expect(entry[298]).toEqual({
      resource: { resourceType: 'Observation', id: 'o-298' },
      response: { status: '201' },
    })
    expect(text.length).toBeLessThan(10_000)
  })

  it('keeps the resources of few writes, of reads, and in FHIR JSON', () => {
    const few = { ...batch, entry: stored(20) }
    expect(writeAnswer(few, { format: 'compact', maxChars: 60_000, stored: indexes }).text).toContain('as it was sent')
    expect(writeAnswer(batch, { format: 'compact', maxChars: 90_000, stored: new Set() }).text).toContain(
      'as it was sent',
    )
    expect(writeAnswer(batch, { format: 'json', maxChars: 900_000, stored: indexes }).text).toContain('as it was sent')
  })

  it.each(['compact', 'json'] as const)('says what happened to entries that don’t fit, as %s', (format) => {
    const given = writeAnswer(batch, { format, maxChars: 3000, stored: indexes })
    expect(whole(given)).toBeLessThanOrEqual(3000)
    const said = [given.text, ...given.notes].join('\n')
    expect(said).toMatch(/dropped: .*\d+ entries after these \(by status: 201 × \d+.*failed: 299: 400\)/)
  })

  it('keeps the status of each in selected columns, and why one failed', () => {
    const columns = columnsOf(compileSelect(['id']), 1000)
    const { text } = writeAnswer(batch, { format: 'compact', columns, maxChars: 60_000, stored: indexes })
    const rows = decode(text.replace(/^[\s\S]*?# select/, '#')) as Record<string, unknown>[]
    expect(rows).toHaveLength(300)
    expect(rows[99]).toEqual({ '#': 99, '@status': '200', id: 'o-99' })
    expect(rows[299]).toEqual({ '#': 299, '@status': '400', '@outcome': 'No such code' })
  })
})
