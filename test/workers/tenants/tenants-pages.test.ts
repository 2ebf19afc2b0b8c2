// A person's pages at one tenant show and change nothing of another, even for the same person with the same Medplum id.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono/tiny'
import { beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../../../programs/person.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { redirectToLogin } from '../../../src/web/shared/browser-session.ts'
import { DELETE, GET, POST } from '../../calls.ts'
import { Decider, linkIn, tokenIn } from '../confirm/confirming.ts'
import { unescaped } from '../world/browsing.ts'
import { browser } from '../world/connecting.ts'
import { INITIALIZE, post, rpc } from '../world/mcp.ts'
import { grantName, type Tokens } from '../world/signing-in.ts'
import { alice, ORIGIN, send } from '../world/world.ts'
import { fhirAt, NORTH, OWN, PAIRS, PLACES, type Place, SOUTH, signInAt, signInEverywhere } from './tenancy.ts'

let tokensOf: Map<Place, Tokens>
const accessAt = (place: Place) => tokensOf.get(place)?.access ?? ''

beforeAll(async () => {
  tokensOf = await signInEverywhere()
})

describe('the connections page', () => {
  const pageOf = (place: Place) => `${ORIGIN}${place.root}/connections`
  const enter = (person: Person, place: Place) => person.signIn(`${pageOf(place)}/sign-in`, pageOf(place), alice)
  const look = async (person: Person, place: Place) => unescaped(await (await person.visit(pageOf(place))).text())
  const grantOf = (place: Place) => grantName(tokensOf.get(place) as Tokens).split(':')[1] ?? ''

  test('shows people signed in there only their own connections there', async () => {
    const person = browser()
    for (const place of PLACES) {
      await enter(person, place)
      const html = await look(person, place)
      const shown = PLACES.filter((one) => html.includes(grantOf(one)))
      expect(shown).toEqual([place])
    }
  })

  test('needs a separate sign-in at each place', async () => {
    const person = browser()
    await enter(person, NORTH)
    const html = await look(person, NORTH)
    expect(html).toContain('<h1>Your connections: north</h1>')
    expect(html).toContain('Sign out')
    for (const place of [OWN, SOUTH]) expect(await look(person, place)).not.toContain('Sign out')
  })

  test('takes no session of another tenant, whatever name its cookie is given', async () => {
    const cookies = new Map<string, string>()
    const person = new Person(async (url, init) => {
      const response = await send(url, init)
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return response
    })
    for (const place of PLACES) await enter(person, place)
    const nameAt = (place: Place) => `__Host-session${place.root.replace('/t/', '-')}`
    for (const [, from, to] of PAIRS) {
      const cookie = `${nameAt(to)}=${cookies.get(nameAt(from))}`
      const html = await (await send(pageOf(to), { headers: { cookie } })).text()
      expect(html).not.toContain('Sign out')
      const again = await (
        await send(pageOf(from), { headers: { cookie: cookie.replace(nameAt(to), nameAt(from)) } })
      ).text()
      expect(again).toContain('Sign out')
    }
  })

  test('reduces and ends no connection of another tenant', async () => {
    const person = browser()
    for (const [, from, to] of PAIRS) {
      await enter(person, from)
      const form = { token: tokenIn(await look(person, from)), grant: grantOf(to), level: 'read' }
      for (const action of ['lower', 'disconnect']) {
        const response = await person.visit(`${pageOf(from)}/${action}`, new URLSearchParams(form))
        expect(response.status).toBe(404)
      }
      await enter(person, to)
      const crossed = await person.visit(`${pageOf(to)}/disconnect`, new URLSearchParams(form))
      expect(crossed.status).toBe(403)
    }
    for (const place of PLACES) {
      expect((await fhirAt(place, accessAt(place), GET('Patient?_count=1'))).isError).toBe(false)
    }
  })

  test('leads on within its tenant, and ends what was connected there', async () => {
    const own = await signInAt(SOUTH)
    const person = browser()
    await enter(person, SOUTH)
    const html = await look(person, SOUTH)
    const links = [...html.matchAll(/(?:href|action|formaction)="(\/[^"]*)"/g)].map(([, path]) => path ?? '')
    const stray = links.filter((path) => !path.startsWith(SOUTH.root) && !/^\/(style\.css|favicon\.svg)$/.test(path))
    expect(stray).toEqual([])
    const grant = grantName(own).split(':')[1] ?? ''
    const form = new URLSearchParams({ token: tokenIn(html), grant })
    const response = await person.visit(`${pageOf(SOUTH)}/disconnect`, form)
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `${SOUTH.root}/connections?done=disconnected`,
    ])
    expect((await post(own.access, INITIALIZE, {}, `${SOUTH.root}/mcp`)).status).toBe(401)
  })

  test.each([
    ['/t/south/connections?x=1', '/t/south/connections?x=1'],
    ['/t/south/confirm/abc', '/t/south/confirm/abc'],
    ['/connections', '/t/south/connections'],
    ['/t/north/connections', '/t/south/connections'],
    ['/t/south/../north/connections', '/t/south/connections'],
    ['/t/south/authorize', '/t/south/connections'],
    ['https://evil.example/t/south/connections', '/t/south/connections'],
  ])('asked for %s, its sign-in comes back to %s', async (to, end) => {
    const app = new Hono<{ Bindings: Bindings }>().get('/t/south/go', (c) => redirectToLogin(c, to))
    const person = new Person((url, init) =>
      url === `${ORIGIN}/t/south/go`
        ? Promise.resolve(app.fetch(new Request(url, init), env as Bindings, createExecutionContext()))
        : send(url, init),
    )
    const callback = await person.signIn(`${ORIGIN}/t/south/go`, `${ORIGIN}/t/south/oauth/callback`, alice)
    const response = await person.visit(callback.href)
    expect(response.headers.get('location')).toBe(end)
    expect(response.headers.getSetCookie().join()).toContain('__Host-session-south=')
  })
})

