// A deletion is asked about by real clients, and within a session.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { GET } from '../../calls.ts'
import { events, fhirCall, INITIALIZE, post, rpc, startSession } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'
import { ada } from '../world/world.ts'
import { exists, think, writesDuring } from './confirming.ts'
import { medplum, mine, newTask, setUp, touch } from './deciding.ts'
import { CLIENTS, type Reply, YES } from './real-clients.ts'

setUp()

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
        expect((await client.call(GET(path))).text).toContain('patient')
      })
      await client.close()
      expect(writes).toEqual([])
      expect(await exists(medplum, path)).toBe(true)
    })
  }
})

test('a session that was evicted still asks, and follows the answer', async () => {
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
  ])('anything but yes deletes nothing and ends the matter: %s', async (_, result) => {
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

  test('a yes to another question, from another session or person deletes nothing; the right one does, once', async () => {
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
