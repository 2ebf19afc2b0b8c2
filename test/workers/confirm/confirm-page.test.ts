// Clients that cannot ask: nothing is deleted before the person, signed in with Medplum, has agreed on a page of this server.
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { expectPageHeaders } from '../world/browsing.ts'
import { fhir, startSession } from '../world/mcp.ts'
import { grantName, signIn } from '../world/signing-in.ts'
import { ask } from '../world/surface.ts'
import { alice, ORIGIN, rita, send } from '../world/world.ts'
import { calls, Decider, exists, linkIn, tokenIn, writesDuring } from './confirming.ts'
import { withoutForms as call, medplum, mine, newTask, setUp } from './deciding.ts'
import { sdk2 } from './real-clients.ts'

setUp()

const browser = new Decider()
const newMarkup = () => newTask({ description: '<b>Call</b> the patient' })

interface Said {
  isError: boolean
  text: string
}

/** Each kind of client that shows no forms. */
const LANES: Record<string, (args: Record<string, unknown>) => Promise<Said>> = {
  'a client of 2025 without a session': async (args) => {
    const { result } = await ask(mine.access, 'tools/call', { name: 'fhir-request', arguments: args })
    return { isError: result?.isError === true, text: result?.content[0]?.text ?? '' }
  },
  'a client in a session of 2025-11-25': async (args) => fhir(mine.access, args, await startSession(mine.access)),
  'a client of 2026-07-28': (args) => calls()(mine.access, args, { capabilities: {} }),
  'a client on HTTP+SSE': async (args) => {
    const client = await sdk2(mine.access, 'sse')
    const answer = await client.call(args)
    await client.close()
    return answer
  },
}

describe.each(Object.entries(LANES))('%s', (_, lane) => {
  test('is told that nothing is done yet, and deletes once after the person agreed', async () => {
    const { path, deletion } = await newMarkup()
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
  test('is gone once the access of its connection was reduced', async () => {
    const { deletion } = await newTask()
    const other = await signIn(alice)
    const link = linkIn((await call(deletion, other)).text)
    expect((await browser.open(link, alice)).status).toBe(200)
    await env.GRANT.getByName(grantName(other)).lower('read')
    expect((await browser.open(link, alice)).status).toBe(404)
  })

  test.each([{}, { decision: '' }, { decision: 'yes' }, { decision: 'Approved' }])(
    'counts any decision but "approved" as a refusal: %j',
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
    const { path, deletion } = await newMarkup()
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

  test('lets nobody else decide, signed in or not', async () => {
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
  ])('rejects a form with %s', async (_, fields, origin) => {
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
  ])('is not found at an address with %s', async (_, change) => {
    const { deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    expect((await browser.open(link, alice)).status).toBe(200)
    const { status } = await browser.open(change(link), alice)
    expect(status).toBe(404)
  })

  test('reports a refusal to the model, and that ends the matter', async () => {
    const { path, deletion } = await newTask()
    const link = linkIn((await call(deletion)).text)
    expect(await browser.decide(link, alice, 'declined')).toContain('You refused this')
    expect(await call(deletion)).toMatchObject({ isError: false, text: 'Nothing was deleted: the person declined.' })
    expect((await browser.open(link, alice)).html).toContain('You refused this')
    expect(linkIn((await call(deletion)).text)).not.toBe(link)
    expect(await exists(medplum, path)).toBe(true)
  })

  test('accepts only one decision', async () => {
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
