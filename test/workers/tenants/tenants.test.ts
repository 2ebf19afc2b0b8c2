// Tenants from outside: each has its own addresses, and a sign-in is for the tenant whose resource was requested.
import { describe, expect, test } from 'vitest'
import { Person, readForm, UnexpectedPage, whereTo } from '../../../programs/person.ts'
import { GET } from '../../calls.ts'
import { BROWSER, get, under, unescaped } from '../world/browsing.ts'
import { fhirCall, INITIALIZE, post } from '../world/mcp.ts'
import { authorization, exchange, register } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, send } from '../world/world.ts'
import { fhirAt, NORTH, OWN, PLACES, requestAt, SOUTH, signInAt } from './tenancy.ts'

const TENANTS = [NORTH, SOUTH] as const
const METADATA = `${ORIGIN}/.well-known/oauth-protected-resource`

describe.each(TENANTS)('the tenant at $root', ({ root, resource, medplum }) => {
  const name = root.slice(3)

  test('is a protected resource of the one authorization server', async () => {
    const document = await (await send(`${METADATA}${root}/mcp`)).json()
    expect(document).toMatchObject({
      resource,
      authorization_servers: [ORIGIN],
      resource_name: `Medplum MCP (${name})`,
    })
    const server = await (await send(`${ORIGIN}/.well-known/oauth-authorization-server`)).json()
    expect(server).toMatchObject({ issuer: ORIGIN, protected_resources: PLACES.map((place) => place.resource) })
  })

  test.each(['/mcp', '/mcp/stream', '/mcp/sse'])('leads from %s to its own metadata', async (path) => {
    const response = await send(`${ORIGIN}${root}${path}`, { method: 'POST' })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${METADATA}${root}${path}"`)
  })

  test('has a home page, for people and for models, and a card', async () => {
    for (const [path, accept] of [
      ['', BROWSER],
      ['', 'text/markdown'],
      ['/llms.txt', '*/*'],
    ] as const) {
      const text = unescaped(await (await get(`${root}${path}`, accept)).text()).replaceAll(/<\/?span>/g, '')
      expect(text).toContain(`medplum-${name} ${resource}`)
      expect(text).toContain(new URL(medplum).host)
      expect(text).toContain(`${root}/connections`)
      expect(text).not.toContain(`${ORIGIN}/mcp`)
    }
    const card = await (await get(`${root}/mcp/server-card`)).json()
    expect(card).toMatchObject({
      name: `localhost/medplum-mcp-${name}`,
      title: `Medplum (${name})`,
      remotes: [{ url: resource }],
    })
  })

  test('has a privacy page, which names its Medplum and leads to its connections', async () => {
    const text = await (await get(`${root}/privacy`)).text()
    expect(text).toContain(new URL(medplum).host)
    expect(text).toContain(`href="${root}/connections"`)
    // With AUDIT_KEY set, people are distinguished, and the page says so.
    expect(text).toContain('keyed hash')
  })

  test('is named by the consent page, and is where the sign-in leads', async () => {
    const person = new Person(send)
    const request = await requestAt({ root, resource, medplum })
    const html = await (await person.visit(request.url)).text()
    expect(html).toContain(`<dt>Tenant</dt><dd>${name}</dd>`)
    expect(html).toContain(new URL(medplum).host)
    const callback = await person.signIn(request.url, `${ORIGIN}${root}/oauth/callback`, alice)
    expect(callback.searchParams.has('code')).toBe(true)
    expect(person.visited).toContain(`${medplum}oauth2/authorize`)
  })
})

describe('an address of an unknown tenant', () => {
  test.each([
    ...['/t/east/mcp', '/t/east/mcp/sse', '/t/east', '/t/', '/t/NORTH/mcp', '/t/north%20/mcp', '/t/north~/mcp'],
    ...['/t/__proto__/mcp', '/t/constructor/connections', '/t/..%2fnorth/mcp', '/t/north%2fmcp', '/t//north/mcp'],
    '/.well-known/oauth-protected-resource/t/east/mcp',
    '/.well-known/oauth-protected-resource/t/__proto__/mcp',
  ])('%s is 404, and says so without naming any', async (path) => {
    for (const method of ['GET', 'POST']) {
      const response = await send(`${ORIGIN}${path}`, { method })
      expect(response.status).toBe(404)
      const text = await response.text()
      expect(JSON.parse(text).error.message).toContain('no tenant with that name')
      expect(text).not.toMatch(/north|south|proto/)
    }
  })

  test('is a page for people', async () => {
    const response = await get('/t/east/mcp', BROWSER)
    expect(response.status).toBe(404)
    const html = await response.text()
    expect(html).toContain('Page not found')
    expect(html).toContain(`href="${ORIGIN}/"`)
  })

  test('may look like one that there is: no token is taken there', async () => {
    const { access } = await signInAt(NORTH)
    for (const path of ['/t/%6eorth/mcp', '/%74/north/mcp', '//t/north/mcp', '/t/north/mcp/../../south/mcp']) {
      const response = await post(access, fhirCall(GET('Patient')), {}, path)
      await response.text()
      expect(response.status).not.toBe(200)
    }
  })

  test('a tenant’s error pages lead to its own home page', async () => {
    const html = await (await get('/t/north/nothing', BROWSER)).text()
    expect(html).toContain(`href="${ORIGIN}/t/north"`)
  })
})

