// KV refuses a write while a grant ends: the end takes effect, and nothing is half done.
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Person } from '../../../programs/person.ts'
import { expectPageHeaders } from '../world/browsing.ts'
import { atPage, browser, entryOf, htmlOf, known, PAGE, submit } from '../world/connecting.ts'
import { keysOf, LIST, READ } from '../world/grants.ts'
import { REFUSALS, refuse } from '../world/kv.ts'
import { fhir, post } from '../world/mcp.ts'
import { grantName, refresh, register, signIn, type Tokens, token } from '../world/signing-in.ts'
import { ada, ORIGIN, sandbox, send } from '../world/world.ts'
import { expectUnavailable } from './refused-writes.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

async function expectEnded(tokens: Tokens): Promise<void> {
  expect((await post(tokens.access, LIST)).status).toBe(401)
  expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
  expect(await keysOf(tokens)).toEqual([])
  expect(await env.OAUTH_KV.get(`grant:${grantName(tokens)}`)).toBeNull()
}

describe.each(REFUSALS)('the end of a grant, with %s', (status) => {
  test.each([
    ['access', 'token:'],
    ['refresh', 'token:'],
    ['refresh', 'grant:'],
  ] as const)('by its %s token at %s …: asked again, it ends', async (kind, prefix) => {
    const tokens = await signIn()
    const revoke = () => token({ token: tokens[kind] ?? '', client_id: tokens.clientId })
    const fault = refuse('delete', prefix, status)
    await expectUnavailable(await revoke())
    expect(fault.refused()).toBe(1)
    expect((await revoke()).status).toBe(200)
    await expectEnded(tokens)
  })

  test.each([
    ['the client', (tokens: Tokens) => token({ token: tokens.access, client_id: tokens.clientId })],
    ['the person', (tokens: Tokens) => env.GRANT.getByName(grantName(tokens)).disconnect()],
  ])('by %s, at its record: nothing works from then on, and it is completed later', async (_, end) => {
    const tokens = await signIn()
    const fault = refuse('delete', 'grant:', status)
    const answer = await end(tokens)
    expect(answer?.status ?? 200).toBe(200)
    expect(fault.refused()).toBe(1)
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(await runDurableObjectAlarm(env.GRANT.getByName(grantName(tokens)))).toBe(true)
    await expectEnded(tokens)
  })

  test('by Medplum, met by a call: the call says so', async () => {
    const tokens = await signIn()
    await sandbox.expireAccessTokens()
    await sandbox.faults([{ path: '^/oauth2/token', status: 400, body: { error: 'invalid_grant' } }])
    const fault = refuse('delete', 'grant:', status)
    expect(await fhir(tokens.access, READ)).toMatchObject({
      isError: true,
      text: expect.stringContaining('sign-in behind this connection has ended'),
    })
    expect(fault.refused()).toBe(1)
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(await runDurableObjectAlarm(env.GRANT.getByName(grantName(tokens)))).toBe(true)
    await expectEnded(tokens)
  })

  test('by Medplum, met by a refresh: it gets an error, and the grant stays ended', async () => {
    const tokens = await signIn()
    await sandbox.faults([{ path: '^/oauth2/token', status: 400, body: { error: 'invalid_grant' } }])
    const fault = refuse('delete', 'grant:', status)
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
    expect(fault.refused()).toBe(1)
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
    await expectEnded(tokens)
  })
})

describe.each(REFUSALS)('at the connections page, with %s', (status) => {
  const SIGNED_IN = 'Sign out'
  const CALLBACK = `${ORIGIN}/oauth/callback`
  const toCallback = (person: Person) => person.signIn(`${PAGE}/sign-in`, CALLBACK, ada)

  async function expectFailed(response: Response): Promise<void> {
    expect(response.status).toBe(500)
    expectPageHeaders(response)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await response.text()).toMatch(/Something failed on this server[\s\S]*again in a minute/)
  }

  test('a failure is an error page, and the log contains no key of a confirmation', async () => {
    const log = vi.spyOn(console, 'error')
    const read = vi.spyOn(env.OAUTH_KV, 'get').mockRejectedValueOnce(new Error(`KV GET failed: ${status}`))
    const path = `/confirm/grant.${'K'.repeat(43)}`
    const response = await send(`${ORIGIN}${path}`, {
      headers: { accept: 'text/html', cookie: `__Host-session=${'A'.repeat(43)}` },
      redirect: 'manual',
    })
    expect(read).toHaveBeenCalledOnce()
    await expectFailed(response)
    expect(log.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
      { event: 'request_failed', method: 'GET', path: '/confirm', error: 'Error' },
    ])
  })

  test.each([
    ['the session', 'put', browser],
    ['the session that was there before', 'delete', atPage],
  ] as const)('%s: the login at Medplum is ended, and a new one works', async (_, method, begin) => {
    const person = await begin()
    const callback = await toCallback(person)
    const fault = refuse(method, 'session:', status)
    const { result } = await sandbox.during(async (soFar) => {
      const response = await person.visit(callback.href)
      await vi.waitFor(async () => {
        const done = (await soFar()).filter(({ status }) => status === 200).map(({ path }) => path)
        expect(done).toEqual(['/oauth2/token', '/oauth2/logout'])
      }, 5_000)
      return response
    })
    expect(fault.refused()).toBe(1)
    await expectFailedSignIn(result)
    // The code is used up: only a new login helps, as the page says.
    expect((await person.visit(callback.href)).status).toBe(400)
    await atPage(ada, person)
    expect(await htmlOf(person)).toContain(SIGNED_IN)
  })

  async function expectFailedSignIn(response: Response): Promise<void> {
    const page = await response.clone().text()
    expect(page).toContain('The sign-in was not finished.')
    expect(page).toContain('Go back to the page that you came from and sign in again in a minute.')
    await expectFailed(response)
  }

  test('signing out: the page says that it failed, and a second try works', async () => {
    const person = await atPage()
    const token = /name="token" value="([^"]+)"/.exec(await htmlOf(person))?.[1] ?? ''
    const fault = refuse('delete', 'session:', status)
    const response = await submit(person, 'sign-out', { token })
    expect(fault.refused()).toBe(1)
    expect(await response.clone().text()).toContain('You are still signed in')
    await expectFailed(response)
    expect(await htmlOf(person)).toContain(SIGNED_IN)
    expect((await submit(person, 'sign-out', { token })).status).toBe(303)
    expect(await htmlOf(person)).not.toContain(SIGNED_IN)
  })

  test.each(['token:', 'grant:'])(
    'disconnecting, at %s …: takes effect at once, and is completed later',
    async (at) => {
      const client_name = `Disconnected ${crypto.randomUUID()}`
      const tokens = await signIn(ada, (await register({ client_name })).client_id)
      const person = await atPage()
      const { token, grant } = await known(person, client_name)
      const fault = refuse('delete', at, status)
      const response = await submit(person, 'disconnect', { token, grant })
      expect(response.headers.get('location')).toBe('/connections?done=disconnected')
      expect(fault.refused()).toBe(1)
      expect(await entryOf(person, client_name)).toBeUndefined()
      expect((await post(tokens.access, LIST)).status).toBe(401)
      expect(await runDurableObjectAlarm(env.GRANT.getByName(grantName(tokens)))).toBe(true)
      await expectEnded(tokens)
    },
  )
})
