// An answer stays within its budget, says what it left out, and goes on exactly where it stopped.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answered, answer } from '../../src/answer/answer.ts'
import { compileSelect } from '../../src/answer/select/select.ts'
import { columnsOf } from '../../src/answer/select/select-table.ts'
import { runs } from '../runs.ts'
import { decode } from './decode.ts'

type Entry = { resource: { resourceType: string; id: string }; search?: { mode: string } }

function observation(index: number, text = '') {
  return {
    resource: {
      resourceType: 'Observation',
      id: `o-${index}`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: `c-${index % 3}` }] },
      subject: { reference: `Patient/p-${index % 7}` },
      effectiveDateTime: `2026-01-${String((index % 28) + 1).padStart(2, '0')}`,
      valueQuantity: { value: index, unit: 'kg' },
      ...(text && { note: [{ text }] }),
    },
    search: { mode: 'match' },
  }
}

function patient(index: number): Entry {
  return { resource: { resourceType: 'Patient', id: `p-${index}` }, search: { mode: 'include' } }
}

function bundleOf(entry: unknown[], rest: object = {}) {
  return { resourceType: 'Bundle', type: 'searchset', ...rest, entry }
}

function whole({ text, notes }: Answered): number {
  return text.length + notes.join('').length
}

/** Everything that following `next` to the end gives, with the number of answers that it took. */
function follow(body: object, maxChars: number, format: 'compact' | 'json'): { ids: string[]; answers: number } {
  const ids: string[] = []
  for (let from = 0, answers = 1; ; answers++) {
    const given = answer(body, { format, maxChars, from, nextAfter: (matches) => `Observation?_skip=${matches}` })
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
  it.each(['compact', 'json'] as const)('comes in parts that hold each entry once, as %s', (format) => {
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

  it('keeps the first and the last, and tells what the others hold', () => {
    const entries = Array.from({ length: 1000 }, (_, index) => observation(index))
    const { text } = answer(bundleOf(entries, { total: 5000 }), {
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

  it('of entries that are each too large still goes on, and names what they lost', () => {
    const entries = Array.from({ length: 4 }, (_, index) => observation(index, `${index}`.repeat(50_000)))
    const { ids, answers } = follow(bundleOf(entries), 3000, 'compact')
    expect(ids).toHaveLength(4)
    expect(answers).toBeLessThan(5)
    const { text } = answer(bundleOf(entries), { format: 'compact', maxChars: 3000 })
    expect(text).toContain('left out: of Observation/o-0: note.0.text (50000 characters)')
  })

  it.each([
    ['large entries first', (index: number) => 4000 - index * 10],
    ['large entries last', (index: number) => index * 10],
    ['entries alike', () => 100],
  ])('is nearly filled after few attempts, with %s', (_, length) => {
    const word = (seed: number) => ((seed * 7919) % 99991).toString(36)
    const words = (index: number) =>
      Array.from({ length: length(index) / 5 }, (_, at) => word(index * 1000 + at)).join(' ')
    const entries = Array.from({ length: 400 }, (_, index) => observation(index, words(index)))
    let attempts = 0
    const { text } = answer(bundleOf(entries), {
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

  it('without a way to go on says so', () => {
    const entries = Array.from({ length: 300 }, (_, index) => observation(index))
    const { text } = answer(bundleOf(entries), { format: 'compact', maxChars: 3000 })
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
    const { text } = answer({ ...document, note: 'n'.repeat(1500) }, { format: 'compact', maxChars: 4000 })
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
    const { text } = answer(resource, { format: 'compact', maxChars: 5000 })
    expect(text).toContain('description (9000 characters)')
    expect(text).toMatch(/expansion\.contains: \d+ of 900 items, from the end/)
    expect(text.length).toBeLessThanOrEqual(5000)
    expect(text.length).toBeGreaterThan(2500)
  })

  it('of any shape stays within it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 50, max: 4000 }), (value, times) => {
        const large = { resourceType: 'Basic', items: Array.from({ length: times }, () => value), value }
        for (const format of ['compact', 'json'] as const) {
          expect(whole(answer(large, { format, maxChars: 6000 }))).toBeLessThanOrEqual(6000)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe("a batch's answer over the budget", () => {
  it('keeps what each entry came to, and as many matches as fit', () => {
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
    const { text } = answer(batch, { format: 'compact', maxChars: 5000 })
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

describe('selected columns', () => {
  const entries = Array.from({ length: 900 }, (_, index) => observation(index))

  it('are a table of nothing else, within the budget, that goes on', () => {
    const ids: string[] = []
    for (let from: number | undefined = 0; from !== undefined; ) {
      const columns = columnsOf(compileSelect(['id', 'valueQuantity.value']), 1000)
      const given: Answered = answer(bundleOf(entries, { total: 900 }), {
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
    const { text, notes } = answer(bundleOf([observation(1), { ...observation(2, 'hello') }]), {
      format: 'compact',
      columns,
      maxChars: 9000,
    })
    expect(text).toContain('left out: 1 resources with nothing in any column')
    expect(text).toContain('"hello"')
    expect(notes.join('\n')).toContain('"bodySite.text" found nothing')
  })
})
