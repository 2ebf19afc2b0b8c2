// Calls from web pages.
import { createExecutionContext, env } from 'cloudflare:test'
import { afterEach, describe, expect, test } from 'vitest'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, ORIGIN, sandbox, send } from '../world/world.ts'

afterEach(() => sandbox.clearFaults())

describe('web pages', () => {
  const app = createApp(createEndpoint({ createServer: buildServer, sessions: (bindings) => bindings.MCP_SESSION }))
  const HTTPS = 'https://mcp.example.com'
  /** A deployment by https, as a browser reaches it. */
  const ask = (path: string, init: RequestInit, settings: Record<string, string> = {}) =>
    app.fetch(
      new Request(`${HTTPS}${path}`, init),
      { ...(env as Bindings), PUBLIC_URL: HTTPS, TENANTS: '', ...settings },
      createExecutionContext(),
    )
  const call = (origin: string, settings?: Record<string, string>) =>
    ask('/mcp', { method: 'POST', headers: { origin }, body: '{}' }, settings)

  test.each(['https://claude.ai', 'https://chatgpt.com', 'https://inspector.example.org', 'null'])(
    'of %s may call over https, and read the answer',
    async (origin) => {
      const response = await call(origin)
      expect(response.status).toBe(401)
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      expect(response.headers.get('access-control-expose-headers')).toMatch(/WWW-Authenticate.*Mcp-Session-Id/i)
    },
  )

  test('of other origins may not, if the operator names some', async () => {
    const ALLOWED_ORIGINS = 'https://claude.ai'
    expect((await call('https://claude.ai', { ALLOWED_ORIGINS })).status).toBe(401)
    expect((await call('https://chatgpt.com', { ALLOWED_ORIGINS })).status).toBe(403)
  })

  const READABLE: [method: string, path: string][] = [
    ['POST', '/mcp'],
    ['GET', '/mcp'],
    ['POST', '/mcp/stream'],
    ['GET', '/.well-known/oauth-protected-resource/mcp'],
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', '/.well-known/nothing'],
    ['POST', '/oauth/register'],
    ['POST', '/oauth/token'],
  ]

  test.each(READABLE)('may be allowed %s %s by a preflight, and read the answer', async (method, path) => {
    const origin = 'https://claude.ai'
    const asked =
      'authorization, content-type, mcp-protocol-version, mcp-session-id, last-event-id, mcp-method, mcp-name'
    const preflight = await ask(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': asked },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase().replaceAll(' ', '')).toBe(
      asked.replaceAll(' ', ''),
    )
    const response = await ask(path, { method, headers: { origin }, ...(method === 'POST' && { body: '{}' }) })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('vary')).toMatch(/origin/i)
  })

  test('read the answers of a grant too', async () => {
    const tokens = await signIn(alice)
    const headers = { origin: 'http://localhost:6274' }
    const form = (fields: Record<string, string>) =>
      send(`${ORIGIN}/oauth/token`, { method: 'POST', headers, body: new URLSearchParams(fields) })
    const renewed = { grant_type: 'refresh_token', client_id: tokens.clientId }
    for (const refresh_token of [
      tokens.refresh ?? '',
      `${tokens.access.split(':').slice(0, 2).join(':')}:none`,
      'none',
    ]) {
      const response = await form({ ...renewed, refresh_token })
      expect(response.headers.get('access-control-allow-origin')).toBe(headers.origin)
    }
  })

  test('read no page of this server', async () => {
    for (const path of ['/', '/connections', '/authorize']) {
      const response = await ask(path, { headers: { origin: 'https://evil.example' } })
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})
