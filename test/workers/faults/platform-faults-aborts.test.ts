// Objects are aborted in the middle of work, as at a deployment: an error or a closed stream, never a wrong answer, nothing
// done twice, and afterwards everything works.

import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { Grant } from '../../../src/oauth/grant/grant.ts'
import { GET, POST } from '../../calls.ts'
import { LIST, READ } from '../world/grants.ts'
import { fhir, fhirCall, INITIALIZE, post, postModern, type RpcAnswer, rpc, startSession } from '../world/mcp.ts'
import { authorization, exchange, refresh, register, signIn, type Tokens, tokensOf } from '../world/signing-in.ts'
import { openSse } from '../world/streams.ts'
import { alice, type LoggedRequest, ORIGIN, REDIRECT_URI, sandbox, send } from '../world/world.ts'

const SYSTEM = 'https://example.com/aborted'

let tokens: Tokens
beforeEach(async () => {
  tokens = await signIn()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

/** How long Medplum keeps a request waiting: one that is cut off ends sooner, and a slow machine must abort it before Medplum answers. */
const CUT_OFF_MS = 15_000
/** For requests that are not cut off, and so wait for all of it. */
const WAITING_MS = 2_000

/** Aborts all objects once Medplum got a request below this path and keeps `work` waiting. @returns the result of the work */
async function abortedAt<T>(path: string, work: () => Promise<T>, delayMs = CUT_OFF_MS): Promise<T | 'cut off'> {
  await sandbox.faults([{ path: `^${path}`, delayMs }])
  const { result } = await sandbox.during(async (soFar) => {
    const asked = async () => (await soFar()).filter((request) => request.path.startsWith(path))
    const outcome = work().catch((): 'cut off' => 'cut off')
    await expect.poll(asked).toHaveLength(1)
    await abortAllDurableObjects()
    const settled = await outcome
    // By now Medplum has done what it was asked, or never will.
    await expect.poll(async () => (await asked()).every(isOver), { timeout: 5_000 }).toBe(true)
    return settled
  })
  await sandbox.clearFaults()
  return result
}

function isOver({ status, aborted }: LoggedRequest): boolean {
  return status !== null || aborted === true
}

function basic(marker: string) {
  return { resourceType: 'Basic', code: { text: 'aborted' }, identifier: [{ system: SYSTEM, value: marker }] }
}

async function create(marker: string): Promise<string> {
  const { text } = await fhir(tokens.access, POST('Basic', basic(marker)))
  return JSON.parse(text).id
}

async function countOf(marker: string): Promise<number> {
  const path = `Basic?identifier=${SYSTEM}|${marker}&_total=accurate`
  return JSON.parse((await fhir(tokens.access, GET(path))).text).total
}

type Call = (args: Record<string, unknown>) => Promise<RpcAnswer>

/** How a client calls over a transport with a session, and whether it can continue that session afterwards. */
const IN_SESSIONS: [string, () => Promise<{ call: Call; goesOn: () => Promise<void> }>][] = [
  [
    'Streamable HTTP with a session',
    async () => {
      const session = await startSession(tokens.access)
      return {
        call: async (args) => rpc(await post(tokens.access, fhirCall(args), session)),
        goesOn: async () => expect((await fhir(tokens.access, READ, session)).isError).toBe(false),
      }
    },
  ],
  [
    'HTTP+SSE',
    async () => {
      const stream = await openSse(tokens.access)
      await post(tokens.access, INITIALIZE, {}, stream.endpoint)
      await stream.next()
      return {
        async call(args) {
          expect((await post(tokens.access, fhirCall(args), {}, stream.endpoint)).status).toBe(202)
          return JSON.parse(await stream.next())
        },
        // The stream was the session: it is closed, and the client begins again.
        async goesOn() {
          await expect(stream.next()).rejects.toThrow()
          expect((await post(tokens.access, LIST, {}, stream.endpoint)).status).toBe(404)
          await (await openSse(tokens.access)).close()
        },
      }
    },
  ],
]

describe.each(IN_SESSIONS)('a call over %s', (_, begin) => {
  test('that reads is cut off, and works when it is repeated', async () => {
    const id = await create(crypto.randomUUID())
    const { call, goesOn } = await begin()
    expect(await abortedAt('/fhir/R4/Basic', () => call(GET(`Basic/${id}`)))).toBe('cut off')
    await goesOn()
    expect(JSON.parse((await fhir(tokens.access, GET(`Basic/${id}`))).text)).toMatchObject({ id })
  })

  test('that creates is cut off, and was done at most once', async () => {
    const marker = crypto.randomUUID()
    const { call, goesOn } = await begin()
    const creating = () => call(POST('Basic', basic(marker)))
    expect(await abortedAt('/fhir/R4/Basic', creating)).toBe('cut off')
    await goesOn()
    expect(await countOf(marker)).toBeLessThanOrEqual(1)
  })
})

describe.each([
  [
    '2026-07-28',
    (args: object) => postModern(tokens.access, 'tools/call', fhirCall({ ...args }).params, 'fhir-request'),
  ],
  ['2025 without a session', (args: object) => post(tokens.access, fhirCall({ ...args }))],
])('a call of %s is not affected, since no object has it', (_, call) => {
  test('that reads', async () => {
    const id = await create(crypto.randomUUID())
    const reading = async () => rpc(await call(GET(`Basic/${id}`)))
    const answer = await abortedAt('/fhir/R4/Basic', reading, WAITING_MS)
    expect(answer).toMatchObject({ result: { content: [{ text: expect.stringContaining(id) }] } })
  })

  test('that creates', async () => {
    const marker = crypto.randomUUID()
    const creating = async () => rpc(await call(POST('Basic', basic(marker))))
    expect(await abortedAt('/fhir/R4/Basic', creating, WAITING_MS)).toMatchObject({
      result: { content: expect.anything() },
    })
    expect(await countOf(marker)).toBe(1)
  })
})

describe('a refresh at Medplum that is cut off', () => {
  test('gives the client that asked for it an error, and works when it is repeated', async () => {
    const outcome = await abortedAt('/oauth2/token', () => refresh(tokens))
    expect(outcome === 'cut off' ? 503 : outcome.status).toBeGreaterThanOrEqual(500)
    const next = await refresh(tokens)
    expect(next.status).toBe(200)
    const { access } = tokensOf(tokens.clientId, await next.json())
    expect((await fhir(access, READ)).isError).toBe(false)
  })

  test.each([
    ['reads', READ],
    ['creates', POST('Basic', basic('never'))],
  ])('makes a call that %s say that nothing was done', async (_, args) => {
    await sandbox.expireAccessTokens()
    const outcome = await abortedAt('/oauth2/token', () => fhir(tokens.access, args))
    expect(outcome).toMatchObject({ isError: true, text: expect.stringMatching(/Nothing was done\. Try again/) })
    expect((await fhir(tokens.access, READ)).isError).toBe(false)
    expect(await countOf('never')).toBe(0)
  })
})

describe('a code that is exchanged', () => {
  async function codeOf() {
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    return { request, code: callback.searchParams.get('code') ?? '' }
  }

  /** Aborts all objects while KV is asked to write a key that begins so, either before or after it does. */
  async function abortedWriting(prefix: string, when: 'before' | 'after', work: () => Promise<Response>) {
    const put = env.OAUTH_KV.put.bind(env.OAUTH_KV)
    // Requested, not awaited: code woken from within an object must not abort it.
    let writing = false
    vi.spyOn(env.OAUTH_KV, 'put').mockImplementation(async (...args) => {
      if (!args[0].startsWith(prefix)) return put(...args)
      if (when === 'after') await put(...args)
      writing = true
      await new Promise(() => {})
    })
    const outcome = work().then(
      ({ status }) => status,
      () => 503,
    )
    await expect.poll(() => writing).toBe(true)
    vi.restoreAllMocks()
    await abortAllDurableObjects()
    expect(await outcome).toBeGreaterThanOrEqual(500)
  }

  test.each([
    ['token:', 'before'],
    ['token:', 'after'],
    ['grant:', 'before'],
  ] as const)('works when it is used again: aborted at %s …, %s KV wrote', async (prefix, when) => {
    const { request, code } = await codeOf()
    await abortedWriting(prefix, when, () => exchange(request, code))
    const granted = await exchange(request, code)
    expect(granted.status).toBe(200)
    const { access, refresh: kept } = tokensOf(request.clientId, await granted.json())
    expect((await fhir(access, READ)).isError).toBe(false)
    expect((await refresh({ clientId: request.clientId, refresh: kept })).status).toBe(200)
  })

  test('that is used up is refused, and its grant is kept no longer than an unused code', async () => {
    const { request, code } = await codeOf()
    await abortedWriting('grant:', 'after', () => exchange(request, code))
    const stub = env.GRANT.getByName(code.split(':').slice(0, 2).join(':'))
    const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm())
    expect(alarm).toBeLessThanOrEqual(Date.now() + 600_000)
    const second = await exchange(request, code)
    expect(second.status).toBe(400)
    expect(await second.json()).toMatchObject({ error: 'invalid_grant' })
  })
})

test('a call whose note is cut off is answered', async () => {
  const note = vi.spyOn(Grant.prototype, 'note').mockReturnValue(new Promise(() => {}))
  expect((await fhir(tokens.access, READ)).isError).toBe(false)
  await expect.poll(() => note.mock.calls).toHaveLength(1)
  vi.restoreAllMocks()
  await abortAllDurableObjects()
  expect((await fhir(tokens.access, READ)).isError).toBe(false)
})

test('a standalone stream is closed, and can be opened again', async () => {
  const session = await startSession(tokens.access)
  const open = () =>
    send(`${ORIGIN}/mcp`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${tokens.access}`, ...session },
    })
  const stream = await open()
  await abortAllDurableObjects()
  expect(await stream.text().catch(() => '')).toBe('')
  const again = await open()
  expect(again.status).toBe(200)
  await again.body?.cancel()
  expect((await fhir(tokens.access, READ, session)).isError).toBe(false)
})
