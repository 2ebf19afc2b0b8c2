// The arguments for the answer: `all` and `select`.
import { describe, expect, test } from 'vitest'
import { entryFor, GET, POST } from '../../calls.ts'
import { events, fhirCall, post, startSession } from '../world/mcp.ts'
import { allOf } from '../world/medplum.ts'
import { type LoggedRequest, sandbox } from '../world/world.ts'
import { access, call, chart, follow, medplum, reference, setUp, sorted } from './answering.ts'

setUp()

/** Requests to the FHIR API meanwhile. */
async function asked<T>(work: () => Promise<T>): Promise<{ result: T; requests: LoggedRequest[] }> {
  const { result, requests } = await sandbox.during(work)
  return { result, requests: requests.filter(({ path }) => path.startsWith('/fhir/')) }
}

describe('`all`', () => {
  test('returns all of a search, a chart or a history, with no next page', async () => {
    for (const path of [`Observation?subject=${chart}&_count=20`, `${chart}/$everything?_count=50`]) {
      const { text } = await call({ path, all: true, select: ['id'] })
      const ids = [...text.matchAll(/^[0-9a-f-]{36}$/gm)].map(([id]) => id)
      const held = await allOf(medplum, path.replace(/[?&]_count=\d+/, ''))
      expect(sorted(ids)).toEqual(sorted(held.map(({ id }) => id)))
      expect(text).not.toMatch(/^next: /m)
    }
    const { text } = await call({ path: `${chart}/_history?_count=1`, all: true })
    expect(text).toMatch(/^total: 1\nreturned: 1$/m)
  })

  test('stops at 2,000 and says where to continue, which gives the rest', async () => {
    const path = 'Observation?_total=accurate'
    const { result, requests } = await asked(() => call({ path, all: true }))
    expect(requests).toHaveLength(4)
    const held = (await allOf(medplum, 'Observation')).map(reference)
    expect(result.text).toContain(`\ntotal: ${held.length}\n`)
    expect(result.text).toMatch(/^next: Observation\?\S*_all=true&_skip=\d+$/m)
    expect(result.all).not.toContain('Without _sort')
    const { found, answers } = await follow({ path, all: true })
    expect(sorted(found)).toEqual(sorted(held))
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(60_000)
  })

  test('reports progress to a client that asked for it', async () => {
    const message = fhirCall(GET('Encounter?_total=accurate', { all: true, format: undefined }))
    const params = { ...message.params, _meta: { progressToken: 'p' } }
    const total = (await allOf(medplum, 'Encounter')).length
    const response = await post(access, { ...message, params }, await startSession(access))
    const told = events(await response.text())
      .map((data) => JSON.parse(data))
      .flatMap(({ method, params: progress }) => (method === 'notifications/progress' ? [progress] : []))
    expect(told.map(({ progress, total: of }) => [progress, of])).toEqual([
      [500, total],
      [total, total],
    ])
  })
})

describe('`select`', () => {
  const select = ['id', 'code.text', 'valueQuantity.value', "name.where(use='official').family"]

  test.each([
    ['a read', { path: chart }, 1],
    ['a search', { path: `Observation?subject=${chart}&_sort=_id&_count=40` }, 40],
    ['a chart', { path: `${chart}/$everything` }, 300],
    [
      'a batch',
      {
        ...POST(''),
        body: {
          ...{ resourceType: 'Bundle', type: 'batch' },
          entry: [chart, 'Observation?_sort=_id&_count=5'].map((url) => entryFor('GET', url)),
        },
      },
      6,
    ],
  ])('of %s is a table of the columns', async (_, args, rows) => {
    const { text, isError } = await call({ ...args, select })
    expect(isError, text).toBe(false)
    const table = text.slice(text.indexOf('# select'))
    const [title = ''] = table.split('\n')
    const count = Number(/^# select \((\d+)\)$/.exec(title)?.[1])
    expect(count).toBeGreaterThanOrEqual(rows)
    expect(table.split('\n').filter((line) => /[0-9a-f]{8}-[0-9a-f-]{27}/.test(line))).toHaveLength(count)
  })

  test('names each expression that is wrong, and sends nothing', async () => {
    const wrong = ['id', 'code.(', 'name.nothing()', 'code.text', 'code.text', '']
    const { result, requests } = await asked(() => call({ path: chart, select: wrong }))
    expect(requests).toEqual([])
    expect(result.isError).toBe(true)
    expect([...result.text.matchAll(/^select\[(\d)\] /gm)].map(([, index]) => index)).toEqual(['1', '2', '4', '5'])
    expect(result.text).toMatch(/Nothing was sent\.$/)
  })

  test('says which expressions found nothing, and which failed', async () => {
    const { all } = await call({
      path: 'Observation?_count=3&_sort=_id',
      select: ['id', 'nope', 'code.coding.single()'],
    })
    expect(all).toMatch(/^Note: "nope" found nothing: no resource here has nope; they have category, code, /m)
  })
})

describe('a wrong argument is named, and nothing is sent', () => {
  test.each([
    ['too small a budget', { path: chart, maxChars: 5 }, /maxChars.*2000/],
    ['too large a budget', { path: chart, maxChars: 100_001 }, /maxChars.*100000/],
    ['a budget that is no number', { path: chart, maxChars: 'all' }, /maxChars/],
    [
      '21 columns',
      { path: chart, select: Array.from({ length: 21 }, (_, at) => `a${at}`) },
      /21 expressions, but at most 20/,
    ],
    ['a format of its own', { path: chart, format: 'xml' }, /format/],
    ['all of a write', POST('Task', { resourceType: 'Task' }, { all: true }), /`all` is for a GET/],
    ['all of one record', { path: chart, all: true }, /`all` is for a GET of a search/],
    ['all of what runs something', { path: `Claim/${crypto.randomUUID()}/$submit`, all: true }, /`all` is for a GET/],
    ['a place that is no number', { path: 'Task?_skip=abc' }, /`_skip` must be a number/],
    ['a place before the first', { path: 'Task?_skip=-1' }, /`_skip` must be a number/],
    ['an offset before the first byte', { path: 'Binary/1', offset: -1 }, /offset/],
    ['a foreign address with a place', { path: 'https://evil.example.com/fhir/R4/Task?_skip=1' }, /refused|not below/i],
    ['a way out with a place', { path: '../../auth/me?_skip=1' }, /refused/i],
  ])('%s', async (_, args, message) => {
    const { result, requests } = await asked(() => call(args))
    expect(requests).toEqual([])
    expect(result.isError).toBe(true)
    expect(result.text).toMatch(message)
  })
})
