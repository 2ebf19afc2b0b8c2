// Pages that can't be read, and reading that ends early.
import { beforeAll, describe, expect, test } from 'vitest'
import { FhirError } from '../../../src/client/fhir-error.ts'
import { TransportError } from '../../../src/client/transport.ts'
import { withStableOrder } from '../../../src/fhir/paging.ts'
import { DELETE, GET } from '../../calls.ts'
import { create } from '../world/medplum.ts'
import { SANDBOX, sandbox } from '../world/world.ts'
import { chart, client, read, references, setUp, sorted, token } from './all-pages.ts'

setUp()

describe('an early end', () => {
  const search = `Observation?subject=${chart}&_sort=_lastUpdated&_count=20&_total=accurate`

  test('at the limit says where to continue, with nothing lost in between', async () => {
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

  test('is not reported if the last page reaches the limit', async () => {
    const { entries } = await read(search)
    expect(await read(search, { cap: entries.length })).toMatchObject({ capped: false, next: undefined })
    expect(await read(search, { cap: entries.length - 20 })).toMatchObject({ capped: true })
  })

  test('for lack of time says so, and where to continue', async () => {
    const late = await read(search, {}, client(9_000))
    expect(late).toMatchObject({ pages: 1, capped: false, partial: expect.stringContaining('time') })
    expect(late.next).toContain('_cursor=')
    expect(late.entries).toHaveLength(20)
  })

  test('continues from a first page that was already read', async () => {
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

  test('comes if a page is linked again', async () => {
    await sandbox.faults([
      { path: 'Task\\?page=1', status: 200, body: page('Task?page=2', 'a'), times: 2 },
      { path: 'Task\\?page=2', status: 200, body: page('Task?page=1', 'b'), times: 2 },
    ])
    const all = await read('Task?page=1')
    expect(references(all)).toEqual(['Task/a', 'Task/b'])
    expect(all).toMatchObject({ pages: 2, capped: false, next: undefined, partial: expect.stringContaining('already') })
  })

  test('comes if Medplum refuses the next offset', async () => {
    await sandbox.faults([{ path: 'Task\\?_offset=10000', status: 200, body: page('Task?_offset=10500', 'a') }])
    const all = await read('Task?_offset=10000')
    expect(all).toMatchObject({ pages: 1, next: undefined, partial: expect.stringContaining('10000') })
  })
})

describe('a page that can’t be read', () => {
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
  ])('by cursor, because everything was stored at once (%s), is read by offset', async (_, path, before) => {
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
    ])('is read in smaller ones: %s', async (_, order, counts, last) => {
      const all = await read(`Basic?identifier=${large}|&${order}`, { keep })
      expect(sorted(references(all))).toEqual(sorted(ids))
      const count = (path: string) => Number(new URLSearchParams(path.split('?')[1]).get('_count') ?? 20)
      // If the unread rest of an answer breaks the connection, the same page is requested again.
      expect([...new Set(all.asked)].map(count)).toEqual(counts)
      expect(new URLSearchParams(all.asked.at(-1)?.split('?')[1]).get('_sort')).toBe(last)
      for (const path of all.asked) expect(path).not.toMatch(/_cursor=.*_offset=|_offset=.*_cursor=/)
    })

    test('is an error if a single resource is too large', async () => {
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
