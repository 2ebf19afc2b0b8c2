// The person is asked before a deletion, by every kind of client: what they agree to is done once, and anything else not at all.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  ACCEPT,
  type Call,
  CLIENTS,
  calls,
  Decider,
  direct,
  exists,
  linkIn,
  type Reply,
  think,
  writesDuring,
  YES,
} from './confirming.ts'
import { events, fhirCall, INITIALIZE, post, rpc, startSession } from './mcp.ts'
import { create, medplumToken } from './medplum.ts'
import { signIn, type Tokens } from './signing-in.ts'
import { ada, alice, rita } from './world.ts'

let mine: Tokens
let medplum: string
const call = calls()

beforeAll(async () => {
  mine = await signIn(alice)
  medplum = await medplumToken()
})

afterEach(() => {
  vi.useRealTimers()
})

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call "the" patient' }

async function newTask(): Promise<{ path: string; deletion: { method: string; path: string } }> {
  const { id } = await create(medplum, TASK)
  return { path: `Task/${id}`, deletion: { method: 'DELETE', path: `Task/${id}` } }
}

const touch = async (path: string) =>
  (await direct(medplum, 'PATCH', path, [{ op: 'replace', path: '/status', value: 'accepted' }])).text()

describe('in rounds of 2026-07-28', () => {
  test('the question names what would go, and nothing is deleted before the answer', async () => {
    const { path, deletion } = await newTask()
    const { result, writes } = await writesDuring(() => call(mine.access, deletion))
    expect(result.question).toBe(`Delete ${path} "Call 'the' patient"`)
    expect(result.text).toBe('')
    expect(writes).toEqual([])
    expect(atob((result.state ?? '').replaceAll('-', '+').replaceAll('_', '/'))).not.toContain('Task')
    expect(await exists(medplum, path)).toBe(true)
  })

  test('with the answer it is deleted once, however often the answer comes', async () => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    const { result, writes } = await writesDuring(() =>
      Promise.all([1, 2, 3].map(() => call(mine.access, deletion, { state, responses: ACCEPT }))),
    )
    expect(writes).toEqual([`DELETE ${path}`])
    expect(result.filter(({ isError }) => !isError)).toHaveLength(1)
    const refused = result.filter(({ isError }) => isError)
    expect(refused.map(({ text }) => text)).toEqual(
      Array(2).fill('Nothing was deleted: this confirmation was already used. Call again to ask the person again.'),
    )
    expect(await exists(medplum, path)).toBe(false)
  })

  test('the form has no field: to accept it is the yes', async () => {
    const { deletion } = await newTask()
    expect((await call(mine.access, deletion)).form).toEqual({ type: 'object', properties: {} })
  })

  test.each(['without content', 'with an empty form', 'with what nobody asked for'])('accepted %s', async (how) => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    const content = { 'with an empty form': {}, 'with what nobody asked for': { note: 'yes' } }[how]
    const approval = { action: 'accept', ...(content && { content }) }
    expect((await call(mine.access, deletion, { state, responses: { approval } })).isError).toBe(false)
    expect(await exists(medplum, path)).toBe(false)
  })

  test.each([
    ['declines', 'decline', 5_000, /^Nothing was deleted: the client says that the person declined\.$/],
    ['declines within a moment', 'decline', 0, /^NOT DONE YET.*before anyone could read the question.*\n.*\/confirm\//],
    ['cancels', 'cancel', 5_000, /^NOT DONE YET.*the client returned no answer.*\n.*\/confirm\//],
    ['cancels within a moment', 'cancel', 0, /^NOT DONE YET.*the client returned no answer.*\n.*\/confirm\//],
  ])('a client that %s', async (_, action, ms, text) => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    if (ms > 0) think(ms)
    const { result, writes } = await writesDuring(() =>
      call(mine.access, deletion, { state, responses: { approval: { action } } }),
    )
    expect(result).toMatchObject({ isError: false, question: undefined, text: expect.stringMatching(text) })
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test.each(['approved', 'declined'] as const)(
    'what is %s on the page after that holds, and is not asked again',
    async (decision) => {
      const { path, deletion } = await newTask()
      const { state } = await call(mine.access, deletion)
      const { text } = await call(mine.access, deletion, { state, responses: { approval: { action: 'cancel' } } })
      await new Decider().decide(linkIn(text), alice, decision)
      const { result, writes } = await writesDuring(() => call(mine.access, deletion))
      expect(result).toMatchObject({ isError: false, question: undefined })
      expect(writes).toEqual(decision === 'approved' ? [`DELETE ${path}`] : [])
      expect(await exists(medplum, path)).toBe(decision === 'declined')
    },
  )

  test.each([
    ['none', undefined],
    ['another question’s', { other: { action: 'accept' } }],
    ['one of a form that there was before', { confirm: { action: 'accept', content: { confirm: false } } }],
  ])('an answer that is missing is asked for again: %s', async (_, responses) => {
    const { path, deletion } = await newTask()
    const { state, question } = await call(mine.access, deletion)
    const { result, writes } = await writesDuring(() =>
      call(mine.access, deletion, { state, ...(responses && { responses }) }),
    )
    expect(result.question).toBe(question)
    expect(result.state).not.toBe(state)
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test('an answer without the state is no answer', async () => {
    const { path, deletion } = await newTask()
    const { question } = await call(mine.access, deletion, { responses: ACCEPT })
    expect(question).toContain(path)
    expect(await exists(medplum, path)).toBe(true)
  })

  const altered = (state: string) => `${state.slice(0, 40)}${state[40] === 'A' ? 'B' : 'A'}${state.slice(41)}`
  test.each<[string, (own: string, deletion: object) => Promise<string | undefined>, string]>([
    ['altered', async (own) => altered(own), 'was altered, or belongs to another connection'],
    ['forged', async () => btoa(JSON.stringify({ approval: true })), 'was altered, or belongs to another connection'],
    ['no base64', async () => '%%%', 'was altered, or belongs to another connection'],
    ['empty', async () => '', 'was altered, or belongs to another connection'],
    [
      'of another person',
      async (_, deletion) => (await call((await signIn(rita)).access, { ...deletion })).state,
      'was altered, or belongs to another connection',
    ],
    [
      'of another grant of the same person',
      async (_, deletion) => (await call((await signIn(alice)).access, { ...deletion })).state,
      'was altered, or belongs to another connection',
    ],
    [
      'about another record',
      async () => (await call(mine.access, (await newTask()).deletion)).state,
      'other arguments',
    ],
    [
      'for another tool',
      async (_, deletion) =>
        (await directory(mine.access, { path: (deletion as { path: string }).path }, { tool: 'fhir-delete' })).state,
      'other arguments',
    ],
  ])('a state that is %s lets nothing be deleted', async (_, stateOf, why) => {
    const { path, deletion } = await newTask()
    const { state: own = '' } = await call(mine.access, deletion)
    const state = await stateOf(own, deletion)
    expect(state).toBeDefined()
    const { result, writes } = await writesDuring(() => call(mine.access, deletion, { state, responses: ACCEPT }))
    expect(result.isError).toBe(true)
    expect(result.text).toMatch(/^Nothing was deleted: this confirmation /)
    expect(result.text).toContain(why)
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
    // What was agreed to in earnest still holds.
    expect((await call(mine.access, deletion, { state: own, responses: ACCEPT })).isError).toBe(false)
  })

  test('an answer after more than ten minutes is too late', async () => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
    const late = await call(mine.access, deletion, { state, responses: ACCEPT })
    expect(late).toMatchObject({ isError: true, text: expect.stringContaining('later than 10 minutes') })
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a record that changed meanwhile is not deleted, and neither is it on a second try', async () => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    await touch(path)
    const { result, writes } = await writesDuring(() => call(mine.access, deletion, { state, responses: ACCEPT }))
    expect(result).toMatchObject({
      isError: true,
      text: `Nothing was deleted: ${path} has changed since the person was asked. Call again to ask again.`,
    })
    expect(writes).toEqual([])
    expect((await call(mine.access, deletion, { state, responses: ACCEPT })).text).toContain('already used')
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a record that is not there is no question', async () => {
    const answer = await call(mine.access, { method: 'DELETE', path: `Task/${crypto.randomUUID()}` })
    expect(answer).toMatchObject({ question: undefined, isError: true, text: expect.stringContaining('404') })
  })

  test('how the answer is shown may differ between the rounds', async () => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    const answer = await call(mine.access, { ...deletion, format: 'json' }, { state, responses: ACCEPT })
    expect(answer.isError).toBe(false)
    expect(await exists(medplum, path)).toBe(false)
  })
})

const directory: Call = calls({ TOOLS: 'directory' })

describe.each(Object.entries(CLIENTS))('a real client that shows forms: %s', (name, connect) => {
  async function deleteWith(reply: (path: string) => Reply) {
    const { path, deletion } = await newTask()
    const client = await connect(mine.access, reply(path))
    const { result, writes } = await writesDuring(() => client.call(deletion))
    await client.close()
    return { path, writes, ...result }
  }

  test('deletes once the person agrees', async () => {
    const asked: string[] = []
    const { path, writes, isError } = await deleteWith(() => async (message) => {
      asked.push(message)
      return YES
    })
    expect(isError).toBe(false)
    expect(asked).toEqual([`Delete ${path} "Call 'the' patient"`])
    expect(writes).toEqual([`DELETE ${path}`])
    expect(await exists(medplum, path)).toBe(false)
  })

  test.each([
    ['decline', 5_000, /^Nothing was deleted: the client says that the person declined\.$/],
    ['decline', 0, /^NOT DONE YET[\s\S]*\/confirm\//],
    ['cancel', 5_000, /^NOT DONE YET[\s\S]*\/confirm\//],
  ] as const)('deletes nothing after a %s, %i ms later', async (action, ms, said) => {
    const { path, writes, isError, text } = await deleteWith(() => async () => {
      if (ms > 0) think(ms)
      return { action }
    })
    expect(isError).toBe(false)
    expect(text).toMatch(said)
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test('deletes nothing that changed while the person thought', async () => {
    const { path, writes, isError, text } = await deleteWith((path) => async () => {
      await touch(path)
      return YES
    })
    expect(isError).toBe(true)
    expect(text).toContain('has changed since the person was asked')
    expect(writes).toEqual([`PATCH ${path}`])
    expect(await exists(medplum, path)).toBe(true)
  })

  // In rounds nothing waits here, however long the person takes.
  if (!name.includes('2026')) {
    test('deletes nothing when the client has given up, though the person agrees then', async () => {
      const { path, deletion } = await newTask()
      let agree = () => {}
      const client = await connect(
        mine.access,
        () =>
          new Promise((resolve) => {
            agree = () => resolve(YES)
          }),
      )
      const { writes } = await writesDuring(async () => {
        await expect(client.call(deletion, { timeout: 500 })).rejects.toThrow(/timed out/i)
        agree()
        // What comes after the late answer has been answered: so has that.
        expect((await client.call({ method: 'GET', path })).text).toContain('patient')
      })
      await client.close()
      expect(writes).toEqual([])
      expect(await exists(medplum, path)).toBe(true)
    })
  }
})

test('a session that was evicted still asks, and holds to the answer', async () => {
  const { path, deletion } = await newTask()
  const asked: string[] = []
  const client = await CLIENTS['SDK 2, session of 2025-11-25'](mine.access, async (message) => {
    asked.push(message)
    return YES
  })
  await evictDurableObject(env.MCP_SESSION.get(env.MCP_SESSION.idFromString(client.sessionId ?? '')))
  const { result, writes } = await writesDuring(() => client.call(deletion))
  await client.close()
  expect(result.isError).toBe(false)
  expect(asked).toHaveLength(1)
  expect(writes).toEqual([`DELETE ${path}`])
})

describe('asked within a session, answered by hand', () => {
  const initialize = { ...INITIALIZE, params: { ...INITIALIZE.params, capabilities: { elicitation: {} } } }

  const questionsIn = (stream: string) => stream.match(/"method":"elicitation\/create"[^\n]*\n\n/g)?.length ?? 0

  /** A session that was asked about a deletion: the question's id, how it is answered, and what the call comes to. */
  async function asked(access: string) {
    const { path, deletion } = await newTask()
    const begun = await post(access, initialize)
    await begun.text()
    const headers = {
      'mcp-session-id': begun.headers.get('mcp-session-id') ?? '',
      'mcp-protocol-version': '2025-11-25',
    }
    await (await post(access, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers)).text()
    const answered = (await post(access, fhirCall(deletion), headers)).body
      ?.pipeThrough(new TextDecoderStream())
      .getReader()
    let text = ''
    const until = async (found: (text: string) => boolean) => {
      while (!found(text)) {
        const { done, value } = (await answered?.read()) ?? { done: true, value: undefined }
        if (done) throw new Error(`The stream ended: ${text}`)
        text += value
      }
    }
    await until((so) => questionsIn(so) === 1)
    const question = events(text)
      .map((data): { id: number; method?: string } => JSON.parse(data))
      .find(({ method }) => method === 'elicitation/create')
    const id = question?.id ?? -1
    const answer = async (result: unknown, as: Record<string, string> = headers, by = access, to: unknown = id) => {
      const response = await post(by, { jsonrpc: '2.0', id: to, result }, as)
      await response.text()
      return response.status
    }
    return {
      path,
      id,
      headers,
      answer,
      end: async () => {
        await until((so) => /"content":[\s\S]*\n\n/.test(so))
        return text
      },
    }
  }

  test.each([
    ['a no', { action: 'decline' }],
    ['of no known kind', { action: 'yes', content: {} }],
  ])('what is no yes deletes nothing, and is the end of it: %s', async (_, result) => {
    const { path, answer, end } = await asked(mine.access)
    const { writes } = await writesDuring(async () => {
      await answer(result)
      await end()
    })
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a client that fails to ask gets the link', async () => {
    const { path, id, headers, end } = await asked(mine.access)
    const error = { code: -32601, message: 'Method not found' }
    await (await post(mine.access, { jsonrpc: '2.0', id, error }, headers)).text()
    expect(await end()).toMatch(/NOT DONE YET.*\/confirm\//)
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a client that accepts only JSON, and would never see the question, gets the link', async () => {
    const { path, deletion } = await newTask()
    const begun = await post(mine.access, initialize)
    await begun.text()
    const response = await post(mine.access, fhirCall(deletion), {
      accept: 'application/json',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': begun.headers.get('mcp-session-id') ?? '',
    })
    expect((await rpc(response)).result?.content[0]?.text).toMatch(/^NOT DONE YET[\s\S]*\/confirm\//)
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a yes to another question, from another session or person deletes nothing; the own one does, once', async () => {
    const { path, headers, answer, end } = await asked(mine.access)
    const other = await startSession(mine.access)
    const { writes } = await writesDuring(async () => {
      await answer(YES, headers, mine.access, 4711)
      await answer(YES, other)
      expect(await answer(YES, headers, (await signIn(ada)).access)).toBe(404)
      expect(await exists(medplum, path)).toBe(true)
      await answer(YES)
      await end()
      await answer(YES)
    })
    expect(writes).toEqual([`DELETE ${path}`])
    expect(await exists(medplum, path)).toBe(false)
  })

  test('an earlier yes does not answer the next question', async () => {
    const first = await asked(mine.access)
    await first.answer(YES)
    await first.end()
    const second = await asked(mine.access)
    const { writes } = await writesDuring(async () => {
      await first.answer(YES)
      await second.answer({ action: 'decline' })
      await second.end()
    })
    expect(writes).toEqual([])
    expect(await exists(medplum, second.path)).toBe(true)
  })
})
