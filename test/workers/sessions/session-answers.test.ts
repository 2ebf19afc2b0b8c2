// How a session of Streamable HTTP answers: quickly in JSON, otherwise by an event stream, each request once and on its own.

import { runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { events, fhir, fhirCall, post, type RpcAnswer, rpc, startSession } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { bare, evict, sessionObject } from '../world/streams.ts'
import { alice, ORIGIN, sandbox, send } from '../world/world.ts'

const READ = GET('Patient?_count=1&_total=accurate')
/** Longer than a session waits for an answer that it sends as JSON. */
const LATE_MS = 900

let mine: Tokens
let session: Record<string, string>
beforeAll(async () => {
  mine = await signIn(alice)
  session = await startSession(mine.access)
})
afterEach(() => sandbox.clearFaults())

const late = () => sandbox.faults([{ path: '^/fhir/R4/', delayMs: LATE_MS, times: 10 }])
const call = (id: number | string, headers = session) => post(mine.access, fhirCall(READ, id), headers)
const typeOf = (response: Response) => response.headers.get('content-type')

function rowsOf({ 'mcp-session-id': id }: Record<string, string>): Promise<ArrayBuffer[]> {
  return runInDurableObject(sessionObject(id), (_, { storage }) => {
    const { found } = storage.sql.exec("SELECT count(*) AS found FROM sqlite_master WHERE name = 'event'").one()
    return found === 0
      ? []
      : storage.sql
          .exec<{ message: ArrayBuffer }>('SELECT message FROM event')
          .toArray()
          .map(({ message }) => message)
  })
}

async function waitUntilAsked(soFar: () => Promise<{ path: string }[]>, times = 1): Promise<void> {
  const asked = async () => (await soFar()).filter(({ path }) => path.startsWith('/fhir/R4/'))
  await expect.poll(asked, { timeout: 10_000 }).toHaveLength(times)
}

describe('an answer', () => {
  test('that comes quickly is JSON, and nothing of it is kept', async () => {
    const own = await startSession(mine.access)
    const response = await call('soon', own)
    expect(response.status).toBe(200)
    expect(typeOf(response)).toBe('application/json')
    expect(response.headers.get('mcp-session-id')).toBe(own['mcp-session-id'])
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: 'soon', result: { content: expect.anything() } })
    expect(await rowsOf(own)).toEqual([])
  })

  test('that takes longer comes on an event stream, which begins with an event to resume from', async () => {
    await late()
    const response = await call('late')
    expect(typeOf(response)).toBe('text/event-stream')
    expect(response.headers.get('mcp-session-id')).toBe(session['mcp-session-id'])
    const text = await response.text()
    expect(text).toMatch(/^id: \S+\nretry: \d+\ndata: \n\n/)
    expect(events(text).map((data) => JSON.parse(data))).toEqual([expect.objectContaining({ id: 'late' })])
  })

  test('to a client of an earlier revision has no empty event before it', async () => {
    await late()
    const text = await (await call('late', { ...session, 'mcp-protocol-version': '2025-06-18' })).text()
    const messages = text.split('\n\n').filter((event) => event !== '')
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatch(/^id: \S+\nevent: message\ndata: \{/)
  })

  test('to a batch of 2025-03-26 is one list, in any order', async () => {
    const batch = [fhirCall(READ, 'a'), { jsonrpc: '2.0', id: 'b', method: 'ping' }]
    const response = await post(mine.access, batch, { ...session, 'mcp-protocol-version': '2025-03-26' })
    expect(typeOf(response)).toBe('application/json')
    const answers: RpcAnswer[] = await response.json()
    expect(answers.map(({ id }) => id).sort()).toEqual(['a', 'b'])
  })

  test('to a batch with one slow part is a stream, with each answer once', async () => {
    await late()
    const batch = [fhirCall(READ, 'a'), { jsonrpc: '2.0', id: 'b', method: 'ping' }]
    const response = await post(mine.access, batch, { ...session, 'mcp-protocol-version': '2025-03-26' })
    expect(typeOf(response)).toBe('text/event-stream')
    expect(events(await response.text()).map((data) => JSON.parse(data).id)).toEqual(['b', 'a'])
  })
})

test('two requests of one id at the same time: the second is refused, the first answered', async () => {
  await late()
  const first = call('twice')
  const { result: second } = await sandbox.during(async (soFar) => {
    await waitUntilAsked(soFar)
    return call('twice')
  })
  expect(second.status).toBe(400)
  expect(await second.json()).toMatchObject({ error: { code: -32600, message: expect.stringContaining('same id') } })
  expect(await rpc(await first)).toMatchObject({ id: 'twice', result: { content: expect.anything() } })
  // After the answer, the id can be used again.
  expect((await call('twice')).status).toBe(200)
})

