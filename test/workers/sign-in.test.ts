// The way of a sign-in through the browser, and everything on it that must not lead anywhere.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Form, Person, readForm, UnexpectedPage, whereTo } from '../../programs/person.ts'
import { POST } from '../calls.ts'
import { expectPageHeaders, under, unescaped } from './browsing.ts'
import { atPage, entryOf } from './connecting.ts'
import { fhirCall, post, rpc, startSession } from './mcp.ts'
import { authorization, exchange, register, signIn, token } from './signing-in.ts'
import { alice, ORIGIN, postJson, REDIRECT_URI, RESOURCE, SANDBOX, sandbox, send } from './world.ts'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

/** A browser that follows up to the consent page or an error page. */
async function open(url: string, person = new Person(send)) {
  const response = await person.visit(url)
  const html = await response.text()
  return { person, response, html, form: readForm(html, url) }
}

/** Submits the consent page; returns where that leads. */
async function decide(person: Person, form: Form | undefined, decision = 'approve') {
  return person.visit(form?.action ?? '', new URLSearchParams([...(form?.fields ?? []), ['decision', decision]]))
}

/** The same form with another handle, or without one. */
function withHandle(form: Form | undefined, handle?: string): Form | undefined {
  return form && { ...form, fields: new URLSearchParams(handle === undefined ? {} : { handle }) }
}

/** Up to Medplum's login, whose address holds our state. */
async function toMedplum(url: string) {
  const { person, form } = await open(url)
  const login = new URL((await whereTo(await decide(person, form))) ?? '')
  return { person, login, state: login.searchParams.get('state') ?? '' }
}

async function keys(): Promise<string[]> {
  return (await env.OAUTH_KV.list()).keys.map(({ name }) => name)
}