describe('a confirmation', () => {
  const isThere = async (place: Place, path: string) =>
    (await fhirAt(place, accessAt(place), GET(path))).isError === false

  /** Asks at a tenant to delete one of its tasks. */
  async function asked(place = NORTH) {
    const body = { resourceType: 'Task', status: 'requested', intent: 'order' }
    const made = await fhirAt(place, accessAt(place), POST('Task', body))
    const path = `Task/${JSON.parse(made.text).id}`
    const deletion = DELETE(path)
    return { path, deletion, link: linkIn((await fhirAt(place, accessAt(place), deletion)).text) }
  }

  test('is asked on a page of its tenant, and carried out there', async () => {
    const { path, deletion, link } = await asked()
    expect(link.startsWith(`${ORIGIN}/t/north/confirm/`)).toBe(true)
    await new Decider().decide(link, alice, 'approved')
    expect(await isThere(NORTH, path)).toBe(true)
    await fhirAt(NORTH, accessAt(NORTH), deletion)
    expect(await isThere(NORTH, path)).toBe(false)
  })

  test('names its tenant before the decision and after; the deployment itself has no tenant', async () => {
    const { link } = await asked()
    const decider = new Decider()
    expect((await decider.open(link, alice)).html).toContain('<dt>Tenant</dt><dd>north</dd>')
    expect(await decider.decide(link, alice, 'declined')).toContain('<dt>Tenant</dt><dd>north</dd>')
    const own = await decider.open((await asked(OWN)).link, alice)
    expect(own.html).toContain('Delete this record?')
    expect(own.html).not.toContain('Tenant')
  })

  test.each([
    ['the deployment itself', OWN],
    ['south', SOUTH],
  ])('is not shown or decided at %s, for the same person', async (_name, place) => {
    const { path, deletion, link } = await asked()
    const foreign = link.replace('/t/north', place.root)
    const decider = new Decider()
    const { status, html } = await decider.open(foreign, alice)
    expect(status).toBe(404)
    expect(html).toContain('There is nothing to confirm here')
    const connections = unescaped(await (await decider.person.visit(`${ORIGIN}${place.root}/connections`)).text())
    const form = new URLSearchParams({ token: tokenIn(connections), decision: 'approved' })
    expect((await decider.person.visit(foreign, form)).status).toBe(404)
    expect(linkIn((await fhirAt(NORTH, accessAt(NORTH), deletion)).text)).toBe(link)
    expect(await isThere(NORTH, path)).toBe(true)
  })

  test('in a client is valid only at its own tenant', async () => {
    const { path, deletion } = await asked()
    const capabilities = { elicitation: { form: {} } }
    const call = async (place: Place, more: object) => {
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': capabilities,
      }
      const params = { name: 'fhir-request', arguments: deletion, _meta, ...more }
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'fhir-request' }
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
      return (await rpc(await post(accessAt(place), message, headers, `${place.root}/mcp`))).result
    }
    const state = (await call(NORTH, {}))?.requestState
    expect(state).toEqual(expect.any(String))
    const inputResponses = { approval: { action: 'accept' } }
    // The same Medplum, the same person, the same record: but not the grant that asked.
    await call(OWN, { requestState: state, inputResponses })
    expect(await isThere(OWN, path)).toBe(true)
    await call(NORTH, { requestState: state, inputResponses })
    expect(await isThere(OWN, path)).toBe(false)
  })
})
