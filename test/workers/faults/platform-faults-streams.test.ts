// A client that disconnects in the middle of a stream and resumes it (Streamable HTTP, resumability): it gets what it missed, once, and
// nothing of another stream.

import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { fhir, fhirCall, post, type RpcAnswer, rpc, startSession } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { bare, evict, sessionObject } from '../world/streams.ts'
import { alice, rita, sandbox } from '../world/world.ts'

const READ = GET('Patient?_count=1&_total=accurate')
const SYSTEM = 'https://example.com/resumed'
const VALUE = crypto.randomUUID()

let mine: Tokens
let theirs: Tokens
beforeAll(async () => {
  mine = await signIn(alice)
  theirs = await signIn(rita)
  for (let n = 0; n < 3; n++) {
    const body = { resourceType: 'Basic', code: { text: `${n}` }, identifier: [{ system: SYSTEM, value: VALUE }] }
    expect((await fhir(mine.access, POST('Basic', body))).isError).toBe(false)
  }
})
afterEach(() => sandbox.clearFaults())

interface StreamEvent {
  id: string
  message: RpcAnswer & { method?: string; params?: { progress: number; progressToken: string } }
}

/** The events of a stream, one by one; those without a message are left out. */
async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  expect(response.status).toBe(200)
  let buffer = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    buffer += chunk
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const event = buffer.slice(0, end)
      buffer = buffer.slice(end + 2)
      const [id, data] = ['id', 'data'].map((field) => new RegExp(`^${field}: (.*)$`, 'm').exec(event)?.[1])
      if (id && data) yield { id, message: JSON.parse(data) }
    }
  }
}

async function all(response: Response): Promise<StreamEvent[]> {
  const found: StreamEvent[] = []
  for await (const event of eventsOf(response)) found.push(event)
  return found
}

/** A call that reports progress after each of three pages; the second page takes a while. */
function paged(id: string) {
  const path = `Basic?identifier=${SYSTEM}|${VALUE}&_count=1&_sort=_id`
  const { params, ...message } = fhirCall(GET(path, { all: true }), id)
  return { ...message, params: { ...params, _meta: { progressToken: id } } }
}

/** Calls, and hangs up after the first message; what was received. */
async function hungUp(session: Record<string, string>, id: string): Promise<StreamEvent> {
  await sandbox.faults([{ path: '^/fhir/R4/Basic.*_offset=1', delayMs: 1_000 }])
  const response = await post(mine.access, paged(id), session)
  // Leaving the loop cancels the stream.
  for await (const event of eventsOf(response)) return event
  throw new Error('The stream ended without a message')
}

/** How many messages of an event's stream are stored to be sent again. */
function kept(session: Record<string, string>, { id }: StreamEvent): Promise<number> {
  const [stream] = id.split('.')
  return runInDurableObject(sessionObject(session['mcp-session-id']), (_, { storage }) => {
    const { n } = storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM event WHERE stream = ?', stream).one()
    return n
  })
}

function resume(session: Record<string, string>, lastEventId: string, access = mine.access): Promise<Response> {
  return bare('GET', access, { ...session, 'last-event-id': lastEventId })
}

/** Progress after each page, then the answer; of this request only. */
function expectWhole(events: StreamEvent[], id: string): void {
  const progress = events.map(({ message }) => message.params).filter((params) => params !== undefined)
  expect(progress.map(({ progress: read }) => read)).toEqual([1, 2, 3])
  expect(progress.map(({ progressToken }) => progressToken)).toEqual([id, id, id])
  expect(events).toHaveLength(4)
  expect(events[3]?.message).toMatchObject({ id, result: { content: expect.anything() } })
  expect(events[3]?.message.result?.isError ?? false).toBe(false)
}

test.each([
  'while the call goes on',
  'after the call has ended',
  'after the call has ended and the object was evicted',
])('what was missed is sent once, %s', async (when) => {
  const session = await startSession(mine.access)
  const first = await hungUp(session, 'one')
  const other = await rpc(await post(mine.access, fhirCall(READ, 'other'), session))
  expect(other.id).toBe('other')
  // The opening event, three progress events, and the answer.
  if (when !== 'while the call goes on') await expect.poll(() => kept(session, first), { timeout: 5_000 }).toBe(5)
  if (when.endsWith('evicted')) await evict(session)
  const rest = await all(await resume(session, first.id))
  expectWhole([first, ...rest], 'one')
  // Resuming from a later message gives fewer, and from the last none.
  expect(await all(await resume(session, rest[0]?.id ?? ''))).toEqual(rest.slice(1))
  expect(await all(await resume(session, rest.at(-1)?.id ?? ''))).toEqual([])
})

test('two resumed calls each get their own answer', async () => {
  const session = await startSession(mine.access)
  const firsts = [await hungUp(session, 'one'), await hungUp(session, 'two')]
  const rests = await Promise.all(firsts.map(async ({ id }) => all(await resume(session, id))))
  firsts.forEach((first, n) => {
    expectWhole([first, ...(rests[n] ?? [])], n === 0 ? 'one' : 'two')
  })
})

test('a client that resumes a call that was lost with the object gets an error once, and the session goes on', async () => {
  const session = await startSession(mine.access)
  const first = await hungUp(session, 'one')
  await abortAllDurableObjects()
  const rest = await all(await resume(session, first.id))
  expect(rest.map(({ message }) => message)).toEqual([
    { jsonrpc: '2.0', id: 'one', error: { code: -32603, message: expect.stringMatching(/was lost.*check before/) } },
  ])
  expect(await all(await resume(session, first.id))).toEqual(rest)
  expect(await all(await resume(session, rest[0]?.id ?? ''))).toEqual([])
  expect((await fhir(mine.access, READ, session)).isError).toBe(false)
})

test('another person cannot find a session that streams, and nothing of it is lost', async () => {
  const session = await startSession(mine.access)
  const first = await hungUp(session, 'one')
  for (const refused of [
    await post(theirs.access, fhirCall(READ, 'one'), session),
    await resume(session, first.id, theirs.access),
    await bare('GET', theirs.access, session),
    await bare('DELETE', theirs.access, session),
  ]) {
    expect(refused.status).toBe(404)
    expect(await refused.text()).toContain('Session not found')
  }
  expectWhole([first, ...(await all(await resume(session, first.id)))], 'one')
})

test('Medplum’s rate limit is waited out in a session too, and reported if it lasts', async () => {
  const session = await startSession(mine.access)
  const fault = { status: 429, headers: { ratelimit: '"requests";r=59999;t=60, "fhirInteractions";r=0;t=1' } }
  await sandbox.faults([{ path: '^/fhir/R4/Patient', ...fault }])
  const { result, requests } = await sandbox.during(() => fhir(mine.access, READ, session))
  expect(result.isError).toBe(false)
  expect(requests.map(({ status }) => status)).toEqual([429, 200])
  await sandbox.faults([{ path: '^/fhir/R4/Patient', times: 10, ...fault }])
  expect(await fhir(mine.access, READ, session)).toMatchObject({
    isError: true,
    text: expect.stringContaining('HTTP 429'),
  })
})
