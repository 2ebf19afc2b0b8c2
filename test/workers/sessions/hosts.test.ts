import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { takenBy } from '../../../src/mcp/accept.ts'
import { bundleOf, entryFor, GET } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { fhir, fhirCall, INITIALIZE, MODERN_META, post, rpc, startSession } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { bare, openSse } from '../world/streams.ts'
import { contract } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'

let mine: Tokens

beforeAll(async () => {
  mine = await signIn(alice)
})

afterEach(() => sandbox.clearFaults())

const READ = GET('Patient?_count=1')

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

const MODERN = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'fhir-request' }

const modernCall = () => ({ ...fhirCall(READ), params: { ...fhirCall(READ).params, _meta: MODERN_META } })

describe('an answer comes in a form that its client accepts', () => {
  type Ask = (accept: string | undefined, slow?: boolean) => Promise<Response>
  const accepting = (accept: string | undefined) => ({ accept: accept ?? '' })
  const LANES: Record<string, Ask> = {
    '2025, without a session': (accept) =>
      post(mine.access, fhirCall(READ), { ...accepting(accept), 'mcp-protocol-version': '2025-11-25' }),
    'in a session': async (accept) =>
      post(mine.access, fhirCall(READ), { ...(await startSession(mine.access)), ...accepting(accept) }),
    'in a session, late': async (accept) => {
      const session = await startSession(mine.access)
      await sandbox.faults([{ path: '^/fhir/R4/', delayMs: 900, times: 10 }])
      return post(mine.access, fhirCall(READ), { ...session, ...accepting(accept) })
    },
    'of initialize': (accept) => post(mine.access, INITIALIZE, accepting(accept)),
    'of 2026-07-28': (accept) => post(mine.access, modernCall(), { ...MODERN, ...accepting(accept) }),
    'of 2026-07-28, by the SDK': (accept) => {
      const _meta = { ...MODERN_META, progressToken: 'p' }
      const params = { ...fhirCall(READ).params, _meta }
      return post(mine.access, { ...fhirCall(READ), params }, { ...MODERN, ...accepting(accept) })
    },
  }
  const ACCEPTS: [accept: string, type: RegExp][] = [
    ['*/*', /^(application\/json|text\/event-stream)/],
    ['', /^(application\/json|text\/event-stream)/],
    ['application/json', /^application\/json/],
    ['application/json, text/html;q=0.5', /^application\/json/],
    ['text/event-stream', /^text\/event-stream/],
    ['text/event-stream;q=0, application/*', /^application\/json/],
  ]

  test.each(
    Object.entries(LANES).flatMap(([lane, ask]) => ACCEPTS.map(([accept, type]) => [lane, accept, type, ask] as const)),
  )('%s: Accept "%s"', async (_, accept, type, ask) => {
    const response = await ask(accept)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(type)
    const { result, error } = await rpc(response)
    expect(error).toBeUndefined()
    expect(JSON.stringify(result)).toMatch(/searchset|serverInfo/)
  })

  test('nothing is done for a client that accepts neither', async () => {
    const { requests } = await sandbox.during(async () => {
      const response = await post(mine.access, fhirCall(READ), { accept: 'text/html' })
      expect(response.status).toBe(406)
    })
    expect(requests).toEqual([])
  })

  test('a stream for a client that accepts anything, none for one that accepts only JSON', async () => {
    const session = await startSession(mine.access)
    const open = await bare('GET', mine.access, { ...session, accept: '*/*' })
    expect(open.headers.get('content-type')).toBe('text/event-stream')
    await open.body?.cancel()
    expect((await bare('GET', mine.access, { ...session, accept: 'application/json' })).status).toBe(406)
  })

  test.each([
    [null, { json: true, events: true }],
    ['TEXT/EVENT-STREAM', { json: false, events: true }],
    ['application/json;q=0.0, text/event-stream', { json: false, events: true }],
    ['text/*', { json: false, events: true }],
    ['image/png', { json: false, events: false }],
  ])('Accept %s', (accept, taken) => {
    expect(takenBy(accept)).toEqual(taken)
  })
})