describe('the consent page', () => {
  test('is shown before anything goes to Medplum, each time', async () => {
    const { client_id } = await register()
    for (let round = 0; round < 2; round++) {
      const person = new Person(send)
      const { requests } = await sandbox.during(async () => open((await authorization(client_id)).url, person))
      expect(requests).toEqual([])
      await person.signIn((await authorization(client_id)).url, REDIRECT_URI, alice)
      expect(person.visited.filter((url) => url === `${ORIGIN}/authorize`).length).toBe(3)
    }
  })

  test('names the application, its destination and its access, and says that this is a preview', async () => {
    const { html } = await open((await authorization((await register()).client_id)).url)
    for (const text of [
      'Test client',
      '127.0.0.1',
      'on this computer',
      'Preview',
      'not for protected health information',
    ]) {
      expect(html.toLowerCase()).toContain(text.toLowerCase())
    }
  })

  test('shows what a client says of itself as text only', async () => {
    const client = await register({ client_name: '<script>alert(1)</script>"\'&' })
    const { html } = await open((await authorization(client.client_id)).url)
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test.each([
    ['a thousand lines', `Claude${'\n'.repeat(1000)}x`, 'Claude x'],
    ['thousands of letters', 'W'.repeat(7_000), `${'W'.repeat(79)}…`],
    ['characters of two halves', '👩'.repeat(100), `${'👩'.repeat(79)}…`],
    ['marks that turn the text around it', 'C\u202Elaude\u2066\u200F', 'Claude'],
    ['control characters', 'Cl\u0000au\u001B[1mde', 'Cl au [1mde'],
    [
      'marks that draw over the page',
      `Cla\u0301ude${'\u0301'.repeat(75)}${'\u20dd'.repeat(75)}`,
      'Cl\u00e1ud\u00e9\u0301\u0301',
    ],
    ['marks on nothing', '\u0301 \u0301\u0301Claude', 'Claude'],
    ['tags, fillers and private letters', 'Cl\u{E0041}a\u3164u\u034F\uE000d\u{E0100}\uFE0Fe', 'Claude'],
    ['marks of a writing that has them', 'क्लॉड नमस्ते', 'क्लॉड नमस्ते'],
    ['nothing that can be seen', '\u202E\u0000\u2028', undefined],
    ['blanks that look like nothing', '\u2800\u3164\u00AD \u200B', undefined],
  ])('shows a name of %s on one short line, there and ever after', async (_, client_name, shown) => {
    const { client_id } = await register({ client_name })
    const { html } = await open((await authorization(client_id)).url)
    const name = shown ?? client_id
    expect(html).toContain(`<h1>Allow <bdi>${name}</bdi> to work with your Medplum records?</h1>`)
    expect(html).toContain(`<dt>Application</dt><dd>${name}</dd>`)
    await signIn(alice, client_id)
    expect(await entryOf(await atPage(alice), name)).toBeDefined()
  })

  test('cannot be framed, scripted, cached or leaked by referrer', async () => {
    const { response } = await open((await authorization((await register()).client_id)).url)
    expectPageHeaders(response)
    expect(response.headers.get('cache-control')).toContain('no-store')
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-.*Secure.*HttpOnly|^__Host-.*HttpOnly.*Secure/)
  })

  test('denied, leads back to the client with access_denied, and to Medplum never', async () => {
    const { client_id } = await register()
    const { requests, result } = await sandbox.during(async () => {
      const { person, form } = await open((await authorization(client_id)).url)
      return decide(person, form, 'deny')
    })
    const location = new URL((await whereTo(result)) ?? '')
    expect(location.href).toContain(REDIRECT_URI)
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'client-state',
      iss: ORIGIN,
    })
    expect(requests).toEqual([])
  })

  test.each([
    [
      'posted a second time',
      async (person: Person, form: Form | undefined) => {
        await decide(person, form)
        return decide(person, form)
      },
    ],
    ['posted from another browser', async (_: Person, form: Form | undefined) => decide(new Person(send), form)],
    [
      'posted with an invented handle',
      async (person: Person, form: Form | undefined) => decide(person, withHandle(form, 'x'.repeat(43))),
    ],
    ['posted without a handle', async (person: Person, form: Form | undefined) => decide(person, withHandle(form))],
    [
      'posted for something else than it shows',
      async (person: Person, form: Form | undefined) =>
        decide(person, form && { ...form, action: `${form.action}&scope=fhir%3Aadmin` }),
    ],
    [
      'older than ten minutes',
      async (person: Person, form: Form | undefined) => {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
        return decide(person, form).finally(() => vi.useRealTimers())
      },
    ],
  ])('%s, is a page that says what to do, and goes nowhere', async (_, submit) => {
    const { person, form } = await open((await authorization((await register()).client_id)).url)
    const response = await submit(person, form)
    expect(response.status).toBe(400)
    expect(await whereTo(response)).toBeNull()
    expect(await response.text()).toContain('Go back to your application')
  })

  test('is left by a page, since no form may lead to another origin', async () => {
    const { person, form, response } = await open((await authorization((await register()).client_id)).url)
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self';")
    const onward = await decide(person, form)
    expect([onward.status, onward.headers.get('location')]).toEqual([200, null])
    expectPageHeaders(onward)
    const html = await onward.clone().text()
    expect(html).not.toContain('<script')
    const to = await whereTo(onward)
    expect(to).toContain(`${SANDBOX}oauth2/authorize?`)
    expect(unescaped(html)).toContain(`<a href="${to}">Continue</a>`)
  })

  test('stores nothing before the person has decided', async () => {
    const { client_id } = await register()
    const before = await keys()
    const { person, form } = await open((await authorization(client_id)).url)
    await person.visit(`${ORIGIN}/connections/sign-in`)
    expect(await keys()).toEqual(before)
    await decide(person, form)
    expect(await keys()).not.toEqual(before)
  })
})