test('a cancelled request is given up at Medplum, and its stream ends without an answer', async () => {
  await sandbox.faults([{ path: '^/fhir/R4/', delayMs: 5_000 }])
  const { result, requests } = await sandbox.during(async (soFar) => {
    const response = call('given up')
    await waitUntilAsked(soFar)
    const params = { requestId: 'given up' }
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params }
    expect((await post(mine.access, cancelled, session)).status).toBe(202)
    const text = await (await response).text()
    await expect.poll(async () => (await soFar()).some(({ aborted }) => aborted)).toBe(true)
    return text
  })
  expect(events(result)).toEqual([])
  expect(requests.filter(({ path }) => path.startsWith('/fhir/R4/'))).toHaveLength(1)
})

test('a batch that cancels one of its own requests gets answers for the others', async () => {
  await sandbox.faults([{ path: '^/fhir/R4/', delayMs: 5_000 }])
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'a' } }
  const batch = [fhirCall(READ, 'a'), { jsonrpc: '2.0', id: 'b', method: 'ping' }, cancelled]
  const response = await post(mine.access, batch, { ...session, 'mcp-protocol-version': '2025-03-26' })
  expect(events(await response.text()).map((data) => JSON.parse(data).id)).toEqual(['b'])
})

test('a client that hangs up before the answer: its request is carried out, once', async () => {
  const marker = crypto.randomUUID()
  const body = { resourceType: 'Basic', code: { text: marker } }
  await sandbox.faults([{ method: 'POST', path: '^/fhir/R4/Basic', delayMs: 300 }])
  const hangUp = new AbortController()
  const { requests } = await sandbox.during(async (soFar) => {
    const answer = send(`${ORIGIN}/mcp`, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${mine.access}`,
        ...session,
      },
      body: JSON.stringify(fhirCall(POST('Basic', body))),
      signal: hangUp.signal,
    })
    await waitUntilAsked(soFar)
    hangUp.abort()
    await answer.catch(() => undefined)
    const isOver = async () => (await soFar()).every(({ status }) => status !== null)
    await expect.poll(isOver).toBe(true)
  })
  expect(requests.map(({ status }) => status)).toEqual([201])
  expect((await fhir(mine.access, READ, session)).isError).toBe(false)
})

test('a session that ends during a request: the request gets 404', async () => {
  const ending = await startSession(mine.access)
  await sandbox.faults([{ path: '^/fhir/R4/', delayMs: 400 }])
  const { result } = await sandbox.during(async (soFar) => {
    const response = call('orphan', ending)
    await waitUntilAsked(soFar)
    expect((await bare('DELETE', mine.access, ending)).status).toBe(200)
    return response
  })
  expect(result.status).toBe(404)
  expect(await result.text()).toContain('Session not found')
})

test('an event of an unknown stream, or other text, can’t be resumed from', async () => {
  const resume = (last: string) => bare('GET', mine.access, { ...session, 'last-event-id': last })
  expect(await (await resume(`${crypto.randomUUID()}.1`)).text()).toBe('')
  expect((await resume('nonsense')).status).toBe(400)
})

test('a stream can be resumed after the object was evicted, also by a client of an earlier revision', async () => {
  const own = await startSession(mine.access)
  await late()
  const text = await (await call('late', { ...own, 'mcp-protocol-version': '2025-06-18' })).text()
  const [, stream, number] = /^id: (\S+)\.(\d+)$/m.exec(text) ?? []
  await evict(own)
  const resumed = await bare('GET', mine.access, { ...own, 'last-event-id': `${stream}.${Number(number) - 1}` })
  expect(events(await resumed.text())).toEqual(events(text))
  for (const row of await rowsOf(own)) expect(new TextDecoder().decode(row)).not.toContain('resourceType')
})

test.each([
  [406, { accept: 'image/png' }],
  [415, { 'content-type': 'text/plain' }],
  [400, { 'mcp-protocol-version': '1999-01-01' }],
])('answers %d to a request that has %o', async (status, headers) => {
  const { requests } = await sandbox.during(async () => {
    const response = await post(mine.access, fhirCall(READ), { ...session, ...headers })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { message: expect.any(String) } })
  })
  expect(requests).toEqual([])
})
