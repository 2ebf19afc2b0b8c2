// Clients that open a page for their person: which question is asked how, and what real clients do once the person has decided there.
import { describe, expect, test, vi } from 'vitest'
import { alice, ORIGIN } from '../world/world.ts'
import { Decider, exists, linkIn, think, writesDuring } from './confirming.ts'
import { call, medplum, mine, newTask, setUp } from './deciding.ts'
import { BOTH, longChange, passing, URL_ONLY, whenWaiting } from './opening.ts'
import { type Asked, CLIENTS, type Connected, type Modes, type Reply, YES } from './real-clients.ts'

setUp()

const browser = new Decider()

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
    ['a question that is too long for a form', longChange, pages ? 'page' : 'link'],
  ])('is asked %s in the way that it supports', async (_, args, expected) => {
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

describe.each(Object.entries(CLIENTS))('%s, which opens pages,', (name, connect) => {
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

  test('deletes once after the person has confirmed on the page', async () => {
    const { path, client, questions, writes, isError } = await deleteWith(async ({ url = '' }) => {
      await browser.decide(url, alice, 'approved')
      return YES
    })
    expect(isError).toBe(false)
    expect(writes).toEqual([`DELETE ${path}`])
    expect(questions).toHaveLength(1)
    expect(questions[0]).toMatchObject({
      mode: 'url',
      message: expect.stringContaining(`Delete ${path} "Call 'the' patient"`),
    })
    expect(questions[0]?.elicitationId !== undefined).toBe(isSession)
    if (isSession) await told(client, questions[0])
    expect(questions[0]?.url).not.toContain(path.slice(5))
    expect((await browser.open(questions[0]?.url ?? '', alice)).html).toContain('You approved this')
    await client.close()
  })

  test('waits until the person has decided on the page', async () => {
    const { path, client, writes, isError } = await deleteWith(async ({ url = '' }) => {
      void browser.decide(url, alice, 'approved')
      return YES
    })
    expect(isError).toBe(false)
    expect(writes).toEqual([`DELETE ${path}`])
    await client.close()
  })

  test('deletes nothing if the person refuses there', async () => {
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

  test('learns what to do if the page is closed, and its next call deletes what was confirmed meanwhile', async () => {
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
  ] as const)('deletes nothing if its person %s', async (_, action, ms, says) => {
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
    test('gets the link if it fails to open the page', async () => {
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

  test('shows the form and opens no page if it declares forms too', async () => {
    const { path, client, questions, writes } = await deleteWith(async () => YES, BOTH)
    expect(questions.map(({ mode, url }) => ({ mode, url }))).toEqual([{ mode: 'form', url: undefined }])
    expect(writes).toEqual([`DELETE ${path}`])
    await client.close()
  })

  test('leaves what is decided on the page to its next call if it gives up meanwhile', async () => {
    const { path, deletion } = await newTask()
    let url = ''
    const client = await connect(
      mine.access,
      async (_, one) => {
        url = one.url ?? ''
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
