import { describe, expect, test, vi } from 'vitest'
import { DELETE } from '../../calls.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, rita } from '../world/world.ts'
import { ACCEPT, type Call, calls, Decider, exists, linkIn, think, writesDuring } from './confirming.ts'
import { call, medplum, mine, newTask, setUp, touch } from './deciding.ts'

setUp()

describe('in rounds of 2026-07-28', () => {
  test('the question names what would be deleted, and nothing is deleted before the answer', async () => {
    const { path, deletion } = await newTask()
    const { result, writes } = await writesDuring(() => call(mine.access, deletion))
    expect(result.question).toBe(`Delete ${path} "Call 'the' patient"`)
    expect(result.text).toBe('')
    expect(writes).toEqual([])
    expect(atob((result.state ?? '').replaceAll('-', '+').replaceAll('_', '/'))).not.toContain('Task')
    expect(await exists(medplum, path)).toBe(true)
  })

  test('after the answer it is deleted once, however often the answer comes', async () => {
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

  test('the form has no field: accepting it means yes', async () => {
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
    'what is then %s on the page stands, and is not asked again',
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
  ])('a missing answer is asked for again: %s', async (_, responses) => {
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

  test('an answer without the state does not count', async () => {
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
  ])('a state that is %s deletes nothing', async (_, stateOf, why) => {
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
    expect(late).toMatchObject({ isError: true, text: expect.stringContaining('more than 10 minutes') })
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a record that changed meanwhile is not deleted, not even on a second try', async () => {
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

  test('a missing record is not asked about', async () => {
    const answer = await call(mine.access, DELETE(`Task/${crypto.randomUUID()}`))
    expect(answer).toMatchObject({ question: undefined, isError: true, text: expect.stringContaining('404') })
  })

  test('the format of the answer may differ between rounds', async () => {
    const { path, deletion } = await newTask()
    const { state } = await call(mine.access, deletion)
    const answer = await call(mine.access, { ...deletion, format: 'json' }, { state, responses: ACCEPT })
    expect(answer.isError).toBe(false)
    expect(await exists(medplum, path)).toBe(false)
  })
})

const directory: Call = calls({ TOOLS: 'directory' })
