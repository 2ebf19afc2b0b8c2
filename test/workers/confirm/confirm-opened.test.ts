// A page that a client has opened: that it was opened agrees to nothing, and what the person decides on it is carried out once, by the call
// that waits or by the next one.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { grantName, signIn } from '../world/signing-in.ts'
import { alice, rita } from '../world/world.ts'
import { ACCEPT, calls, Decider, exists, think, tokenIn, writesDuring } from './confirming.ts'
import { call, medplum, mine, newTask, setUp, touch } from './deciding.ts'
import { again, asked, BOTH, longChange, passing, URL_ONLY, whenWaiting } from './opening.ts'
import { type Asked, CLIENTS, type Reply, YES } from './real-clients.ts'

setUp()

const browser = new Decider()
/** Calls that wait for the page no longer than a moment. */
const briefly = calls({ UPSTREAM_TIMEOUT_SECONDS: '10.3' })

describe('the opening of a page', () => {
  test.each<[string, object]>([
    ['as the client declared it', { elicitation: URL_ONLY }],
    ['if the client now declares forms', { elicitation: { form: {} } }],
    ['if the client now declares both', { elicitation: BOTH }],
  ])('is not taken for a yes, %s', async (_, capabilities) => {
    const { path, ...question } = await asked()
    const { result, writes } = await writesDuring(() => again(question, capabilities, briefly))
    expect(result.text).toContain('the person has not decided on the page yet')
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test('is not taken for a yes if the question was too long for a form', async () => {
    const deletion = await longChange()
    const capabilities = { elicitation: BOTH }
    const { state = '' } = await call(mine.access, deletion, { capabilities })
    const { result, writes } = await writesDuring(() =>
      briefly(mine.access, deletion, { capabilities, state, responses: ACCEPT }),
    )
    expect(result.text).toContain('the person has not decided on the page yet')
    expect(writes).toEqual([])
  })

  test('helps nobody who is signed in as another person or not at all', async () => {
    const { path, deletion, state, url } = await asked()
    const attacker = new Decider()
    const seen = await attacker.open(url, rita)
    expect(seen.status).toBe(404)
    expect(seen.html).not.toContain(path)
    const own = await asked(await signIn(rita))
    const token = tokenIn((await attacker.open(own.url, rita)).html)
    const forms = [new URLSearchParams({ token, decision: 'approved' }), new URLSearchParams({ decision: 'approved' })]
    const tried = await Promise.all([attacker.person.visit(url, forms[0]), new Decider().person.visit(url, forms[1])])
    expect(tried.map(({ status }) => status)).toEqual([404, 401])
    // Nor does her state of the same question, or his in her connection.
    expect((await call((await signIn(rita)).access, deletion, { state, responses: ACCEPT })).isError).toBe(true)
    const waiting = again({ deletion, state })
    await browser.decide(url, alice, 'approved')
    expect((await waiting).isError).toBe(false)
    expect(await exists(medplum, path)).toBe(false)
  })
})

describe('a decision on the page', () => {
  test('is carried out by one of the calls that wait, and by none that comes later', async () => {
    const { path, url, ...question } = await asked()
    const { result, writes } = await writesDuring(async () => {
      const waiting = [again(question), again(question), again(question)]
      await browser.decide(url, alice, 'approved')
      return [...(await Promise.all(waiting)), await again(question)]
    })
    expect(writes).toEqual([`DELETE ${path}`])
    expect(result.filter(({ isError }) => !isError)).toHaveLength(1)
    for (const { text } of result.filter(({ isError }) => isError)) {
      expect(text).toContain('the page was already answered')
    }
  })

  test('applies only to the record as it was', async () => {
    const { path, url, ...question } = await asked()
    const { result, writes } = await writesDuring(async () => {
      await browser.decide(url, alice, 'approved')
      await touch(path)
      return again(question)
    })
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('has changed since') })
    expect(writes.filter((write) => write.startsWith('DELETE'))).toEqual([])
  })

  test('is valid for ten minutes', async () => {
    const { path, url, ...question } = await asked()
    await browser.decide(url, alice, 'approved')
    think(601_000)
    const { result, writes } = await writesDuring(() => again(question))
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('more than 10 minutes') })
    expect(writes).toEqual([])
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })

  test('is requested at the same address until it is made', async () => {
    const { deletion, url } = await asked()
    const capabilities = { elicitation: URL_ONLY }
    expect((await call(mine.access, deletion, { capabilities })).url).toBe(url)
    await browser.decide(url, alice, 'declined')
    expect((await call(mine.access, deletion, { capabilities })).text).toContain('the person declined')
    expect((await call(mine.access, deletion, { capabilities })).url).not.toBe(url)
  })

  test('has no effect once the access was reduced, even if the call still waits', async () => {
    const other = await signIn(alice)
    const { path, deletion } = await newTask()
    const client = await CLIENTS['SDK 2, 2026-07-28'](other.access, async () => YES, URL_ONLY)
    const { result, writes } = await writesDuring(() =>
      client.call(
        deletion,
        whenWaiting(() => env.GRANT.getByName(grantName(other)).lower('read')),
      ),
    )
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('the page was already answered') })
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
    await client.close()
  })
})

describe('the answer on a page', () => {
  const connect = CLIENTS['SDK 2, session of 2025-11-25']

  test('is reported to the session that asked, even after its object was evicted, and to no other', async () => {
    const { deletion } = await newTask()
    let question: Asked = {}
    const reply: Reply = async (_, one) => {
      question = one
      return YES
    }
    const client = await connect(mine.access, reply, URL_ONLY)
    const other = await connect(mine.access, reply, URL_ONLY)
    await client.call(deletion, passing())
    vi.useRealTimers()
    await evictDurableObject(env.MCP_SESSION.get(env.MCP_SESSION.idFromString(client.sessionId ?? '')))
    await browser.decide(question.url ?? '', alice, 'approved')
    await vi.waitFor(() => expect(client.completed).toEqual([question.elicitationId]), 5_000)
    expect(other.completed).toEqual([])
    await client.close()
    await other.close()
  })

  test('is reported to no session of another grant', async () => {
    const client = await connect(mine.access, async () => YES, URL_ONLY)
    const session = env.MCP_SESSION.get(env.MCP_SESSION.idFromString(client.sessionId ?? ''))
    await session.pageAnswered(grantName(await signIn(rita)), 'a foreign page')
    await session.pageAnswered(grantName(mine), 'its own page')
    await vi.waitFor(() => expect(client.completed).toEqual(['its own page']), 5_000)
    await client.close()
  })
})