describe('an authorization request', () => {
  test.each([
    ['of an unknown client', { client_id: 'nobody' }],
    ['with a foreign redirect', { redirect_uri: 'https://evil.example/cb' }],
    ['with a redirect on another path', { redirect_uri: 'http://127.0.0.1:33418/other' }],
    ['with a redirect that only begins alike', { redirect_uri: 'http://127.0.0.1.evil.example:33418/' }],
    ['with a script as redirect', { redirect_uri: 'javascript:alert(1)' }],
    ['with a private-use scheme that is not registered', { redirect_uri: CURSOR }],
    ['with an unknown private-use scheme', { redirect_uri: 'evil://callback' }],
    ['with more than the callback that is known', { redirect_uri: `${CURSOR}?x=1` }],
    ['of a client with a very long id', { client_id: 'x'.repeat(600) }],
    ['without a redirect', { redirect_uri: null }],
  ])('%s is a page, never a redirect', async (_, changes) => {
    const { response, html } = await open((await authorization((await register()).client_id, changes)).url)
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
    expect(html).toContain('Nothing was allowed')
  })

  test.each([
    ['for another resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['for an implicit token', { response_type: 'token' }, 'unsupported_response_type'],
    ['without PKCE', { code_challenge: null, code_challenge_method: null }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
  ])('%s goes back to the verified client with an error', async (_, changes, error) => {
    const { response } = await open((await authorization((await register()).client_id, changes)).url)
    expect(response.status).toBe(302)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.href).toContain(REDIRECT_URI)
    expect(location.searchParams.get('error')).toBe(error)
  })

  test('ignores the port of a loopback redirect (RFC 8252 section 7.3)', async () => {
    const { client_id } = await register({ redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'] })
    const redirectUri = 'http://localhost:49152/callback'
    const request = await authorization(client_id, { redirect_uri: redirectUri })
    const callback = await new Person(send).signIn(request.url, redirectUri, alice)
    const response = await exchange(request, callback.searchParams.get('code') ?? '', { redirect_uri: redirectUri })
    expect(response.status).toBe(200)
  })

  test('of a client known by its metadata document needs no registration', async () => {
    const clientId = 'https://client.example/metadata.json'
    const real = globalThis.fetch
    // The one thing that can't be had here: a public https address.
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
      new Request(input as RequestInfo).url === clientId
        ? Response.json({ client_id: clientId, client_name: 'Document client', redirect_uris: [REDIRECT_URI] })
        : real(input as RequestInfo, init),
    )
    const request = await authorization(clientId)
    expect((await open(request.url)).html).toContain('client.example')
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    expect((await exchange(request, callback.searchParams.get('code') ?? '')).status).toBe(200)
  })

  test('of a client whose metadata document is another one is a page', async () => {
    const document = { client_id: 'https://other.example/x', client_name: 'Another', redirect_uris: [REDIRECT_URI] }
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json(document))
    const { response, html } = await open((await authorization('https://liar.example/metadata.json')).url)
    expect(response.status).toBe(400)
    expect(html).toContain('could not be verified: this server could not read https://liar.example/metadata.json')
    expect(html).toContain('set CLIENT_DOCUMENTS to off')
  })

  test.each([
    ['client_name', null],
    ['client_name', undefined],
    ['client_uri', null],
    ['redirect_uris', null],
    ['contacts', [1]],
    ['token_endpoint_auth_method', 7],
  ])('of a client whose metadata document has a wrong %s is a page that names it', async (field, value) => {
    const clientId = `https://client.example/${field}.json`
    const document = { client_id: clientId, client_name: 'A client', redirect_uris: [REDIRECT_URI], [field]: value }
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json(document))
    const { response, html } = await open((await authorization(clientId)).url)
    expect(response.status).toBe(400)
    expect(html).toContain(`in the document at ${clientId}, ${field} is missing or not valid`)
  })

  test('of such a client, where documents are not read, says what to do; and they are not offered', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { pathname, search } = new URL((await authorization('https://client.example/metadata.json')).url)
    const response = await under({ CLIENT_DOCUMENTS: '' }, pathname + search)
    expect(response.status).toBe(400)
    const html = await response.text()
    expect(html).toContain(
      'by a document at https://client.example/metadata.json, and this server doesn’t read such documents',
    )
    expect(html).toContain('registers itself')
    expect(fetched).not.toHaveBeenCalled()
    const metadata = async (CLIENT_DOCUMENTS: string) =>
      (await under({ CLIENT_DOCUMENTS }, '/.well-known/oauth-authorization-server')).json<Record<string, unknown>>()
    expect((await metadata('')).client_id_metadata_document_supported ?? false).toBe(false)
    expect((await metadata('on')).client_id_metadata_document_supported).toBe(true)
  })
})

