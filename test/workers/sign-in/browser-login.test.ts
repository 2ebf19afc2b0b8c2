import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { atPage, browser, htmlOf, PAGE, submit } from '../world/connecting.ts'
import { ada, SANDBOX, sandbox, send, sha256 } from '../world/world.ts'
import { CALLBACK, SIGNED_IN, tokenOf } from './logging-in.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  await sandbox.clearFaults()
})

/** Up to the callback that Medplum's login page sends the browser to. */
const toCallback = (person = browser()) => person.signIn(`${PAGE}/sign-in`, CALLBACK, ada)

async function expectNotSignedIn(response: Response, person: Person): Promise<void> {
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('You are not signed in')
  expect(response.headers.getSetCookie().filter((line) => line.startsWith('__Host-session='))).toEqual([])
  expect(await htmlOf(person)).not.toContain(SIGNED_IN)
}

describe('the way to Medplum', () => {
  test('asks for a separate login, with PKCE S256 and a nonce, and no refresh token', async () => {
    const response = await browser().visit(`${PAGE}/sign-in`)
    const login = new URL(response.headers.get('location') ?? '')
    expect(login.href.startsWith(`${SANDBOX}oauth2/authorize?`)).toBe(true)
    expect(Object.fromEntries(login.searchParams)).toMatchObject({
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid profile',
      prompt: 'login',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^page\.[\w-]{43}$/),
    })
    const [cookie = '', ...more] = response.headers.getSetCookie()
    expect(more).toEqual([])
    expect(cookie).toMatch(/^__Host-login-[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    // Sealed under the state: the nonce, which Medplum sees, can't be read in it.
    expect(
      atob(cookie.slice(0, 400).split('=')[1]?.split(';')[0]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''),
    ).not.toContain('nonce')
  })

  test('comes back with a session of half an hour; KV has only its digest, the user and the end', async () => {
    const person = browser()
    const response = await person.visit((await toCallback(person)).href)
    expect([response.status, response.headers.get('location')]).toEqual([302, '/connections'])
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith('__Host-session=')) ?? ''
    expect(cookie).toMatch(/^__Host-session=[\w-]{43}; Max-Age=1800; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const secret = /=([\w-]+);/.exec(cookie)?.[1] ?? ''
    const stored = await kv()
    expect(stored).not.toContain(secret)
    const digest = base64UrlOf(await sha256(secret))
    expect(JSON.parse((await env.OAUTH_KV.get(`session:${digest}`)) ?? '')).toEqual({
      userId: expect.any(String),
      expiresAt: expect.any(Number),
    })
    expect(await htmlOf(person)).toContain(SIGNED_IN)
  })

  test('revokes Medplum’s tokens, and leaves the person’s other logins alone', async () => {
    const { result: person, requests } = await sandbox.during(async (soFar) => {
      const signedIn = await atPage()
      await vi.waitFor(async () => expect((await soFar()).map(({ path }) => path)).toContain('/oauth2/logout'), 5_000)
      return signedIn
    })
    expect(requests.filter(({ path }) => path.startsWith('/fhir/'))).toEqual([])
    expect(await htmlOf(person)).toContain(SIGNED_IN)
    const stored = await kv()
    for (const secret of (await sandbox.secrets()).filter(({ length }) => length >= 12)) {
      expect(stored).not.toContain(secret)
    }
  })
})

/** A hex digest as base64url. */
function base64UrlOf(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16)))
  return btoa(bytes.join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

async function kv(): Promise<string> {
  const { keys } = await env.OAUTH_KV.list({ prefix: 'session:' })
  return (await Promise.all(keys.map(async ({ name }) => `${name} ${await env.OAUTH_KV.get(name)}`))).join('\n')
}

describe('the callback', () => {
  test('works once', async () => {
    const person = browser()
    const callback = await toCallback(person)
    await person.visit(callback.href)
    await submit(person, 'sign-out', { token: tokenOf(await htmlOf(person)) })
    const { result, requests } = await sandbox.during(() => person.visit(callback.href))
    await expectNotSignedIn(result, person)
    expect(requests).toEqual([])
  })

  test('of a state that was used, with its cookie kept, signs nobody in: Medplum takes a code once', async () => {
    const cookies: string[] = []
    const person = new Person(async (url, init) => {
      const response = await send(url, init)
      cookies.push(...response.headers.getSetCookie().filter((line) => line.startsWith('__Host-login')))
      return response
    })
    const callback = await toCallback(person)
    const cookie = cookies[0]?.split(';')[0] ?? ''
    await person.visit(callback.href)
    await expectNotSignedIn(await send(callback.href, { headers: { cookie }, redirect: 'manual' }), browser())
  })

  test('opened in another browser signs nobody in (login CSRF)', async () => {
    const callback = await toCallback()
    const other = browser()
    await expectNotSignedIn(await other.visit(callback.href), other)
  })

  test.each(['page.', 'page.invented', `page.${'A'.repeat(43)}`, 'page.../..'])(
    'with the state %s is refused',
    async (state) => {
      const person = browser()
      const name = `__Host-login-${base64UrlOf(await sha256(state.slice(5))).slice(0, 16)}`
      const cookie = `${name}=${'A'.repeat(200)}`
      const url = `${CALLBACK}?${new URLSearchParams({ code: 'x', state })}`
      await expectNotSignedIn(await send(url, { headers: { cookie }, redirect: 'manual' }), person)
    },
  )

  test('does not work for the sign-in of a client, nor the reverse', async () => {
    const person = browser()
    const callback = await toCallback(person)
    callback.searchParams.set('state', (callback.searchParams.get('state') ?? '').slice('page.'.length))
    expect((await person.visit(callback.href)).status).toBe(400)
    expect(await htmlOf(person)).not.toContain(SIGNED_IN)
  })

  test('after ten minutes is too late', async () => {
    const person = browser()
    const callback = await toCallback(person)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
    await expectNotSignedIn(await person.visit(callback.href), person)
  })

  test('without a code, or with one that Medplum refuses, signs nobody in', async () => {
    const [declined, wrong] = [browser(), browser()]
    const without = await toCallback(declined)
    without.searchParams.delete('code')
    await expectNotSignedIn(await declined.visit(without.href), declined)
    const invented = await toCallback(wrong)
    invented.searchParams.set('code', 'invented')
    await expectNotSignedIn(await wrong.visit(invented.href), wrong)
  })

  test('with the code of another login is refused (code injection)', async () => {
    const person = browser()
    const callback = await toCallback(person)
    callback.searchParams.set('code', (await toCallback()).searchParams.get('code') ?? '')
    await expectNotSignedIn(await person.visit(callback.href), person)
  })

  test('says so if Medplum is away', async () => {
    const person = browser()
    const callback = await toCallback(person)
    await sandbox.faults([{ path: '^/oauth2/token', status: 503 }])
    const response = await person.visit(callback.href)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('Medplum could not be reached.')
  })
})
