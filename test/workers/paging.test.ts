// All pages of what Medplum pages: nothing lost, nothing twice, and said where it ends early.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CLINIC_NOW } from '../../sandbox/clinic/calendar.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { Content } from '../../src/client/content.ts'
import { FhirError } from '../../src/client/fhir-error.ts'
import { type AllPages, type ReadOptions, readAll } from '../../src/client/read-all.ts'
import { TransportError } from '../../src/client/transport.ts'
import { withStableOrder } from '../../src/fhir/paging.ts'
import { DELETE, GET } from '../calls.ts'
import { allOf, create, medplumClient, medplumToken } from './medplum.ts'
import { SANDBOX, sandbox } from './world.ts'

const chart = `Patient/${PATIENT_IDS.diabetic}`
let token: string
beforeAll(async () => {
  token = await medplumToken()
})
afterEach(() => sandbox.clearFaults())

const client = (timeoutMs?: number) => medplumClient(token, timeoutMs)

type Told = [progress: number, total: number | undefined]

/** Reads all pages; also what was asked for, relative to the base, and what was told meanwhile. */
async function read(path: string, options: Partial<ReadOptions> = {}, fhir = client()) {
  const told: Told[] = []
  const progress = async (done: number, total: number | undefined) => void told.push([done, total])
  const signal = new AbortController().signal
  const { result, requests } = await sandbox.during(() =>
    readAll(fhir, path, { cap: 20_000, progress, signal, ...options }),
  )
  return { ...result, told, asked: requests.map((one) => one.path.replace('/fhir/R4', '').replace(/^\//, '')) }
}

/** `Type/id` of each entry, in order. */
function references({ entries }: Pick<AllPages, 'entries'>): string[] {
  return entries.map(({ resource }) => {
    const { resourceType, id } = resource as { resourceType: string; id: string }
    return `${resourceType}/${id}`
  })
}

/** What is there of a type. */
async function straight(type: string): Promise<string[]> {
  return (await allOf(token, type)).map(({ id }) => `${type}/${id}`)
}

function sorted(list: Iterable<string>): string[] {
  return [...list].sort()
}

describe('an order in which pages do not overlap', () => {
  test.each([
    ['Observation', 'Observation?_sort=_lastUpdated&_count=500'],
    ['Observation?subject=Patient/1', 'Observation?subject=Patient/1&_sort=_lastUpdated&_count=500'],
    [
      'Observation?code=http://loinc.org|4548-4&_count=50',
      'Observation?code=http://loinc.org|4548-4&_count=50&_sort=_lastUpdated',
    ],
    // So small pages are paged by offset, where many have the same time of storage.
    ['Observation?_count=19', 'Observation?_count=19&_sort=_id'],
    ['?_type=Task,Claim', '?_type=Task,Claim&_sort=_id&_count=500'],
    ['Patient?_type=Task,Claim', 'Patient?_type=Task,Claim&_sort=_id&_count=500'],
    ['Observation?_sort=-date', 'Observation?_sort=-date&_count=500'],
    ['Observation?_offset=20', 'Observation?_offset=20'],
    ['Observation?_cursor=1-2-3&_count=20', 'Observation?_cursor=1-2-3&_count=20'],
    ['Observation?_summary=count', 'Observation?_summary=count'],
    [`${chart}/$everything`, `${chart}/$everything`],
    [`${chart}/_history`, `${chart}/_history`],
    [chart, chart],
    ['metadata', 'metadata'],
  ])('%s', (path, expected) => {
    expect(withStableOrder(path)).toBe(expected)
  })
})

describe('a search', () => {
  test('of thousands is read whole by cursor: each resource once, whatever shares its time of storage', async () => {
    const all = await read(withStableOrder('Observation?_total=accurate'))
    const found = references(all)
    expect(found.length).toBeGreaterThan(5000)
    expect(new Set(found).size).toBe(found.length)
    expect(sorted(found)).toEqual(sorted(await straight('Observation')))
    expect(all.total).toBe(found.length)
    expect(all).toMatchObject({ capped: false, next: undefined, pages: Math.ceil(found.length / 500) })
    expect(all).not.toHaveProperty('partial')
    // Once the total is known, it is not counted again.
    expect(
      all.asked.map((path) => [path.includes('_cursor='), path.includes('_offset='), path.includes('_total=')]),
    ).toEqual([[false, false, true], ...Array.from({ length: all.pages - 1 }, () => [true, false, false])])
    expect(all.told).toEqual(
      Array.from({ length: all.pages }, (_, page) => [Math.min(500 * (page + 1), found.length), found.length]),
    )
  })

  test('keeps of each resource what is asked for', async () => {
    const { entries } = await read(`Observation?subject=${chart}&_count=30&_sort=_lastUpdated`, {
      keep: ({ resourceType, id, meta }) => ({ resourceType, id, meta }),
    })
    expect(entries.length).toBeGreaterThan(100)
    for (const { resource } of entries) expect(Object.keys(resource as object)).toEqual(['resourceType', 'id', 'meta'])
  })

  test('of several types is read whole, by a path that every version of Medplum takes', async () => {
    const all = await read(withStableOrder('?_type=Practitioner,Organization,Location&_count=5'))
    const ours = await Promise.all(['Practitioner', 'Organization', 'Location'].map(straight))
    expect(sorted(references(all))).toEqual(sorted(ours.flat()))
    expect(all.pages).toBeGreaterThan(3)
    for (const path of all.asked) expect(path).toMatch(/^\?.*_type=/)
  })

  test('gives what is included once, and as a match where it is one', async () => {
    const whole = await create(token, { resourceType: 'Task', status: 'draft', intent: 'plan' })
    const parts = await Promise.all(
      [1, 2].map(() =>
        create(token, {
          resourceType: 'Task',
          status: 'draft',
          intent: 'plan',
          partOf: [{ reference: `Task/${whole.id}` }],
        }),
      ),
    )
    const ids = [...parts, whole].map(({ id }) => id)
    const path = `Task?_id=${ids.join(',')}&_include=Task:part-of&_count=1&_total=accurate&_sort=`
    for (const order of ['_id', '-_id']) {
      const all = await read(`${path}${order}`)
      expect(sorted(references(all))).toEqual(sorted(ids.map((id) => `Task/${id}`)))
      expect(all.entries.map(({ search }) => search)).toEqual(Array.from({ length: 3 }, () => ({ mode: 'match' })))
      expect(all.total).toBe(3)
    }
  })

  test('without hits has no entries', async () => {
    expect(await read('Observation?code=none&_total=accurate')).toMatchObject({ entries: [], total: 0, pages: 1 })
  })
})

describe('what is no search', () => {
  test('the pages of $everything keep its parameters', async () => {
    const whole = await read(`${chart}/$everything`)
    const paged = await read(`${chart}/$everything?start=2020-01-01&_count=50`)
    expect(whole.entries.length).toBeGreaterThan(300)
    expect(sorted(references(paged))).toEqual(sorted(references(whole)))
    // What is named by the chart comes along beyond the count.
    const own = whole.entries.filter(({ search }) => (search as { mode?: string } | undefined)?.mode !== 'include')
    expect(paged.pages).toBe(Math.ceil(own.length / 50))
    for (const [page, path] of paged.asked.entries()) {
      expect(path).toContain(`${chart}/$everything?start=2020-01-01`)
      expect(new URLSearchParams(path.split('?')[1]).get('_offset')).toBe(page === 0 ? null : `${page * 50}`)
      expect(new URLSearchParams(path.split('?')[1]).get('_count')).toBe('50')
    }
  })

  test('$everything of several types, where Medplum takes them', async () => {
    const all = await read(`${chart}/$everything?_type=Encounter&_type=Claim&_count=20`)
    const types = new Set(references(all).map((reference) => reference.split('/')[0]))
    // Who and what these name comes along (search.mode include); no other part of the chart does.
    expect(sorted(types as Set<string>)).toEqual([
      'Claim',
      'Encounter',
      'Location',
      'Organization',
      'Patient',
      'Practitioner',
    ])
    expect(all.pages).toBeGreaterThan(1)
  })

  test('a history, which has no links, is read whole: each version once, deletion too', async () => {
    const { id } = await create(token, { resourceType: 'Basic', code: { text: '0' } })
    for (let version = 1; version < 25; version++) {
      const content = Content.json({ resourceType: 'Basic', id, code: { text: `${version}` } })
      await client().send({ method: 'PUT', path: `Basic/${id}`, content })
    }
    await client().send(DELETE(`Basic/${id}`))
    const all = await read(`Basic/${id}/_history?_count=10`)
    expect(all).toMatchObject({ total: 26, pages: 3, capped: false, next: undefined })
    expect(all.entries).toHaveLength(26)
    expect(all.entries[0]).not.toHaveProperty('resource')
    const texts = all.entries.slice(1).map(({ resource }) => (resource as { code: { text: string } }).code.text)
    expect(texts).toEqual(Array.from({ length: 25 }, (_, index) => `${24 - index}`))
  })

  test('one resource is the only entry', async () => {
    const all = await read(chart)
    expect(references(all)).toEqual([chart])
    expect(all).toMatchObject({ pages: 1, total: undefined, capped: false })
  })

  test('nothing that could be an entry is none', async () => {
    await sandbox.faults([{ path: '^/fhir/R4/metadata', status: 200, body: '<html>' }])
    expect(await read('metadata')).toMatchObject({ entries: [], pages: 1 })
  })
})

describe('an early end', () => {
  const search = `Observation?subject=${chart}&_sort=_lastUpdated&_count=20&_total=accurate`

  test('at the cap says where to go on, with nothing lost between', async () => {
    const whole = await read(search)
    const start = await read(search, { cap: 50 })
    expect(start).toMatchObject({ capped: true, pages: 3, total: whole.total })
    expect(start.entries).toHaveLength(60)
    expect(start.told).toEqual([
      [20, 50],
      [40, 50],
      [60, undefined],
    ])
    const rest = await read(start.next ?? '')
    expect([...references(start), ...references(rest)]).toEqual(references(whole))
    expect(rest).toMatchObject({ capped: false, next: undefined })
  })

  test('is none where the last page reaches the cap', async () => {
    const { entries } = await read(search)
    expect(await read(search, { cap: entries.length })).toMatchObject({ capped: false, next: undefined })
    expect(await read(search, { cap: entries.length - 20 })).toMatchObject({ capped: true })
  })

  test('for lack of time says so, and where to go on', async () => {
    const late = await read(search, {}, client(9_000))
    expect(late).toMatchObject({ pages: 1, capped: false, partial: expect.stringContaining('time') })
    expect(late.next).toContain('_cursor=')
    expect(late.entries).toHaveLength(20)
  })

  test('goes on from a first page that was asked for already', async () => {
    const first = await client().send(GET(search))
    const all = await read(search, { first })
    expect(all.asked).toHaveLength(all.pages - 1)
    expect(references(all)).toEqual(references(await read(search)))
  })

  test('by a failure is an error, not a shorter answer', async () => {
    await sandbox.faults([{ path: '_cursor=', status: 403 }])
    const failed = await read(search).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(FhirError)
    expect(failed).toMatchObject({ status: 403 })
  })

  test('by the client is an error', async () => {
    const aborted = read(search, { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toThrow(TransportError)
  })

  const page = (next: string, id: string) => ({
    resourceType: 'Bundle',
    type: 'searchset',
    link: [{ relation: 'next', url: `${SANDBOX}fhir/R4/${next}` }],
    entry: [{ resource: { resourceType: 'Task', id } }],
  })

  test('comes where a page is named again', async () => {
    await sandbox.faults([
      { path: 'Task\\?page=1', status: 200, body: page('Task?page=2', 'a'), times: 2 },
      { path: 'Task\\?page=2', status: 200, body: page('Task?page=1', 'b'), times: 2 },
    ])
    const all = await read('Task?page=1')
    expect(references(all)).toEqual(['Task/a', 'Task/b'])
    expect(all).toMatchObject({ pages: 2, capped: false, next: undefined, partial: expect.stringContaining('already') })
  })

  test('comes where the next offset is one that Medplum refuses', async () => {
    await sandbox.faults([{ path: 'Task\\?_offset=10000', status: 200, body: page('Task?_offset=10500', 'a') }])
    const all = await read('Task?_offset=10000')
    expect(all).toMatchObject({ pages: 1, next: undefined, partial: expect.stringContaining('10000') })
  })
})

describe('a page that can not be had', () => {
  const stuck = {
    ...{ status: 500, headers: { 'content-type': 'application/fhir+json' } },
    body: {
      resourceType: 'OperationOutcome',
      issue: [
        {
          ...{ severity: 'error', code: 'exception', details: { text: 'Internal server error' } },
          diagnostics: 'Error: Cursor fails to make progress',
        },
      ],
    },
  }
  const search = withStableOrder(`Observation?subject=${chart}&_count=20`)

  test.each([
    ['the first', '_sort=_lastUpdated', 0],
    ['a later one', '_cursor=', 20],
  ])('by cursor, for everything was stored at once: %s; is read by offset', async (_, path, before) => {
    const expected = references(await read(search))
    await sandbox.faults([{ ...stuck, path: `^/fhir/R4/Observation.*${path}` }])
    const all = await read(search)
    expect(sorted(references(all))).toEqual(sorted(expected))
    expect(all).toMatchObject({ capped: false, next: undefined })
    expect(all.told.slice(0, 2).map(([done]) => done)).toContain(before || 20)
    for (const one of all.asked.slice(before === 0 ? 1 : 2)) expect(one).toMatch(/_sort=_id/)
  })

  test('of another order is an error', async () => {
    await sandbox.faults([{ ...stuck, path: '^/fhir/R4/Observation' }])
    await expect(read(`Observation?subject=${chart}&_sort=_id`)).rejects.toThrow(FhirError)
  })

  describe('for its size', () => {
    const large = 'http://paging.example.com/large'
    let ids: string[]
    beforeAll(async () => {
      const text = 'x'.repeat(1_000_000)
      const made = Array.from({ length: 25 }, (_, index) =>
        create(token, { resourceType: 'Basic', identifier: [{ system: large, value: `${index}` }], code: { text } }),
      )
      ids = (await Promise.all(made)).map(({ id }) => `Basic/${id}`)
      return async () => {
        for (const path of ids) await client().send(DELETE(path))
      }
    })
    const keep = ({ resourceType, id, meta }: Record<string, unknown>) => ({ resourceType, id, meta })

    test.each([
      ['by id, where pages get too small for a cursor', '_sort=_lastUpdated&_count=24', [24, 12, 6, 6, 6, 6, 6], '_id'],
      ['by offset', '_sort=_id&_count=16', [16, 8, 8, 8, 8], '_id'],
      ['in the order that was asked for', '_sort=-_id', [20, 10, 5, 5, 5, 5, 5], '-_id'],
    ])('is asked for in smaller ones: %s', async (_, order, counts, last) => {
      const all = await read(`Basic?identifier=${large}|&${order}`, { keep })
      expect(sorted(references(all))).toEqual(sorted(ids))
      const count = (path: string) => Number(new URLSearchParams(path.split('?')[1]).get('_count') ?? 20)
      // Where the rest of an answer that is not read breaks the connection, the same page is asked for again.
      expect([...new Set(all.asked)].map(count)).toEqual(counts)
      expect(new URLSearchParams(all.asked.at(-1)?.split('?')[1]).get('_sort')).toBe(last)
      for (const path of all.asked) expect(path).not.toMatch(/_cursor=.*_offset=|_offset=.*_cursor=/)
    })

    test('is an error where one resource alone is too large', async () => {
      const fault = {
        path: '^/fhir/R4/Basic\\?_count=',
        status: 200,
        headers: { 'content-type': 'application/fhir+json' },
      }
      await sandbox.faults([{ ...fault, body: `"${'x'.repeat(8 * 1024 * 1024)}"`, times: 9 }])
      const { result, requests } = await sandbox.during(() => read('Basic?_count=4&_sort=_id').catch((error) => error))
      expect(result).toBeInstanceOf(TransportError)
      expect([...new Set(requests.map((one) => /_count=(\d+)/.exec(one.path)?.[1]))]).toEqual(['4', '2', '1'])
    })
  })
})

test('the clinic was stored at one time, which is what makes paging it hard', async () => {
  const { entries } = await read(`Observation?subject=${chart}&_count=1000&_sort=_id`)
  const times = new Set(entries.map(({ resource }) => (resource as { meta: { lastUpdated: string } }).meta.lastUpdated))
  expect([...times].map((time) => Date.parse(time))).toContain(Date.parse(CLINIC_NOW))
  expect(times.size).toBeLessThan(entries.length / 20)
})