describe('the callback from Medplum', () => {
  const callback = (query: Record<string, string>) => `${ORIGIN}/oauth/callback?${new URLSearchParams(query)}`

  test('asks Medplum with PKCE S256, a nonce and our own redirect', async () => {
    const { login } = await toMedplum((await authorization((await register()).client_id)).url)
    expect(login.href.startsWith(`${SANDBOX}oauth2/authorize`)).toBe(true)
    expect(Object.fromEntries(login.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${ORIGIN}/oauth/callback`,
      scope: 'openid profile offline_access user/*.rs',
    })
  })

  test.each([
    [
      'a state that was used',
      async (person: Person, query: Record<string, string>) => {
        await person.visit(callback(query))
        return person.visit(callback(query))
      },
    ],
    [
      'a state of another browser',
      async (_: Person, query: Record<string, string>) => new Person(send).visit(callback(query)),
    ],
    ['an invented state', async (person: Person) => person.visit(callback({ code: 'x', state: 'y'.repeat(43) }))],
    ['no state', async (person: Person) => person.visit(callback({ code: 'x' }))],
  ])('with %s is a page, and no code is exchanged', async (name, visit) => {
    const { person, state } = await toMedplum((await authorization((await register()).client_id)).url)
    const { result, requests } = await sandbox.during(() => visit(person, { code: 'made-up', state }))
    expect(result.status).toBe(400)
    expect(result.headers.get('location')).toBeNull()
    expect(requests).toHaveLength(name.includes('was used') ? 1 : 0)
  })

  test.each([
    ['an error', { error: 'access_denied' }, 'access_denied'],
    ['a code that Medplum does not know', { code: 'made-up' }, 'access_denied'],
  ])('with %s tells the client', async (_, query, error) => {
    const { person, state } = await toMedplum((await authorization((await register()).client_id)).url)
    const response = await person.visit(callback({ ...query, state }))
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.href).toContain(REDIRECT_URI)
    expect(location.searchParams.get('error')).toBe(error)
    expect(location.searchParams.get('iss')).toBe(ORIGIN)
    expect(location.searchParams.get('code')).toBeNull()
  })

  test('while Medplum is down tells the client to try again', async () => {
    const { person, state } = await toMedplum((await authorization((await register()).client_id)).url)
    await sandbox.faults([{ path: '^/oauth2/token', status: 502, body: 'Bad Gateway' }])
    const response = await person.visit(callback({ code: 'any', state }))
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.searchParams.get('error')).toBe('temporarily_unavailable')
  })

  test('a token answer of another login is refused (nonce)', async () => {
    const { person, login, state } = await toMedplum((await authorization((await register()).client_id)).url)
    login.searchParams.set('nonce', 'another')
    const back = await person.signIn(login.href, `${ORIGIN}/oauth/callback`, alice)
    const response = await person.visit(callback({ code: back.searchParams.get('code') ?? '', state }))
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })

  test('a wrong password stays on the page of Medplum', async () => {
    const walk = new Person(send).signIn((await authorization((await register()).client_id)).url, REDIRECT_URI, {
      ...alice,
      password: 'wrong',
    })
    await expect(walk).rejects.toThrow(UnexpectedPage)
    await expect(walk).rejects.toThrow('Email or password is invalid')
  })
})

describe('discovery', () => {
  describe.each(['/mcp', '/mcp/', '/mcp/stream', '/mcp/stream/', '/mcp/sse', '/mcp/sse/'])('at %s', (path) => {
    const address = ORIGIN + path
    const metadata = `${ORIGIN}/.well-known/oauth-protected-resource${path}`

    test('a call without a token is told where to sign in (RFC 9728)', async () => {
      const response = await send(address, { method: 'POST', body: '{}' })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${metadata}"`)
      expect(await (await send(metadata)).json()).toMatchObject({ resource: address, authorization_servers: [ORIGIN] })
    })

    test('a sign-in for it gives tokens that work there, name it where they are not enough, and are renewed for it', async () => {
      const request = await authorization((await register()).client_id, { resource: address })
      const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice, 'approve', 'read')
      const code = callback.searchParams.get('code') ?? ''
      const first = await exchange(request, code, { resource: address })
      expect(first.status).toBe(200)
      const granted = await first.json<{ access_token: string; refresh_token: string }>()
      const write = fhirCall(POST('Basic', { resourceType: 'Basic', code: { text: 'x' } }))
      const denied = await post(granted.access_token, write, { 'mcp-protocol-version': '2025-11-25' }, path)
      expect(denied.status).toBe(403)
      expect(denied.headers.get('www-authenticate')).toContain(`resource_metadata="${metadata}"`)
      const again = await token({
        grant_type: 'refresh_token',
        refresh_token: granted.refresh_token,
        client_id: request.clientId,
        resource: address,
      })
      const { access_token: access } = await again.json<{ access_token: string }>()
      const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
      expect((await rpc(await post(access, list, {}, path))).result?.tools).toBeDefined()
      const session = await startSession(access, path)
      expect((await rpc(await post(access, list, session, path))).result?.tools).toBeDefined()
    })
  })

  test.each(['/mcp/other', '/mcp//', '/mcp/stream/x', '/MCP'])(
    '%s has no metadata, and no sign-in is for it',
    async (path) => {
      expect((await send(`${ORIGIN}/.well-known/oauth-protected-resource${path}`)).status).toBe(404)
      const { response } = await open(
        (await authorization((await register()).client_id, { resource: ORIGIN + path })).url,
      )
      expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_target')
    },
  )

  test('the metadata says what is there (RFC 9728, RFC 8414)', async () => {
    const resource = await (await send(`${ORIGIN}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(resource).toMatchObject({ resource: RESOURCE, authorization_servers: [ORIGIN] })
    const server = await (await send(`${ORIGIN}/.well-known/oauth-authorization-server`)).json()
    expect(server).toMatchObject({
      issuer: ORIGIN,
      authorization_endpoint: `${ORIGIN}/authorize`,
      token_endpoint: `${ORIGIN}/oauth/token`,
      registration_endpoint: `${ORIGIN}/oauth/register`,
      revocation_endpoint: `${ORIGIN}/oauth/token`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
  })

  test.each([
    ['no usable redirect', { redirect_uris: ['evil://callback', 'cursor://anysphere.cursor-mcp/oauth/callback/x'] }],
    ['too many redirects', { redirect_uris: Array.from({ length: 21 }, (_, n) => `${REDIRECT_URI}${n}`) }],
    ['a redirect that is too long', { redirect_uris: [`${REDIRECT_URI}${'x'.repeat(1_024)}`] }],
    ['a script as redirect', { redirect_uris: ['javascript:alert(1)'] }],
    ['no redirect', { redirect_uris: [] }],
  ])('a registration with %s is refused', async (_, metadata) => {
    const response = await postJson(`${ORIGIN}/oauth/register`, { client_name: 'x', ...metadata })
    expect(response.status).toBe(400)
    expect(await response.json()).toHaveProperty('error')
  })

  test.each([
    ...['client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'jwks_uri', 'contacts', 'client_name', 'grant_types'],
    ...['response_types', 'token_endpoint_auth_method', 'scope', 'software_id', 'software_statement', 'jwks'],
  ])('a registration with %s null, "" or of nothing is taken as one without', async (name) => {
    for (const value of [null, '', [], [null, '']]) {
      const metadata = { client_name: 'x', redirect_uris: [REDIRECT_URI, null], [name]: value }
      const response = await postJson(`${ORIGIN}/oauth/register`, metadata)
      expect([response.status, name, value]).toEqual([201, name, value])
    }
  })

  test('a registration of Cursor, with all of its callbacks, works with each of them', async () => {
    const uris = [CURSOR, 'https://www.cursor.com/agents/mcp/oauth/callback', 'http://localhost:8787/callback']
    for (const redirect_uris of [uris, [CURSOR]]) {
      const { client_id } = await register({ client_name: 'Cursor', redirect_uris })
      for (const redirect_uri of redirect_uris) {
        const request = await authorization(client_id, { redirect_uri })
        const callback = await new Person(send).signIn(request.url, redirect_uri, alice)
        const code = callback.searchParams.get('code') ?? ''
        expect((await exchange(request, code, { redirect_uri })).status).toBe(200)
        const denied = await new Person(send).signIn(request.url, redirect_uri, alice, 'deny')
        expect(denied.searchParams.get('error')).toBe('access_denied')
      }
    }
    const { html } = await open(
      (await authorization((await register({ redirect_uris: [CURSOR] })).client_id, { redirect_uri: CURSOR })).url,
    )
    expect(html).toContain('Cursor on this computer')
  })

  test('of a registration little is kept, whatever is sent', async () => {
    const { client_id } = await register({
      ...{ client_name: 'n'.repeat(2_000), client_uri: 'https://client.example', extra: 'x'.repeat(2_000) },
      ...{ 'client_name#de': 'y', contacts: ['a@b.example'], jwks: { keys: [] } },
    })
    const kept = (await env.OAUTH_KV.get(`client:${client_id}`)) ?? ''
    expect(kept.length).toBeLessThan(600)
    const large = await postJson(`${ORIGIN}/oauth/register`, {
      client_name: 'n'.repeat(8_192),
      redirect_uris: [REDIRECT_URI],
    })
    expect(large.status).toBe(413)
  })

  test('a token request of a client that was forgotten says so, so that it registers again', async () => {
    const response = await send(`${ORIGIN}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'a:b:c', client_id: 'forgotten' }),
    })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: 'invalid_client' })
  })
})

describe('who may ask', () => {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example'])('not the origin %s', async (origin) => {
    expect((await post('any', list, { origin })).status).toBe(403)
  })

  test.each([ORIGIN, 'http://localhost:6274', 'http://127.0.0.1:6274'])(
    'but the origin %s, with CORS',
    async (origin) => {
      const response = await post('any', list, { origin })
      expect(response.status).toBe(401)
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      expect(response.headers.get('access-control-expose-headers')).toMatch(/WWW-Authenticate/i)
      expect(response.headers.get('access-control-expose-headers')).toMatch(/Mcp-Session-Id/i)
    },
  )

  test('not under another host name', async () => {
    const { exports } = await import('cloudflare:workers')
    const response = await exports.default.fetch('http://rebound.example/mcp', { method: 'POST' })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain(ORIGIN)
  })
})

test('the home page shows the URL to add and says that this is a preview', async () => {
  const response = await send(`${ORIGIN}/`)
  const html = await response.text()
  expect(html).toContain(RESOURCE)
  expect(html).toContain('Preview')
  expect((await send(`${ORIGIN}/style.css`)).headers.get('content-type')).toContain('text/css')
})
