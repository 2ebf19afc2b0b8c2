// Clients that can't ask: nothing is deleted before the person, signed in with Medplum, has agreed on a page of this server.

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { newKey } from '../../src/base/seal.ts'
import type { Agreement } from '../../src/call/confirmation.ts'
import { confirmationsOf } from '../../src/oauth/confirmations.ts'
import { ConfirmationStore } from '../../src/oauth/grant/confirmation-store.ts'
import { grantNameOf } from '../../src/oauth/grant-name.ts'
import type { CallerRecord } from '../../src/oauth/record.ts'
import { expectPageHeaders } from './browsing.ts'
import { ACCEPT, calls, Decider, direct, exists, linkIn, sdk2, toDelete, tokenIn, writesDuring } from './confirming.ts'
import { fhir, startSession } from './mcp.ts'
import { medplumToken } from './medplum.ts'
import { grantName, signIn, type Tokens } from './signing-in.ts'
import { ask } from './surface.ts'
import { alice, ORIGIN, rita, send } from './world.ts'

let mine: Tokens
let medplum: string
const browser = new Decider()

beforeAll(async () => {
  mine = await signIn(alice)
  medplum = await medplumToken()
})

afterEach(() => {
  vi.useRealTimers()
})

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: '<b>Call</b> the patient' }
const newTask = () => toDelete(medplum, TASK)

interface Said {
  isError: boolean
  text: string
}

/** Each kind of client that shows no forms. */
const LANES: Record<string, (args: Record<string, unknown>) => Promise<Said>> = {
  '2025 without a session': async (args) => {
    const { result } = await ask(mine.access, 'tools/call', { name: 'fhir-request', arguments: args })
    return { isError: result?.isError === true, text: result?.content[0]?.text ?? '' }
  },
  'a session of 2025-11-25': async (args) => fhir(mine.access, args, await startSession(mine.access)),
  '2026-07-28': (args) => calls()(mine.access, args, { capabilities: {} }),
  'HTTP+SSE': async (args) => {
    const client = await sdk2(mine.access, 'sse')
    const answer = await client.call(args)
    await client.close()
    return answer
  },
}

const call = (args: Record<string, unknown>, tokens = mine) => calls()(tokens.access, args, { capabilities: {} })

describe.each(Object.entries(LANES))('%s', (_, lane) => {
  test('is told that nothing is done yet, and deletes once after the person agreed', async () => {
    const { path, deletion } = await newTask()
    const first = await writesDuring(() => lane(deletion))
    expect(first.result.isError).toBe(false)
    expect(first.result.text).toMatch(/^NOT DONE YET\. Nothing was deleted/)
    expect(first.result.text).toContain(`Delete ${path} "<b>Call</b> the patient"`)
    expect(first.writes).toEqual([])

    const link = linkIn(first.result.text)
    const early = await writesDuring(() => lane(deletion))
    expect(linkIn(early.result.text)).toBe(link)
    expect(early.writes).toEqual([])

    expect(await browser.decide(link, alice, 'approved')).toContain('You approved this')
    expect(await exists(medplum, path)).toBe(true)
    const after = await writesDuring(() => Promise.all([lane(deletion), lane(deletion)]))
    expect(after.writes).toEqual([`DELETE ${path}`])
    expect(await exists(medplum, path)).toBe(false)
  })
})