describe('a sign-in', () => {
  test('without a resource is for the deployment itself', async () => {
    const request = await authorization((await register()).client_id, { resource: null })
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const answer = await (await exchange(request, callback.searchParams.get('code') ?? '')).json<{
      access_token: string
      resource: string
    }>()
    expect(answer.resource).toBe(OWN.resource)
    expect((await fhirAt(OWN, answer.access_token, GET('Patient?_count=1'))).isError).toBe(false)
    expect((await post(answer.access_token, INITIALIZE, {}, '/t/north/mcp')).status).toBe(401)
  })

  test.each<[string, string[]]>([
    ['two tenants', [NORTH.resource, SOUTH.resource]],
    ['a tenant and the deployment', [OWN.resource, NORTH.resource]],
    ['a tenant that there is not', [`${ORIGIN}/t/east/mcp`]],
    ['a part of a tenant', [`${NORTH.resource}/streams`]],
    ['a tenant’s page', [`${ORIGIN}/t/north`]],
    ['a tenant in capitals', [`${ORIGIN}/t/NORTH/mcp`]],
    ['a tenant with two slashes', [`${NORTH.resource}//`]],
    ['addresses of two tenants', [`${NORTH.resource}/sse`, `${SOUTH.resource}/`]],
    ['a tenant by another’s path', [`${SOUTH.resource}/../../north/mcp`]],
  ])('for %s is refused', async (_, resources) => {
    const url = new URL((await authorization((await register()).client_id, { resource: null })).url)
    for (const resource of resources) url.searchParams.append('resource', resource)
    const response = await send(url.href, { redirect: 'manual' })
    const to = new URL(response.headers.get('location') ?? '')
    expect(to.href.startsWith(REDIRECT_URI)).toBe(true)
    expect(to.searchParams.get('error')).toBe('invalid_target')
  })

  test.each(['/', '/stream', '/sse/'])(
    'for an address of a tenant that ends in %s is for that tenant alone',
    async (ending) => {
      const address = NORTH.resource + ending
      const { pathname } = new URL(address)
      const metadata = await send(`${ORIGIN}/.well-known/oauth-protected-resource${pathname}`)
      expect(await metadata.json()).toMatchObject({ resource: address })
      const request = await authorization((await register()).client_id, { resource: address })
      const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
      const answer = await exchange(request, callback.searchParams.get('code') ?? '', { resource: address })
      const { access_token } = await answer.json<{ access_token: string }>()
      expect((await post(access_token, INITIALIZE, {}, pathname)).status).toBe(200)
      for (const other of [`/mcp${ending}`, `/t/south/mcp${ending}`]) {
        expect((await post(access_token, INITIALIZE, {}, other)).status).toBe(401)
      }
    },
  )

  test('offers only what the tenant allows', async () => {
    const levelsAt = async (place: (typeof PLACES)[number]) => {
      const html = await (await new Person(send).visit((await requestAt(place)).url)).text()
      return [...html.matchAll(/name="level" value="(\w+)"/g)].map(([, level]) => level)
    }
    expect(await levelsAt(SOUTH)).toEqual(['read', 'write'])
    expect(await levelsAt(NORTH)).toEqual(['read', 'write', 'full', 'admin'])
  })
})

test('a consent is for what was shown: changing the request does not change where it leads', async () => {
  const person = new Person(send)
  const request = await requestAt(SOUTH)
  const html = await (await person.visit(request.url)).text()
  const form = readForm(html, request.url)
  const fields = new URLSearchParams([...(form?.fields ?? []), ['decision', 'approve'], ['resource', NORTH.resource]])
  const elsewhere = new URL(request.url)
  elsewhere.searchParams.set('resource', NORTH.resource)
  expect((await person.visit(elsewhere.href, fields)).status).toBe(400)
  const response = await person.visit(form?.action ?? '', fields)
  expect((await whereTo(response))?.startsWith(`${SOUTH.medplum}oauth2/authorize`)).toBe(true)
  await expect(person.signIn(`${ORIGIN}/t/south/authorize`, REDIRECT_URI, alice)).rejects.toThrow(UnexpectedPage)
})

test('the addresses of a tenant are guarded like those of the deployment', async () => {
  const LIMIT_SIGN_IN = { limit: async () => ({ success: false }) }
  for (const path of ['/oauth/callback', '/connections', '/connections/sign-in', '/confirm/x']) {
    expect((await under({ LIMIT_SIGN_IN }, `/t/north${path}`)).status).toBe(429)
  }
  const { access } = await signInAt(NORTH)
  for (const path of ['/mcp', '/mcp/stream', '/mcp/sse']) {
    const foreign = await post(access, INITIALIZE, { origin: 'https://evil.example' }, `/t/north${path}`)
    expect(foreign.status).toBe(403)
  }
  const limited = await under({ LIMIT_CALLS: LIMIT_SIGN_IN }, '/t/north/mcp', {
    method: 'POST',
    headers: { authorization: `Bearer ${access}` },
  })
  expect(limited.status).toBe(429)
})

test('a malformed setting is named', async () => {
  const response = await under({ TENANTS: '{"north":{}}' }, '/mcp', { method: 'POST' })
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('Setting TENANTS: north.baseUrl is missing')
})
