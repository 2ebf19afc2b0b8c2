// Clients that open a page for their person (elicitation in URL mode): that it was opened agrees to nothing, and what the person decides on
// the page is carried out once, by the call that waits or by the next one.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  ACCEPT,
  type Answer,
  type Asked,
  CLIENTS,
  type Connected,
  calls,
  Decider,
  type Deletion,
  direct,
  exists,
  linkIn,
  type Modes,
  type Reply,
  think,
  toDelete,
  tokenIn,
  writesDuring,
  YES,
} from './confirming.ts'
import { create, medplumToken } from './medplum.ts'
import { grantName, signIn, type Tokens } from './signing-in.ts'
import { alice, ORIGIN, rita } from './world.ts'

let mine: Tokens
let medplum: string
const browser = new Decider()
const call = calls()
/** Calls that wait for the page no longer than a moment. */
const briefly = calls({ UPSTREAM_TIMEOUT_SECONDS: '10.3' })

beforeAll(async () => {
  mine = await signIn(alice)
  medplum = await medplumToken()
})

afterEach(() => {
  vi.useRealTimers()
})

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
const URL_ONLY = { url: {} }
const BOTH = { form: {}, url: {} }

const newTask = () => toDelete(medplum, TASK)

/** A change that removes most of a record, each value of which is shown: too long for a form. */
async function longChange() {
  const note = Array.from({ length: 60 }, (_, at) => ({ text: `Note ${at}` }))
  const { id } = await create(medplum, { ...TASK, note })
  return { method: 'PUT', path: `Task/${id}`, body: { ...TASK, id } }
}

const urlOf = ({ url }: { url?: string | undefined }) => url ?? ''

/** A call on 2026-07-28 of a client that opens pages, with its question. */
async function asked(tokens = mine): Promise<Deletion & { state: string; url: string }> {
  const { path, deletion } = await newTask()
  const { state = '', url = '' } = await call(tokens.access, deletion, { capabilities: { elicitation: URL_ONLY } })
  return { path, deletion, state, url }
}

/** The same call again, with what the client answered. */
function again(
  { deletion, state }: { deletion: object; state: string },
  capabilities: object = { elicitation: URL_ONLY },
  by = call,
): Promise<Answer> {
  return by(mine.access, { ...deletion }, { capabilities, state, responses: ACCEPT })
}

/** Does something once the server tells that a call waits for the page. */
function whenWaiting(act: () => unknown) {
  let isDone = false
  return {
    onprogress({ message }: { message?: string | undefined }) {
      if (isDone || !message?.includes('Waiting for the person')) return
      isDone = true
      act()
    },
  }
}

/** The time of a call is over before anybody decides. */
const passing = () => whenWaiting(() => think(15_000))

describe.each<[string, object]>([
  ['nothing', {}],
  ['elicitation without a mode', { elicitation: {} }],
  ['forms', { elicitation: { form: {} } }],
  ['pages', { elicitation: URL_ONLY }],
  ['both', { elicitation: BOTH }],
])('a client that declares %s', (_, capabilities) => {
  const elicitation = (capabilities as { elicitation?: { form?: object; url?: object } }).elicitation
  const forms = elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
  const pages = elicitation?.url !== undefined

  test.each([
    ['a short question', async () => (await newTask()).deletion, forms ? 'form' : pages ? 'page' : 'link'],
    ['one that is too long for a form', longChange, pages ? 'page' : 'link'],
  ])('is asked %s by what it has', async (_, args, expected) => {
    const deletion = await args()
    const { result, writes } = await writesDuring(() => call(mine.access, deletion, { capabilities }))
    const how = result.form ? 'form' : result.url !== undefined ? 'page' : 'link'
    expect(how).toBe(expected)
    expect(result.question === undefined).toBe(how === 'link')
    if (how === 'link') expect(linkIn(result.text)).toContain('/confirm/')
    if (how === 'page') expect(result.url).toMatch(new RegExp(`^${ORIGIN}/confirm/[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$`))
    expect(writes).toEqual([])
  })
})

