// A 2025 or 2024 session: bound to its grant, surviving eviction, gone when it ends.

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { GET } from '../../calls.ts'
import { events, fhir, fhirCall, INITIALIZE, post, rpc, startSession } from '../world/mcp.ts'
import { refresh, signIn, type Tokens, tokensOf } from '../world/signing-in.ts'
import { bare, evict, openSse, sessionObject } from '../world/streams.ts'
import { alice, ORIGIN, rita, sandbox, sha256 } from '../world/world.ts'

const LIST = { jsonrpc: '2.0', id: 7, method: 'tools/list' }
const READ = GET('Patient?_count=1&_total=accurate&_sort=_id')

let mine: Tokens
let theirs: Tokens

beforeAll(async () => {
  mine = await signIn(alice)
  theirs = await signIn(rita)
})

describe('a session belongs to its grant', () => {
  test.each(['as it was started', 'after eviction'])('another user with a valid token gets 404, %s', async (when) => {
    const session = await startSession(mine.access)
    if (when === 'after eviction') await evict(session)
    for (const response of [
      await post(theirs.access, LIST, session),
      await bare('GET', theirs.access, session),
      await bare('GET', theirs.access, { ...session, 'last-event-id': `${crypto.randomUUID()}.1` }),
      await bare('DELETE', theirs.access, session),
    ]) {
      expect(response.status).toBe(404)
      await response.text()
    }
    expect((await fhir(mine.access, READ, session)).isError).toBe(false)
  })

  test('another grant of the same user also gets 404', async () => {
    const session = await startSession(mine.access)
    const other = await signIn(alice)
    expect((await post(other.access, LIST, session)).status).toBe(404)
  })

  test('another user cannot post to an SSE stream or take it over', async () => {
    const stream = await openSse(mine.access)
    expect((await post(theirs.access, INITIALIZE, {}, stream.endpoint)).status).toBe(404)
    const sessionId = new URL(stream.endpoint, ORIGIN).searchParams.get('sessionId') ?? ''
    expect((await bare('GET', theirs.access, { 'mcp-session-id': sessionId })).status).toBe(404)
    await stream.close()
  })

  test('nothing of the caller is stored', async () => {
    const session = await startSession(mine.access)
    await fhir(mine.access, READ, session)
    const stub = sessionObject(session['mcp-session-id'])
    const stored = await runInDurableObject(stub, (_, state) => state.storage.list())
    expect([...stored.keys()]).toEqual(['session'])
    expect(stored.get('session')).toEqual({
      owner: mine.access.split(':').slice(0, 2).join(':'),
      transport: 'streamable',
      initialize: JSON.stringify(INITIALIZE),
      seenAt: expect.any(Number),
    })
  })
})

describe('the caller comes with each request', () => {
  test('a token refreshed in mid-session is used by the very next call', async () => {
    const tokens = await signIn(alice)
    const session = await startSession(tokens.access)
    const before = await sandbox.during(() => fhir(tokens.access, READ, session))
    const renewed = tokensOf(tokens.clientId, await (await refresh(tokens)).json())
    const after = await sandbox.during(() => fhir(renewed.access, READ, session))
    expect(after.result.isError).toBe(false)
    expect(before.requests).toHaveLength(1)
    expect(after.requests).toHaveLength(1)
    expect(after.requests[0]?.authorization).not.toBe(before.requests[0]?.authorization)
  })

  test('concurrent calls of one session each run with their own token', async () => {
    const tokens = await signIn(alice)
    const session = await startSession(tokens.access)
    const renewed = tokensOf(tokens.clientId, await (await refresh(tokens)).json())
    const { requests } = await sandbox.during(() =>
      Promise.all(
        [tokens.access, renewed.access, tokens.access, renewed.access].map(async (access, id) =>
          rpc(await post(access, fhirCall(GET(`Patient?_count=${id + 1}`), id), session)),
        ),
      ),
    )
    const tokenOf = (count: number) => requests.find(({ path }) => path.endsWith(`_count=${count}`))?.authorization
    expect(tokenOf(1)).toBe(tokenOf(3))
    expect(tokenOf(2)).toBe(tokenOf(4))
    expect(tokenOf(1)).not.toBe(tokenOf(2))
  })

  test('the bearer of this server never reaches Medplum', async () => {
    const { requests } = await sandbox.during(() => fhir(mine.access, READ))
    expect(requests[0]?.authorization).not.toBe(await sha256(mine.access))
    expect(JSON.stringify(requests)).not.toContain(mine.access)
  })
})