describe('a null is absent', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const whoami = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: null } }
  const MESSAGES: [string, Record<string, unknown>][] = [
    ['params of a ping', { ...ping, params: null }],
    ['params of a list', { ...LIST, params: null }],
    ['a cursor', { ...LIST, params: { cursor: null, _meta: null } }],
    ['a progress token', { ...LIST, params: { _meta: { progressToken: null } } }],
    ['arguments of a tool', whoami],
    ['an argument of a tool', fhirCall({ ...READ, body: null, select: null, ifMatch: null })],
    [
      'an argument of a prompt',
      {
        ...LIST,
        method: 'prompts/get',
        params: { name: 'summarize-patient', arguments: { patient: 'Patient/1', focus: null } },
      },
    ],
  ]

  test.each(MESSAGES)('%s', async (_, message) => {
    for (const headers of [{ 'mcp-protocol-version': '2025-11-25' }, await startSession(mine.access)]) {
      const { error, result } = await rpc(await post(mine.access, message, headers))
      expect(error).toBeUndefined()
      expect(result?.isError).not.toBe(true)
    }
    const sse = await openSse(mine.access)
    await post(
      mine.access,
      { ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion: '2024-11-05' } },
      {},
      sse.endpoint,
    )
    await sse.next()
    await post(mine.access, message, {}, sse.endpoint)
    expect(JSON.parse(await sse.next()).error).toBeUndefined()
    await sse.close()
  })

  test('in initialize and in a batch', async () => {
    const { protocolVersion, clientInfo } = INITIALIZE.params
    const params = {
      protocolVersion,
      clientInfo: { ...clientInfo, title: null, icons: null },
      capabilities: { roots: null, sampling: null, elicitation: null, experimental: null },
      _meta: null,
    }
    expect((await rpc(await post(mine.access, { ...INITIALIZE, params }))).result).toBeDefined()
    const batch = [
      { ...LIST, params: null },
      { ...whoami, id: 2 },
    ]
    const session = { ...(await startSession(mine.access)), 'mcp-protocol-version': '2025-03-26' }
    const answered: { result?: object }[] = await (await post(mine.access, batch, session)).json()
    expect(answered.map(({ result }) => result !== undefined)).toEqual([true, true])
  })
})

describe('a path may be omitted if it has a natural default', () => {
  const body = bundleOf('batch', [entryFor('GET', 'Patient?_count=1')])

  test.each([{}, { path: '' }, { path: '/' }, { path: null }])('for a batch: %o', async (path) => {
    expect(await fhir(mine.access, { method: 'POST', body, ...path })).toMatchObject({
      isError: false,
      text: expect.stringContaining('batch-response'),
    })
  })

  test.each(['GET', 'DELETE', 'PUT'])('not for %s', async (method) => {
    const { result, requests } = await sandbox.during(() =>
      fhir(mine.access, { method, ...(method === 'PUT' && { body }) }),
    )
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining(`such as ${method} Patient/ID`) })
    expect(requests.filter(({ method: sent }) => sent === method)).toEqual([])
  })
})

test('search and fetch link to the Medplum App, or to nothing', async () => {
  const app = deployment({ MEDPLUM_APP_URL: 'https://app.example.com/' })
  const { results } = await contract<{ results: { id: string; url: string }[] }>(mine.access, 'search', {
    query: 'Vega-Castillo',
  })
  const [{ id, url } = { id: '', url: undefined }] = results
  expect(url).toBe('')
  for (const [name, args] of [
    ['search', { query: 'Vega-Castillo' }],
    ['fetch', { id }],
  ] as const) {
    expect((await say(app, mine.access, name, args)).text).toContain(`"url":"https://app.example.com/${id}"`)
  }
})