describe.each(Object.entries(CLIENTS))('a real client that opens pages: %s', (name, connect) => {
  const isSession = !name.includes('2026')

  /** Calls with a client whose person does this with the page. */
  async function deleteWith(
    reply: (asked: Asked) => ReturnType<Reply>,
    elicitation: Modes = URL_ONLY,
    options: Parameters<Connected['call']>[1] = {},
  ) {
    const task = await newTask()
    const questions: (Asked & { message: string })[] = []
    const client = await connect(
      mine.access,
      (message, one) => {
        questions.push({ message, ...one })
        return reply(one)
      },
      elicitation,
    )
    const { result, writes } = await writesDuring(() => client.call(task.deletion, options))
    return { ...task, ...result, client, questions, writes }
  }

  const told = (client: Connected, question: Asked | undefined) =>
    vi.waitFor(() => expect(client.completed).toEqual([question?.elicitationId]), 5_000)

  test('deletes once when the person has confirmed on the page', async () => {
    const { path, client, questions, writes, isError } = await deleteWith(async ({ url = '' }) => {
      await browser.decide(url, alice, 'approved')
      return YES
    })
    expect(isError).toBe(false)
    expect(writes).toEqual([`DELETE ${path}`])
    expect(questions).toHaveLength(1)
    expect(questions[0]).toMatchObject({ mode: 'url', message: expect.stringContaining(`Delete ${path} "Call back"`) })
    expect(questions[0]?.elicitationId !== undefined).toBe(isSession)
    if (isSession) await told(client, questions[0])
    expect(questions[0]?.url).not.toContain(path.slice(5))
    expect((await browser.open(urlOf(questions[0] ?? {}), alice)).html).toContain('You approved this')
    await client.close()
  })

  test('waits for the page that it has opened', async () => {
    const { path, client, writes, isError } = await deleteWith(async ({ url = '' }) => {
      void browser.decide(url, alice, 'approved')
      return YES
    })
    expect(isError).toBe(false)
    expect(writes).toEqual([`DELETE ${path}`])
    await client.close()
  })

  test('deletes nothing when the person refuses there', async () => {
    const { path, client, questions, writes, isError, text } = await deleteWith(async ({ url = '' }) => {
      await browser.decide(url, alice, 'declined')
      return YES
    })
    expect({ isError, text }).toEqual({ isError: false, text: 'Nothing was deleted: the person declined.' })
    expect(writes).toEqual([])
    if (isSession) await told(client, questions[0])
    expect(await exists(medplum, path)).toBe(true)
    await client.close()
  })

  test('that closes the page learns what to do, and its next call deletes what was confirmed meanwhile', async () => {
    const { path, deletion, client, questions, writes, isError, text } = await deleteWith(
      async () => YES,
      URL_ONLY,
      passing(),
    )
    vi.useRealTimers()
    expect(isError).toBe(false)
    expect(text).toMatch(/^NOT DONE YET\. Nothing was deleted: the person has not decided on the page yet\./)
    expect(linkIn(text)).toBe(questions[0]?.url)
    expect(writes).toEqual([])
    expect(client.completed).toEqual([])

    await browser.decide(linkIn(text), alice, 'approved')
    expect(await exists(medplum, path)).toBe(true)
    if (isSession) await told(client, questions[0])
    const next = await writesDuring(() => client.call(deletion))
    expect(next.result.isError).toBe(false)
    expect(next.writes).toEqual([`DELETE ${path}`])
    expect(questions).toHaveLength(1)
    await client.close()
  })

  test.each([
    [
      'declines',
      'decline',
      5_000,
      /^Nothing was deleted: the client says that the person declined to open the page\.$/,
    ],
    ['declines within a moment', 'decline', 0, /^NOT DONE YET.*before anyone could read the question/],
    ['cancels', 'cancel', 5_000, /^NOT DONE YET.*the client returned no answer from the person/],
  ] as const)('whose person %s deletes nothing', async (_, action, ms, says) => {
    const { path, client, questions, writes, isError, text } = await deleteWith(async () => {
      if (ms > 0) think(ms)
      return { action }
    })
    vi.useRealTimers()
    expect(isError).toBe(false)
    expect(text).toMatch(says)
    expect(writes).toEqual([])
    // What was declined is over; otherwise the page is still there for the person.
    const { status } = await browser.open(questions[0]?.url ?? '', alice)
    expect(status).toBe(action === 'decline' && ms > 0 ? 404 : 200)
    expect(await exists(medplum, path)).toBe(true)
    await client.close()
  })

  // On 2026-07-28 such a client ends the call itself.
  if (isSession) {
    test('that fails to open it gets the link', async () => {
      const { path, client, questions, writes, text } = await deleteWith(async () => {
        throw new Error('No browser')
      })
      expect(text).toMatch(/^NOT DONE YET.*the client returned no answer from the person/)
      expect(linkIn(text)).toBe(questions[0]?.url)
      expect(writes).toEqual([])
      expect(await exists(medplum, path)).toBe(true)
      await client.close()
    })
  }

  test('that declares forms too shows the form, and opens no page', async () => {
    const { path, client, questions, writes } = await deleteWith(async () => YES, BOTH)
    expect(questions.map(({ mode, url }) => ({ mode, url }))).toEqual([{ mode: 'form', url: undefined }])
    expect(writes).toEqual([`DELETE ${path}`])
    await client.close()
  })

  test('that gives up while the page is open leaves what is decided there to its next call', async () => {
    const { path, deletion } = await newTask()
    let url = ''
    const client = await connect(
      mine.access,
      async (_, one) => {
        url = urlOf(one)
        return YES
      },
      URL_ONLY,
    )
    const impatience = new AbortController()
    const given = client.call(deletion, {
      ...whenWaiting(() => impatience.abort()),
      signal: impatience.signal,
    })
    await expect(given).rejects.toThrow()
    await browser.decide(url, alice, 'approved')
    expect(await exists(medplum, path)).toBe(true)
    const { result, writes } = await writesDuring(() => client.call(deletion))
    expect(result.isError).toBe(false)
    expect(writes).toEqual([`DELETE ${path}`])
    await client.close()
  })
})

