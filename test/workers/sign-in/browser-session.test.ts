// The session of a browser at this server's pages, and where a login returns to.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono/tiny'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { redirectToLogin } from '../../../src/web/shared/browser-session.ts'
import { atPage, htmlOf, PAGE, submit } from '../world/connecting.ts'
import { ada, alice, ORIGIN, sandbox, send } from '../world/world.ts'
import { CALLBACK, SIGNED_IN, tokenOf } from './logging-in.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  await sandbox.clearFaults()
})

describe('the way back', () => {
  const app = new Hono<{ Bindings: Bindings }>().get('/go', (c) => redirectToLogin(c, c.req.query('to') ?? ''))
  /** Where a login with this return path ends. */
  async function endOf(to: string): Promise<string | null> {
    const person = new Person((url, init) =>
      url.startsWith(`${ORIGIN}/go`)
        ? Promise.resolve(app.fetch(new Request(url, init), env as Bindings, createExecutionContext()))
        : send(url, init),
    )
    const callback = await person.signIn(`${ORIGIN}/go?${new URLSearchParams({ to })}`, CALLBACK, ada)
    return (await person.visit(callback.href)).headers.get('location')
  }

  test.each(['/connections', '/connections?x=1', '/confirm/abc?x=1'])('%s is allowed', async (to) => {
    expect(await endOf(to)).toBe(to)
  })

  test.each([
    ...['https://evil.example/connections', '//evil.example/connections', '/\\evil.example', 'javascript:alert(1)'],
    ...['/connections/../authorize', '/connections/%2e%2e/mcp', '/authorize', '/connectionsx', '', '\t//evil.example'],
    ...['http://localhost:8790@evil.example/connections', 'https://localhost:8790/connections', '/confirm\\..\\mcp'],
  ])('%s leads to the connections page', async (to) => {
    expect(await endOf(to)).toBe('/connections')
  })
})

describe('a session', () => {
  test('ends after half an hour, and its forms with it', async () => {
    const person = await atPage()
    const token = tokenOf(await htmlOf(person))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_801_000 })
    expect(await htmlOf(person)).not.toContain(SIGNED_IN)
    const response = await submit(person, 'disconnect', { token, grant: 'x' })
    expect(response.status).toBe(401)
    expect(await response.text()).toContain('Nothing was changed')
  })

  test('ends at sign-out, also for a copy of its cookie', async () => {
    const { person, cookie } = await watched()
    expect(await (await send(PAGE, { headers: { cookie: cookie() } })).text()).toContain(SIGNED_IN)
    const copy = cookie()
    expect((await submit(person, 'sign-out', { token: tokenOf(await htmlOf(person)) })).status).toBe(303)
    expect(await htmlOf(person)).not.toContain(SIGNED_IN)
    expect(await (await send(PAGE, { headers: { cookie: copy } })).text()).not.toContain(SIGNED_IN)
  })

  test('is never one from before the login (fixation)', async () => {
    const { person, cookie } = await watched('__Host-session=planted')
    expect(cookie()).not.toContain('planted')
    expect(await htmlOf(person)).toContain(SIGNED_IN)
    expect(await (await send(PAGE, { headers: { cookie: '__Host-session=planted' } })).text()).not.toContain(SIGNED_IN)
    const first = cookie()
    await atPage(alice, person)
    expect(cookie()).not.toBe(first)
    expect(await (await send(PAGE, { headers: { cookie: first } })).text()).not.toContain(SIGNED_IN)
  })

  test.each(['', '__Host-session=', `__Host-session=${'A'.repeat(43)}`, 'session=x'])('is not "%s"', async (cookie) => {
    expect(await (await send(PAGE, { headers: { cookie } })).text()).not.toContain(SIGNED_IN)
  })

  /** A person whose session cookie the test can read; `planted` is sent before the login. */
  async function watched(planted?: string) {
    let session = planted
    const person = new Person(async (url, init) => {
      const headers = new Headers(init?.headers)
      if (init?.method === 'POST') headers.set('origin', ORIGIN)
      if (session === planted && planted !== undefined && url.startsWith(ORIGIN)) {
        headers.set('cookie', [headers.get('cookie'), planted].filter(Boolean).join('; '))
      }
      const response = await send(url, { ...init, headers })
      const set = response.headers.getSetCookie().findLast((line) => line.startsWith('__Host-session='))
      if (set !== undefined) session = set.split(';')[0]
      return response
    })
    await atPage(ada, person)
    return { person, cookie: () => session ?? '' }
  }
})
