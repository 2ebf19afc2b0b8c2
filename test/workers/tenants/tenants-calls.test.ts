// Calls, sessions, grants and audit events of one tenant never cross to another, even for the same person with the same Medplum
// id, and at north and the deployment itself even the same Medplum.
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { connect, SignIn, WAYS, type Way } from '../../../programs/clients.ts'
import { Person } from '../../../programs/person.ts'
import { DELETE, GET, POST } from '../../calls.ts'
import { INITIALIZE, post, rpc, startSession } from '../world/mcp.ts'
import { grantName, refresh, register, type Tokens, token } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, send } from '../world/world.ts'
import {
  askedDuring,
  fhirAt,
  NORTH,
  OWN,
  PAIRS,
  PLACES,
  type Place,
  requestAt,
  SOUTH,
  signInAt,
  signInEverywhere,
} from './tenancy.ts'

let tokensOf: Map<Place, Tokens>
const accessAt = (place: Place) => tokensOf.get(place)?.access ?? ''

beforeAll(async () => {
  tokensOf = await signInEverywhere()
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a call', () => {
  test('reaches the Medplum of its tenant only', async () => {
    const read = GET('Patient?_count=1')
    const there = await askedDuring(() => fhirAt(SOUTH, accessAt(SOUTH), read))
    expect([there.north.length, there.south.length > 0]).toEqual([0, true])
    const here = await askedDuring(() => fhirAt(NORTH, accessAt(NORTH), read))
    expect([here.north.length > 0, here.south.length]).toEqual([true, 0])
  })

  test('stores records where it belongs', async () => {
    const body = { resourceType: 'Basic', code: { text: 'south only' } }
    const made = await fhirAt(SOUTH, accessAt(SOUTH), POST('Basic', body))
    const path = `Basic/${JSON.parse(made.text).id}`
    expect((await fhirAt(SOUTH, accessAt(SOUTH), GET(path))).isError).toBe(false)
    expect((await fhirAt(NORTH, accessAt(NORTH), GET(path))).text).toContain('404')
  })

  test('says by whoami and by the server itself which tenant it is', async () => {
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
    const { text } = await fhirAt(SOUTH, accessAt(SOUTH), DELETE('Basic/1'))
    expect(text).toContain('needs the access level "Full"')
  })
})

// An SSE client can't start a sign-in in workerd (transports.test.ts).
const OVER_HTTP = (Object.keys(WAYS) as Way[]).filter((way) => WAYS[way].transport === 'http')

test.each(OVER_HTTP)('a real client finds the tenant from the address alone: %s', async (way) => {
  const person = new SignIn(alice, send)
  const { result, north, south } = await askedDuring(async () => {
    const client = await connect(way, `${ORIGIN}${SOUTH.root}`, person, send)
    const answer = await client.call('whoami', {})
    await client.close()
    return answer
  })
  expect(result.content[0]?.text).toContain('Tenant: south')
  expect(north).toEqual([])
  expect(south.length).toBeGreaterThan(0)
  expect(person.person.visited).toContain(`${ORIGIN}/t/south/oauth/callback`)
})

describe.each(PAIRS)('a session of %s', (_name, from, to) => {
  const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

  test('does not open there for the same person', async () => {
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

describe('a grant', () => {
  test('replaces no sign-in at another tenant', async () => {
    const { client_id } = await register()
    const all: [Place, Tokens][] = []
    for (const place of PLACES) all.push([place, await signInAt(place, alice, client_id)])
    for (const [place, { access }] of all) {
      expect((await fhirAt(place, access, GET('Patient?_count=1'))).isError).toBe(false)
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
    await fhirAt(place, tokens.access, GET('Patient?_count=1'))
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

  test('show the same Medplum id at two tenants as two people', async () => {
    const lines = logged()
    for (const place of PLACES) await fhirAt(place, accessAt(place), GET('Patient?_count=1'))
    const whos = lines.map(({ who }) => who)
    expect(whos).toEqual([0, 1, 2].map(() => expect.stringMatching(/^[\w-]{22}$/)))
    expect(new Set(whos).size).toBe(3)
  })

  test('take no tenant from a forged token', async () => {
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
