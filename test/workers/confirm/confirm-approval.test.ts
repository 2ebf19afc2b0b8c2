// What a person approved on the page: it is for one call, one record and ten minutes; and how it is stored meanwhile.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { newKey } from '../../../src/base/seal.ts'
import type { Agreement } from '../../../src/call/confirmation.ts'
import { confirmationsOf } from '../../../src/oauth/confirmations.ts'
import { ConfirmationStore } from '../../../src/oauth/grant/confirmation-store.ts'
import { grantNameOf } from '../../../src/oauth/grant-name.ts'
import type { CallerRecord } from '../../../src/oauth/record.ts'
import { grantName, signIn } from '../world/signing-in.ts'
import { alice, rita } from '../world/world.ts'
import { ACCEPT, Decider, exists, linkIn, think, writesDuring } from './confirming.ts'
import { call as askingCall, withoutForms as call, medplum, mine, newTask, setUp, touch } from './deciding.ts'

setUp()

const browser = new Decider()

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

  test('applies only to the record as it was', async () => {
    const { path, deletion } = await approved()
    await touch(path)
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
  ])('does not apply to %s', async (_, instead) => {
    const given = await approved()
    const { args, tokens } = await instead(given)
    const { result, writes } = await writesDuring(() => call(args, tokens))
    expect(result.text).toContain('NOT DONE YET')
    expect(writes).toEqual([])
    expect(await exists(medplum, given.path)).toBe(true)
  })

  test('ends ten minutes after the question', async () => {
    const { path, deletion, link } = await approved()
    think(601_000)
    const { result, writes } = await writesDuring(() => call(deletion))
    expect(result.text).toContain('NOT DONE YET')
    expect(linkIn(result.text)).not.toBe(link)
    expect(writes).toEqual([])
    vi.useRealTimers()
    expect(await exists(medplum, path)).toBe(true)
  })
})

test('an open question is not dropped to make room for those that were decided and used', async () => {
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

test('what the object stores reveals nothing, and is removed once it has expired', async () => {
  const tokens = await signIn(alice)
  const { path, deletion } = await newTask()
  const link = linkIn((await call(deletion, tokens)).text)
  const { state } = await askingCall(tokens.access, deletion)
  await askingCall(tokens.access, deletion, { state, responses: ACCEPT })
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

  think(601_000)
  await runDurableObjectAlarm(grant)
  expect(await stored()).toEqual([])
})
