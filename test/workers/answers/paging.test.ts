// All pages of a search, read for a model.
import { describe, expect, test } from 'vitest'
import { CLINIC_NOW } from '../../../sandbox/clinic/calendar.ts'
import { Content } from '../../../src/client/content.ts'
import { withStableOrder } from '../../../src/fhir/paging.ts'
import { DELETE } from '../../calls.ts'
import { allOf, create } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'
import { chart, client, read, references, setUp, sorted, token } from './all-pages.ts'

setUp()

/** What is there of a type. */
async function straight(type: string): Promise<string[]> {
  return (await allOf(token, type)).map(({ id }) => `${type}/${id}`)
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
  test('of thousands is read whole by cursor: each resource once, even if many were stored at the same time', async () => {
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

  test('keeps what was requested of each resource', async () => {
    const { entries } = await read(`Observation?subject=${chart}&_count=30&_sort=_lastUpdated`, {
      keep: ({ resourceType, id, meta }) => ({ resourceType, id, meta }),
    })
    expect(entries.length).toBeGreaterThan(100)
    for (const { resource } of entries) expect(Object.keys(resource as object)).toEqual(['resourceType', 'id', 'meta'])
  })

  test('of several types is read whole, by a path that every version of Medplum accepts', async () => {
    const all = await read(withStableOrder('?_type=Practitioner,Organization,Location&_count=5'))
    const ours = await Promise.all(['Practitioner', 'Organization', 'Location'].map(straight))
    expect(sorted(references(all))).toEqual(sorted(ours.flat()))
    expect(all.pages).toBeGreaterThan(3)
    for (const path of all.asked) expect(path).toMatch(/^\?.*_type=/)
  })

  test('gives each included resource once, and as a match if it is one', async () => {
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

describe('other reads', () => {
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

  test('$everything of several types, if Medplum accepts them', async () => {
    const all = await read(`${chart}/$everything?_type=Encounter&_type=Claim&_count=20`)
    const types = new Set(references(all).map((reference) => reference.split('/')[0]))
    // Who and what these name comes along (search.mode include); no other part of the chart does.
    expect(sorted(types as Set<string>)).toEqual([
      ...['Claim', 'Encounter', 'Location', 'Organization', 'Patient', 'Practitioner'],
    ])
    expect(all.pages).toBeGreaterThan(1)
  })

  test('a history, which has no links, is read whole: each version once, including the deletion', async () => {
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

  test('nothing that could be an entry gives no entries', async () => {
    await sandbox.faults([{ path: '^/fhir/R4/metadata', status: 200, body: '<html>' }])
    expect(await read('metadata')).toMatchObject({ entries: [], pages: 1 })
  })
})

test('the clinic was stored at one moment, which makes paging hard', async () => {
  const { entries } = await read(`Observation?subject=${chart}&_count=1000&_sort=_id`)
  const times = new Set(entries.map(({ resource }) => (resource as { meta: { lastUpdated: string } }).meta.lastUpdated))
  expect([...times].map((time) => Date.parse(time))).toContain(Date.parse(CLINIC_NOW))
  expect(times.size).toBeLessThan(entries.length / 20)
})
