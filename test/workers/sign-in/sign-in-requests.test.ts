import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person, UnexpectedPage, whereTo } from '../../../programs/person.ts'
import { under } from '../world/browsing.ts'
import { authorization, exchange, register } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, SANDBOX, sandbox, send, sha256 } from '../world/world.ts'
import { CURSOR, decide, open } from './consenting.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

/** Up to Medplum's login, whose address contains our state. */
async function toMedplum(url: string) {
  const { person, form } = await open(url)
  const login = new URL((await whereTo(await decide(person, form))) ?? '')
  return { person, login, state: login.searchParams.get('state') ?? '' }
}

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
    // The only thing that is missing here: a public https address.
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

  test('of a client with another client’s metadata document is a page', async () => {
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

  test('of such a client, if documents are not read, says what to do; and they are not offered', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { pathname, search } = new URL((await authorization('https://client.example/metadata.json')).url)
    const response = await under({ CLIENT_DOCUMENTS: '' }, pathname + search)
    expect(response.status).toBe(400)
    const html = await response.text()
    expect(html).toContain(
      'by a document at https://client.example/metadata.json, but this server doesn’t read such documents',
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

  test('with a state older than ten minutes finds nothing: it is kept no longer', async () => {
    const { state } = await toMedplum((await authorization((await register()).client_id)).url)
    const { keys } = await env.OAUTH_KV.list({ prefix: `transaction:${await sha256(state)}` })
    expect(keys).toHaveLength(1)
    expect(keys[0]?.expiration).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000) + 600)
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

  test('a wrong password stays on Medplum’s page', async () => {
    const walk = new Person(send).signIn((await authorization((await register()).client_id)).url, REDIRECT_URI, {
      ...alice,
      password: 'wrong',
    })
    await expect(walk).rejects.toThrow(UnexpectedPage)
    await expect(walk).rejects.toThrow('Email or password is invalid')
  })
})