describe('a session survives eviction', () => {
  test('calls go on, with the handshake replayed', async () => {
    const session = await startSession(mine.access)
    await evict(session)
    expect((await fhir(mine.access, READ, session)).isError).toBe(false)
    await evict(session)
    const again = await post(mine.access, INITIALIZE, {})
    await again.text()
    expect(again.headers.get('mcp-session-id')).not.toBe(session['mcp-session-id'])
    expect((await rpc(await post(mine.access, LIST, session))).result).toHaveProperty('tools')
  })

  test('a lost answer is sent again, also after eviction, and is stored encrypted until then', async () => {
    const session = await startSession(mine.access)
    await sandbox.faults([{ path: '^/fhir/R4/Patient', delayMs: 700 }])
    const text = await (await post(mine.access, fhirCall(READ), session)).text()
    const priming = /^id: (\S+)$/m.exec(text)?.[1]
    expect(priming).toBeDefined()
    await evict(session)
    const resumed = await bare('GET', mine.access, { ...session, 'last-event-id': priming ?? '' })
    expect(resumed.status).toBe(200)
    expect(events(await resumed.text())).toEqual(events(text))

    const stub = sessionObject(session['mcp-session-id'])
    const rows = await runInDurableObject(stub, (_, state) =>
      state.storage.sql.exec<{ message: ArrayBuffer }>('SELECT message FROM event').toArray(),
    )
    expect(rows.length).toBeGreaterThan(0)
    for (const { message } of rows) expect(new TextDecoder().decode(message)).not.toContain('resourceType')
  })

  test('an SSE stream goes on', async () => {
    const stream = await openSse(mine.access)
    await post(mine.access, INITIALIZE, {}, stream.endpoint)
    expect(JSON.parse(await stream.next())).toMatchObject({ id: 0, result: { serverInfo: { name: 'medplum-mcp' } } })
    await post(mine.access, { jsonrpc: '2.0', method: 'notifications/initialized' }, {}, stream.endpoint)
    await evict({ 'mcp-session-id': new URL(stream.endpoint, ORIGIN).searchParams.get('sessionId') ?? '' })
    expect((await post(mine.access, fhirCall(READ, 'after'), {}, stream.endpoint)).status).toBe(202)
    expect(JSON.parse(await stream.next())).toMatchObject({
      id: 'after',
      result: { content: expect.arrayContaining([expect.objectContaining({ type: 'text' })]) },
    })
    await stream.close()
  })
})

describe('a session ends', () => {
  test('by DELETE: it answers 404 from then on and leaves nothing behind', async () => {
    const session = await startSession(mine.access)
    expect((await bare('DELETE', mine.access, session)).status).toBe(200)
    expect((await post(mine.access, LIST, session)).status).toBe(404)
    await expectEmpty(session['mcp-session-id'])
  })

  test('by its alarm, after the idle time', async () => {
    const session = await startSession(mine.access)
    const stub = sessionObject(session['mcp-session-id'])
    const alarm = await runInDurableObject(stub, (_, state) => state.storage.getAlarm())
    expect(alarm).toBeGreaterThan(Date.now() + 23 * 3_600_000)
    expect(alarm).toBeLessThanOrEqual(Date.now() + 24 * 3_600_000)
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect((await post(mine.access, LIST, session)).status).toBe(404)
    await expectEmpty(session['mcp-session-id'])
  })

  test('with its stream, in HTTP+SSE', async () => {
    const stream = await openSse(mine.access)
    const id = new URL(stream.endpoint, ORIGIN).searchParams.get('sessionId') ?? ''
    await stream.close()
    await expect.poll(async () => (await post(mine.access, LIST, {}, stream.endpoint)).status).toBe(404)
    await expectEmpty(id)
  })

  test('an address that was never a session is 404, and creates none', async () => {
    const objects = async () => (await listDurableObjectIds(env.MCP_SESSION)).length
    const before = await objects()
    const foreign = env.GRANT.newUniqueId().toString()
    for (const id of ['nonsense', '0'.repeat(64), foreign]) {
      expect((await post(mine.access, LIST, { 'mcp-session-id': id })).status).toBe(404)
      expect((await post(mine.access, LIST, {}, `/mcp/sse?sessionId=${id}`)).status).toBe(404)
    }
    expect(await objects()).toBe(before)
  })
})

test('an answer too large to keep for resuming is still sent, over each transport', async () => {
  // Records are cut to size; the id that a client gives its request comes back unchanged.
  const id = 'x'.repeat(2_500_000)
  const session = await startSession(mine.access)
  expect((await rpc(await post(mine.access, fhirCall(READ, id), session))).id).toBe(id)
  const stream = await openSse(mine.access)
  await post(mine.access, INITIALIZE, {}, stream.endpoint)
  await stream.next()
  await post(mine.access, fhirCall(READ, id), {}, stream.endpoint)
  expect((await stream.next()).length).toBeGreaterThan(2_500_000)
  await stream.close()
})

test('a 2025 client that lost its session header is served without a session', async () => {
  const response = await post(mine.access, fhirCall(READ), { 'mcp-protocol-version': '2025-06-18' })
  expect(response.headers.get('mcp-session-id')).toBeNull()
  expect((await rpc(response)).result?.isError ?? false).toBe(false)
})

test('the standalone stream is held open by the Worker, and a newer one replaces it', async () => {
  const session = await startSession(mine.access)
  const first = await bare('GET', mine.access, session)
  expect(first.headers.get('content-type')).toBe('text/event-stream')
  const second = await bare('GET', mine.access, session)
  expect(await first.text()).toBe('')
  await second.body?.cancel()
})

async function expectEmpty(id: string | undefined): Promise<void> {
  const stub = sessionObject(id)
  const left = await runInDurableObject(stub, async (_, state) => ({
    keys: [...(await state.storage.list()).keys()],
    tables: state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'event'").toArray(),
    alarm: await state.storage.getAlarm(),
  }))
  expect(left).toEqual({ keys: [], tables: [], alarm: null })
}
