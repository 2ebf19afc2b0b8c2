// Discovery, registration, and who may ask.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { POST } from '../../calls.ts'
import { fhirCall, post, rpc, startSession } from '../world/mcp.ts'
import { authorization, exchange, register, token } from '../world/signing-in.ts'
import { alice, ORIGIN, postJson, REDIRECT_URI, RESOURCE, sandbox, send } from '../world/world.ts'
import { CURSOR, open } from './consenting.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
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

    test('a sign-in for it gives tokens that work there, name it if they are not enough, and are renewed for it', async () => {
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
  ])('a registration with %s null, "" or empty counts as one without it', async (name) => {
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

  test('little of a registration is kept, whatever is sent', async () => {
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

  test('a token request of a forgotten client says so, so that it registers again', async () => {
    const response = await send(`${ORIGIN}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: 'nobody:none:c',
        client_id: 'forgotten',
      }),
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

  test.each([ORIGIN, 'http://localhost:6274', 'http://127.0.0.1:6274'])('the origin %s, with CORS', async (origin) => {
    const response = await post('any', list, { origin })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')).toMatch(/WWW-Authenticate/i)
    expect(response.headers.get('access-control-expose-headers')).toMatch(/Mcp-Session-Id/i)
  })

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