describe('the page', () => {
  test('asks nothing any more of a client whose level was lowered meanwhile', async () => {
    const { deletion } = await newTask()
    const other = await signIn(alice)
    const link = linkIn((await call(deletion, other)).text)
    expect((await browser.open(link, alice)).status).toBe(200)
    await env.GRANT.getByName(grantName(other)).lower('read')
    expect((await browser.open(link, alice)).status).toBe(404)
  })

  test.each([{}, { decision: '' }, { decision: 'yes' }, { decision: 'Approved' }])(
    'takes a form for a refusal that says anything but that it is approved: %j',
    async (form: Record<string, string>) => {
      const { path, deletion } = await newTask()
      const link = linkIn((await call(deletion)).text)
      const { html } = await browser.open(link, alice)
      const posted = await browser.person.visit(link, new URLSearchParams({ ...form, token: tokenIn(html) }))
      expect(posted.status).toBe(303)
      const { result, writes } = await writesDuring(() => call(deletion))
      expect(result.text).toContain('the person declined')
      expect(writes).toEqual([])
      expect(await exists(medplum, path)).toBe(true)
    },
  )

  test('shows what would be done and by whom, as text, and changes nothing', async () => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    expect(link).toMatch(new RegExp(`^${ORIGIN}/confirm/[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$`))
    const { status, html, response } = await browser.open(link, alice)
    expect(status).toBe(200)
    expect(html).toContain('Test client')
    expect(html).toContain(path)
    const raw = await (await browser.person.visit(link)).text()
    expect(raw).toContain('&lt;b&gt;Call')
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(response.headers.get('cache-control')).toBe('no-store')
    // Origin goes along with the form, the address to nobody else.
    expect(response.headers.get('referrer-policy')).toBe('same-origin')
    expect((await call(deletion)).text).toContain('NOT DONE YET')
    expect(await exists(medplum, path)).toBe(true)
  })

  test('lets nobody decide who is not signed in, or signed in as another person', async () => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    const stranger = await send(link, { redirect: 'manual' })
    expectPageHeaders(stranger)
    const page = await stranger.text()
    expect(page).toContain('Sign in to confirm a change')
    expect(page).not.toContain(path)
    const login = await send(`${link}?sign-in`, { redirect: 'manual' })
    expect(login.status).toBe(302)
    expect(new URL(login.headers.get('location') ?? '').origin).not.toBe(ORIGIN)
    const posted = await send(link, {
      method: 'POST',
      headers: { origin: ORIGIN },
      body: new URLSearchParams({ decision: 'approved' }),
    })
    expect(posted.status).toBe(401)

    const other = new Decider()
    const seen = await other.open(link, rita)
    expect(seen.status).toBe(404)
    expectPageHeaders(seen.response)
    expect(seen.html).not.toContain(path)
    // Her own form token doesn't help either.
    const own = linkIn((await call((await newTask()).deletion, await signIn(rita))).text)
    const token = tokenIn((await other.open(own, rita)).html)
    expect(token).not.toBe('')
    const tried = await other.person.visit(link, new URLSearchParams({ token, decision: 'approved' }))
    expect(tried.status).toBe(404)
    expect((await call(deletion)).text).toContain('NOT DONE YET')
    expect(await exists(medplum, path)).toBe(true)
  })

  test.each<[string, (token: string) => Record<string, string>, string | null]>([
    ['no token', () => ({}), ORIGIN],
    ['a wrong token', () => ({ token: 'x' }), ORIGIN],
    ['another origin', (token) => ({ token }), 'https://evil.example.com'],
    ['no origin', (token) => ({ token }), null],
  ])('takes no form with %s', async (_, fields, origin) => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    const decider = new Decider()
    const { html } = await decider.open(link, alice)
    decider.origin = origin
    const form = new URLSearchParams({ decision: 'approved', ...fields(tokenIn(html)) })
    expect((await decider.person.visit(link, form)).status).toBe(403)
    expect((await call(deletion)).text).toContain('NOT DONE YET')
    expect(await exists(medplum, path)).toBe(true)
  })

  test.each([
    ['another key', (link: string) => `${link.slice(0, -43)}${'A'.repeat(43)}`],
    ['another grant', (link: string) => link.replace(/confirm\/[^.]+/, 'confirm/abcdefghijklmnop')],
    ['no key', (link: string) => link.replace(/\.[^.]+$/, '')],
  ])('is not there at %s', async (_, change) => {
    const { deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    expect((await browser.open(link, alice)).status).toBe(200)
    const { status } = await browser.open(change(link), alice)
    expect(status).toBe(404)
  })

  test('a refusal is reported to the model and ends the matter', async () => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    expect(await browser.decide(link, alice, 'declined')).toContain('You refused this')
    expect(await call(deletion)).toMatchObject({ isError: false, text: 'Nothing was deleted: the person declined.' })
    expect((await browser.open(link, alice)).html).toContain('You refused this')
    expect(linkIn((await call(deletion)).text)).not.toBe(link)
    expect(await exists(medplum, path)).toBe(true)
  })

  test('a decision stands: the form works once', async () => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    const { html } = await browser.open(link, alice)
    const decide = (decision: string) =>
      browser.person.visit(link, new URLSearchParams({ token: tokenIn(html), decision }))
    expect((await decide('declined')).status).toBe(303)
    expect((await decide('approved')).status).toBe(404)
    expect((await call(deletion)).text).toBe('Nothing was deleted: the person declined.')
    expect(await exists(medplum, path)).toBe(true)
  })
})

