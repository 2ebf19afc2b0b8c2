// Tenants from inside: what a person has at one (calls, sessions, connections, confirmations, audit events) never crosses to another,
// though it is the same person with the same Medplum id, and at north and the deployment itself even the same Medplum.
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Person } from '../../sandbox/person.ts'
import { unescaped } from './browsing.ts'
import { Decider, linkIn, tokenIn } from './confirming.ts'
import { browser } from './connecting.ts'
import { askedDuring, fhirAt, NORTH, OWN, PAIRS, PLACES, type Place, requestAt, SOUTH, signInAt } from './tenancy.ts'
import {
  alice,
  fhirCall,
  grantName,
  INITIALIZE,
  ORIGIN,
  post,
  REDIRECT_URI,
  refresh,
  register,
  rpc,
  send,
  startSession,
  type Tokens,
  token,
} from './world.ts'

let tokensOf: Map<Place, Tokens>
const accessAt = (place: Place) => tokensOf.get(place)?.access ?? ''

beforeAll(async () => {
  tokensOf = new Map()
  for (const place of PLACES) tokensOf.set(place, await signInAt(place))
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('a call', () => {
  test('reaches the Medplum of its tenant only', async () => {
    const read = { method: 'GET', path: 'Patient?_count=1' }
    const there = await askedDuring(() => fhirAt(SOUTH, accessAt(SOUTH), read))
    expect([there.north.length, there.south.length > 0]).toEqual([0, true])
    const here = await askedDuring(() => fhirAt(NORTH, accessAt(NORTH), read))
    expect([here.north.length > 0, here.south.length]).toEqual([true, 0])
  })

  test('stores records where it belongs', async () => {
    const body = { resourceType: 'Basic', code: { text: 'south only' } }
    const made = await fhirAt(SOUTH, accessAt(SOUTH), { method: 'POST', path: 'Basic', body })
    const path = `Basic/${JSON.parse(made.text).id}`
    expect((await fhirAt(SOUTH, accessAt(SOUTH), { method: 'GET', path })).isError).toBe(false)
    expect((await fhirAt(NORTH, accessAt(NORTH), { method: 'GET', path })).text).toContain('404')
  })

  test('is told by whoami and by the server itself which tenant it is', async () => {
    const whoami = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
    for (const [place, name] of [
      [NORTH, 'north'],
      [SOUTH, 'south'],
    ] as const) {
      const { result } = await rpc(await post(accessAt(place), whoami, {}, `${place.root}/mcp`))
      expect(result?.content[0]?.text).toContain(`Tenant: ${name}\nMedplum server: ${place.medplum}`)
      const { result: begun } = await rpc(await post(accessAt(place), INITIALIZE, {}, `${place.root}/mcp`))
      expect(begun?.instructions).toMatch(`Tenant ${name}, at ${new URL(place.medplum).host}.`)
      expect(begun?.serverInfo).toMatchObject({ title: `Medplum (${name})` })
    }
    const { result } = await rpc(await post(accessAt(OWN), whoami))
    expect(result?.content[0]?.text).not.toContain('Tenant')
  })

  test('is held to the level that the tenant allows', async () => {
    const { text } = await fhirAt(SOUTH, accessAt(SOUTH), { method: 'DELETE', path: 'Basic/1' })
    expect(text).toContain('needs the access level "full"')
  })
})

describe.each(PAIRS)('a session of %s', (_name, from, to) => {
  const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

  test('does not open there, to the same person', async () => {
    const session = await startSession(accessAt(from), `${from.root}/mcp`)
    const headers = { ...session, authorization: `Bearer ${accessAt(to)}`, accept: 'text/event-stream' }
    const attempts = await Promise.all([
      post(accessAt(to), LIST, session, `${to.root}/mcp`),
      post(accessAt(to), LIST, session, `${to.root}/mcp/stream`),
      send(to.resource, { headers }),
      send(to.resource, { method: 'DELETE', headers }),
    ])
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    const { result } = await rpc(await post(accessAt(from), LIST, session, `${from.root}/mcp`))
    expect(result?.tools).toBeDefined()
  })

  test('over HTTP+SSE names its own address, and takes no message from there', async () => {
    const response = await send(`${ORIGIN}${from.root}/mcp/sse`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${accessAt(from)}` },
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const path = /data: (\S+)/.exec((await reader?.read())?.value ?? '')?.[1] ?? ''
    expect(path.startsWith(`${from.root}/mcp/sse?sessionId=`)).toBe(true)
    const there = `${to.root}${path.slice(from.root.length)}`
    expect((await post(accessAt(to), INITIALIZE, {}, there)).status).toBe(404)
    expect((await post(accessAt(from), INITIALIZE, {}, path)).status).toBe(202)
    await reader?.cancel()
  })
})

describe('the connections page', () => {
  const pageOf = (place: Place) => `${ORIGIN}${place.root}/connections`
  const enter = (person: Person, place: Place) => person.signIn(`${pageOf(place)}/sign-in`, pageOf(place), alice)
  const look = async (person: Person, place: Place) => unescaped(await (await person.visit(pageOf(place))).text())
  const grantOf = (place: Place) => grantName(tokensOf.get(place) as Tokens).split(':')[1] ?? ''

  test('shows who is signed in there what they connected there, and nobody else', async () => {
    const person = browser()
    for (const place of PLACES) {
      await enter(person, place)
      const html = await look(person, place)
      const shown = PLACES.filter((one) => html.includes(grantOf(one)))
      expect(shown).toEqual([place])
    }
  })

  test('wants a sign-in at each place', async () => {
    const person = browser()
    await enter(person, NORTH)
    expect(await look(person, NORTH)).toContain('Sign out')
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

  test('lowers and ends no connection of another tenant', async () => {
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
      expect((await fhirAt(place, accessAt(place), { method: 'GET', path: 'Patient?_count=1' })).isError).toBe(false)
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

  test('comes back from its sign-in to its own pages only', async () => {
    const person = browser()
    const callback = await person.signIn(`${pageOf(NORTH)}/sign-in`, `${ORIGIN}/t/north/oauth/callback`, alice)
    const response = await person.visit(callback.href)
    expect(response.headers.get('location')).toBe('/t/north/connections')
    expect(response.headers.getSetCookie().join()).toContain('__Host-session-north=')
  })
})

describe('a grant', () => {
  test('takes the place of none at another tenant', async () => {
    const { client_id } = await register()
    const all: [Place, Tokens][] = []
    for (const place of PLACES) all.push([place, await signInAt(place, alice, client_id)])
    for (const [place, { access }] of all) {
      expect((await fhirAt(place, access, { method: 'GET', path: 'Patient?_count=1' })).isError).toBe(false)
    }
  })

  test('is renewed and logged out at its own Medplum', async () => {
    const tokens = await signInAt(SOUTH)
    const { result, north, south } = await askedDuring(async () => {
      const renewed = await (await refresh(tokens)).json<{ access_token: string }>()
      return token({ token: renewed.access_token, client_id: tokens.clientId })
    })
    expect(result.status).toBe(200)
    expect(north).toEqual([])
    expect(south.map(({ path }) => path)).toEqual(['/oauth2/token', '/oauth2/logout'])
  })
})

describe('a confirmation', () => {
  const isThere = async (place: Place, path: string) =>
    (await fhirAt(place, accessAt(place), { method: 'GET', path })).isError === false

  /** Asks at north to delete a task of its own. */
  async function asked() {
    const body = { resourceType: 'Task', status: 'requested', intent: 'order' }
    const made = await fhirAt(NORTH, accessAt(NORTH), { method: 'POST', path: 'Task', body })
    const path = `Task/${JSON.parse(made.text).id}`
    const deletion = { method: 'DELETE', path }
    return { path, deletion, link: linkIn((await fhirAt(NORTH, accessAt(NORTH), deletion)).text) }
  }

  test('is asked on a page of its tenant, and carried out there', async () => {
    const { path, deletion, link } = await asked()
    expect(link.startsWith(`${ORIGIN}/t/north/confirm/`)).toBe(true)
    await new Decider().decide(link, alice, 'approved')
    expect(await isThere(NORTH, path)).toBe(true)
    await fhirAt(NORTH, accessAt(NORTH), deletion)
    expect(await isThere(NORTH, path)).toBe(false)
  })

  test.each([
    ['the deployment itself', OWN],
    ['south', SOUTH],
  ])('is not shown nor decided at %s, to the same person', async (_name, place) => {
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

  test('in a client is good at its own tenant only', async () => {
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
    const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } }
    // The same Medplum, the same person, the same record: but not the grant that asked.
    await call(OWN, { requestState: state, inputResponses })
    expect(await isThere(OWN, path)).toBe(true)
    await call(NORTH, { requestState: state, inputResponses })
    expect(await isThere(OWN, path)).toBe(false)
  })
})

describe('audit events', () => {
  const logged = () => {
    const lines: Record<string, unknown>[] = []
    vi.spyOn(console, 'log').mockImplementation((line) => {
      lines.push(JSON.parse(String(line)))
    })
    return lines
  }

  test.each([
    ['north', NORTH],
    ['south', SOUTH],
    [undefined, OWN],
  ])('carry the tenant %s, from consent to revocation', async (tenant, place) => {
    const lines = logged()
    const tokens = await signInAt(place)
    await fhirAt(place, tokens.access, { method: 'GET', path: 'Patient?_count=1' })
    await refresh(tokens)
    await token({ token: tokens.refresh ?? '', client_id: tokens.clientId })
    const denying = await requestAt(place)
    await new Person(send).signIn(denying.url, REDIRECT_URI, alice, 'deny')
    expect(lines.map(({ decision, tool }) => decision ?? tool)).toEqual([
      ...['consent_shown', 'approved', 'signed_in', 'fhir-request', 'token_refreshed', 'revoked'],
      ...['consent_shown', 'denied'],
    ])
    expect(lines.map((line) => line.tenant)).toEqual(Array(8).fill(tenant))
  })

  test('tell the same Medplum id at two tenants as two people', async () => {
    const lines = logged()
    for (const place of PLACES) await fhirAt(place, accessAt(place), { method: 'GET', path: 'Patient?_count=1' })
    const whos = lines.map(({ who }) => who)
    expect(whos).toEqual([0, 1, 2].map(() => expect.stringMatching(/^[\w-]{22}$/)))
    expect(new Set(whos).size).toBe(3)
  })

  test('take no tenant from a token that was made up', async () => {
    const lines = logged()
    await token({ grant_type: 'refresh_token', refresh_token: 'Mary-Smith~1:2:3', client_id: 'c' })
    expect(lines).toMatchObject([{ decision: 'token_refused', tenant: 'other' }])
    expect(JSON.stringify(lines)).not.toContain('Smith')
  })
})

test('what is stored names each person with their tenant', async () => {
  const { keys } = await env.OAUTH_KV.list({ prefix: 'grant:south~' })
  expect(keys.length).toBeGreaterThan(0)
  const user = grantName(tokensOf.get(OWN) as Tokens).split(':')[0]
  for (const { name } of keys) expect(name.split(':')[1]).toBe(`south~${user}`)
})

test('a message to a tool of another tenant asks nobody', async () => {
  const { north, south } = await askedDuring(async () => {
    const response = await post(accessAt(NORTH), fhirCall({ method: 'GET', path: 'Patient' }), {}, '/t/south/mcp')
    expect(response.status).toBe(401)
  })
  expect([...north, ...south]).toEqual([])
})