describe('that the page was opened', () => {
  test.each<[string, object]>([
    ['as it was declared', { elicitation: URL_ONLY }],
    ['by a client that declares forms by now', { elicitation: { form: {} } }],
    ['by a client that declares both by now', { elicitation: BOTH }],
  ])('is no yes: %s', async (_, capabilities) => {
    const { path, ...question } = await asked()
    const { result, writes } = await writesDuring(() => again(question, capabilities, briefly))
    expect(result.text).toContain('the person has not decided on the page yet')
    expect(writes).toEqual([])
    expect(await exists(medplum, path)).toBe(true)
  })

  test('is no yes where the question was too long for a form', async () => {
    const deletion = await longChange()
    const capabilities = { elicitation: BOTH }
    const { state = '' } = await call(mine.access, deletion, { capabilities })
    const { result, writes } = await writesDuring(() =>
      briefly(mine.access, deletion, { capabilities, state, responses: ACCEPT }),
    )
    expect(result.text).toContain('the person has not decided on the page yet')
    expect(writes).toEqual([])
  })

  test('helps nobody who is signed in as another person, or not at all', async () => {
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

describe('what is decided on the page', () => {
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

  test('is for the record as it was', async () => {
    const { path, url, ...question } = await asked()
    const { result, writes } = await writesDuring(async () => {
      await browser.decide(url, alice, 'approved')
      await (await direct(medplum, 'PATCH', path, [{ op: 'replace', path: '/status', value: 'accepted' }])).text()
      return again(question)
    })
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('has changed since') })
    expect(writes.filter((write) => write.startsWith('DELETE'))).toEqual([])
  })

  test('counts for ten minutes', async () => {
    const { path, url, ...question } = await asked()
    await browser.decide(url, alice, 'approved')
    think(601_000)
    const { result, writes } = await writesDuring(() => again(question))
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('more than 10 minutes') })
    expect(writes).toEqual([])
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })

  test('is asked again under the same address, as long as nobody has decided', async () => {
    const { deletion, url } = await asked()
    const capabilities = { elicitation: URL_ONLY }
    expect((await call(mine.access, deletion, { capabilities })).url).toBe(url)
    await browser.decide(url, alice, 'declined')
    expect((await call(mine.access, deletion, { capabilities })).text).toContain('the person declined')
    expect((await call(mine.access, deletion, { capabilities })).url).not.toBe(url)
  })

  test('counts for nothing once the connection was lowered, though the call still waits', async () => {
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

describe('that the page was answered', () => {
  const connect = CLIENTS['SDK 2, session of 2025-11-25']

  test('is told to the session that asked, also after its object was evicted, and to no other', async () => {
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
    await browser.decide(urlOf(question), alice, 'approved')
    await vi.waitFor(() => expect(client.completed).toEqual([question.elicitationId]), 5_000)
    expect(other.completed).toEqual([])
    await client.close()
    await other.close()
  })

  test('is told to no session of another grant', async () => {
    const client = await connect(mine.access, async () => YES, URL_ONLY)
    const session = env.MCP_SESSION.get(env.MCP_SESSION.idFromString(client.sessionId ?? ''))
    await session.pageAnswered(grantName(await signIn(rita)), 'a foreign page')
    await session.pageAnswered(grantName(mine), 'its own page')
    await vi.waitFor(() => expect(client.completed).toEqual(['its own page']), 5_000)
    await client.close()
  })
})