describe('an approval', () => {
  async function approved() {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    await browser.decide(link, alice, 'approved')
    return { path, deletion, link }
  }

  test('is used up by the call', async () => {
    const { deletion, link, path } = await approved()
    expect((await call(deletion)).isError).toBe(false)
    expect(await exists(medplum, path)).toBe(false)
    // The person may look only now, or again.
    const { html } = await browser.open(link, alice)
    expect(html).toContain('You approved this')
    expect(html).not.toContain('<form')
    const { result, writes } = await writesDuring(() => call(deletion))
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('410') })
    expect(writes).toEqual([])
  })

  test('is for the record as it was', async () => {
    const { path, deletion } = await approved()
    await (await direct(medplum, 'PATCH', path, [{ op: 'replace', path: '/status', value: 'accepted' }])).text()
    const { result, writes } = await writesDuring(() => call(deletion))
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('has changed since') })
    expect(writes).toEqual([])
    expect((await call(deletion)).text).toContain('NOT DONE YET')
    expect(await exists(medplum, path)).toBe(true)
  })

  test.each([
    ['other arguments', async () => ({ args: (await newTask()).deletion, tokens: mine })],
    [
      'another grant',
      async ({ deletion }: { deletion: object }) => ({ args: { ...deletion }, tokens: await signIn(alice) }),
    ],
    [
      'another person',
      async ({ deletion }: { deletion: object }) => ({ args: { ...deletion }, tokens: await signIn(rita) }),
    ],
  ])('is not for %s', async (_, instead) => {
    const given = await approved()
    const { args, tokens } = await instead(given)
    const { result, writes } = await writesDuring(() => call(args, tokens))
    expect(result.text).toContain('NOT DONE YET')
    expect(writes).toEqual([])
    expect(await exists(medplum, given.path)).toBe(true)
  })

  test('ends ten minutes after the question', async () => {
    const { path, deletion, link } = await approved()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
    const { result, writes } = await writesDuring(() => call(deletion))
    expect(result.text).toContain('NOT DONE YET')
    expect(linkIn(result.text)).not.toBe(link)
    expect(writes).toEqual([])
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })
})

test('a question that is open is not dropped for those that were decided and used', async () => {
  const grant = env.GRANT.getByName(grantName(await signIn(alice)))
  await runInDurableObject(grant, (_, { storage }) => {
    const store = new ConfirmationStore(storage.kv)
    const ask = (id: string, expiresAt: number) =>
      store.propose(id, { subject: id, words: new Uint8Array(), agreement: new Uint8Array(), expiresAt })
    const later = Date.now() + 60_000
    ask('open', later)
    for (let at = 1; at <= 30; at++) {
      ask(`${at}`, later + at)
      store.decide(`${at}`, 'approved')
      store.settle(`${at}`)
    }
    expect(store.settle('open')).toBeDefined()
    expect([1, 30].map((at) => store.at(`${at}`) !== undefined)).toEqual([false, true])
  })
})

test('a decision made while the same question is asked again is not lost', async () => {
  const [userId = '', grantId = ''] = grantName(await signIn(alice)).split(':')
  const props = { vaultKey: newKey(), clientName: 'Test' }
  const confirmations = confirmationsOf({ userId, grantId, props } as CallerRecord, env)
  const agreement = { digest: 'x', seen: [], expiresAt: Date.now() + 60_000, nonce: 'n' } as unknown as Agreement
  const { id } = await confirmations.propose(agreement, ['Delete?'])
  await env.GRANT.getByName(grantNameOf({ userId, grantId })).decide(id, 'approved')
  expect((await confirmations.propose(agreement, ['Delete?'])).id).toBe(id)
  expect(await confirmations.decision('x')).toHaveProperty('approved')
  expect(await confirmations.decision('x')).toBeUndefined()
})

test('what lies in the object tells nothing, and goes when it has expired', async () => {
  const tokens = await signIn(alice)
  const { path, deletion } = await newTask()
  const link = linkIn((await call(deletion, tokens)).text)
  const { state } = await calls()(tokens.access, deletion)
  await calls()(tokens.access, deletion, {
    state,
    responses: ACCEPT,
  })
  const grant = env.GRANT.getByName(grantName(tokens))
  const stored = () =>
    runInDurableObject(grant, (_, { storage }) =>
      [...storage.kv.list()].filter(([key]) => /^(burnt|proposal):/.test(key)),
    )
  const kept = await stored()
  expect(kept.map(([key]) => key.split(':')[0])).toEqual(['burnt', 'proposal'])
  const text = JSON.stringify(kept, (_, value) => (value instanceof Uint8Array ? String.fromCharCode(...value) : value))
  for (const secret of [path, path.slice(5), 'Task', 'Call', link.split('.').at(-1) ?? ''])
    expect(text).not.toContain(secret)

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
  await runDurableObjectAlarm(grant)
  expect(await stored()).toEqual([])
})
