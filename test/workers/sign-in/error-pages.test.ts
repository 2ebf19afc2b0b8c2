// The error page that people get, and programs don't.
import { env } from 'cloudflare:test'
import { Hono } from 'hono/tiny'
import { describe, expect, test } from 'vitest'
import { Person, readForm } from '../../../programs/person.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { errorPages } from '../../../src/web/shared/error-pages.tsx'
import { BROWSER, expectPageHeaders, get, under, unescaped } from '../world/browsing.ts'
import { authorization, register } from '../world/signing-in.ts'
import { ORIGIN, send } from '../world/world.ts'

describe('an error', () => {
  const reached: RateLimit = { limit: async () => ({ success: false }) }
  const broken: RateLimit = {
    limit: async () => {
      throw new TypeError('a detail of the inside')
    },
  }

  const meeting: [what: string, status: number, says: string, ask: (accept: string) => Promise<Response>][] = [
    ['an unknown page', 404, 'Page not found', (accept) => get('/nowhere', accept)],
    ['a method', 405, 'This can’t be done here', (accept) => get('/', accept, { method: 'POST' })],
    [
      'a method in the sign-in',
      405,
      'This can’t be done here',
      (accept) => get('/authorize', accept, { method: 'PUT' }),
    ],
    ['the MCP address', 401, 'MCP clients', (accept) => get('/mcp', accept)],
    [
      'another host name',
      403,
      `This server answers at ${ORIGIN} only.`,
      (accept) => under({}, '/', { headers: { accept } }, 'http://rebound.example'),
    ],
    [
      'a foreign origin',
      403,
      'This Origin may not call the server',
      (accept) => get('/mcp', accept, { method: 'POST', headers: { origin: 'https://evil.example' } }),
    ],
    [
      'the limit of sign-ins',
      429,
      'Wait a minute',
      (accept) => under({ LIMIT_SIGN_IN: reached }, '/authorize', { headers: { accept } }),
    ],
    [
      'a fault of the server',
      500,
      'Something failed on this server',
      (accept) => under({ LIMIT_SIGN_IN: broken }, '/authorize', { headers: { accept } }),
    ],
    [
      'a missing setting',
      503,
      'Setting MEDPLUM_CLIENT_ID is missing',
      (accept) => under({ MEDPLUM_CLIENT_ID: '' }, '/', { headers: { accept } }),
    ],
  ]

  test.each(meeting)('by %s is a page for a person', async (_, status, says, ask) => {
    const response = await ask(BROWSER)
    expect(response.status).toBe(status)
    expectPageHeaders(response)
    expect(response.headers.get('content-security-policy')).not.toContain('script-src')
    const html = unescaped(await response.text())
    expect(html).toContain('<link rel="stylesheet" href="/style.css"')
    expect(html).toContain(says)
    expect(html).not.toContain('a detail of the inside')
    expect(html.includes(`<a href="${ORIGIN}/">Home page</a>`)).toBe(status !== 503)
  })

  test.each(meeting)('by %s is not a page for a program', async (_, status, __, ask) => {
    for (const accept of ['*/*', 'application/json, text/event-stream', 'text/html;q=0']) {
      const response = await ask(accept)
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type') ?? '').not.toContain('html')
      expect(await response.text()).not.toContain('<')
    }
  })

  test('keeps its status and what goes with it', async () => {
    const limited = await under({ LIMIT_SIGN_IN: reached }, '/authorize', { headers: { accept: BROWSER } })
    expect(limited.headers.get('retry-after')).toBe('60')
    const challenged = await get('/mcp', BROWSER)
    expect(challenged.headers.get('www-authenticate')).toContain('resource_metadata=')
    const refused = await get('/oauth/callback', BROWSER, { method: 'POST' })
    expect(refused.headers.get('allow')).toBe('GET, HEAD')
  })

  test('has its style under another host name, too', async () => {
    expect((await under({}, '/style.css', {}, 'http://rebound.example')).status).toBe(200)
  })

  test('has no body for HEAD', async () => {
    const response = await get('/nowhere', BROWSER, { method: 'HEAD' })
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('')
  })

  const MARKUP = '<img src=x onerror=alert(1)>"\'&'

  test.each([
    ['JSON-RPC', Response.json({ error: { message: MARKUP } }, { status: 403 })],
    ['OAuth', Response.json({ error: 'x', error_description: MARKUP }, { status: 400 })],
    ['text', new Response(MARKUP, { status: 503, headers: { 'content-type': 'text/plain' } })],
  ])('shows what an answer in %s says as text only', async (_, answer) => {
    const app = new Hono<{ Bindings: Bindings }>().use(errorPages).all('*', () => answer)
    const request = new Request(`${ORIGIN}/`, { headers: { accept: BROWSER } })
    const html = await (await app.fetch(request, env as Bindings)).text()
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;')
    expect(html).not.toContain('<img')
  })

  test('without a message has no empty line', async () => {
    const app = new Hono<{ Bindings: Bindings }>().use(errorPages).all('*', () => new Response(null, { status: 418 }))
    const request = new Request(`${ORIGIN}/`, { headers: { accept: BROWSER } })
    expect(await (await app.fetch(request, env as Bindings)).text()).not.toContain('<p></p>')
  })

  test('shows nothing of the request', async () => {
    const marked = encodeURIComponent(MARKUP)
    const addresses = [
      `/${marked}?q=${marked}`,
      `/authorize?client_id=${marked}&redirect_uri=${marked}&state=${marked}`,
      `/oauth/callback?error=${marked}&error_description=${marked}&state=${marked}&code=${marked}`,
      `/mcp/${marked}`,
      `/.well-known/${marked}`,
    ]
    for (const address of addresses) {
      const response = await get(address, BROWSER, {
        headers: { 'user-agent': MARKUP, referer: `${ORIGIN}/${marked}` },
      })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expectPageHeaders(response)
      const html = await response.text()
      expect(html).not.toContain('onerror')
      expect(html).not.toContain(marked)
    }
  })
})

describe('a sign-in that cannot continue', () => {
  async function consent() {
    const person = new Person(send)
    const html = await (await person.visit((await authorization((await register()).client_id)).url)).text()
    const form = readForm(html, ORIGIN)
    const fields = new URLSearchParams([...(form?.fields ?? []), ['decision', 'approve']])
    return { person, approve: () => person.visit(form?.action ?? '', fields) }
  }

  async function expectProblem(response: Response, says: string): Promise<void> {
    expect(response.status).toBe(400)
    expectPageHeaders(response)
    const html = await response.text()
    expect(html).toContain('This sign-in can’t continue')
    expect(html).toContain(says)
    expect(html).toContain('Nothing was allowed. Go back to your application and connect again')
    expect(html).toContain('<a href="/">Home page</a>')
  }

  test('because the consent page was already used', async () => {
    const { approve } = await consent()
    await approve()
    await expectProblem(await approve(), 'was already used')
  })

  test('because the post was not a form', async () => {
    const response = await get('/authorize', BROWSER, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    await expectProblem(response, 'was already used')
  })

  test('because the request of the application was wrong', async () => {
    const { url } = await authorization('nobody')
    await expectProblem(await new Person(send).visit(url), 'The application sent a bad request: Invalid client_id.')
  })

  test('because Medplum ended it, or it is too late', async () => {
    await expectProblem(await get('/oauth/callback?error=access_denied&state=old', BROWSER), 'Medplum ended the login')
    await expectProblem(await get('/oauth/callback?code=x&state=old', BROWSER), 'The sign-in expired')
  })
})
