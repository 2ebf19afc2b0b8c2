// The rate limits and their answers. Bindings count in production; here they say that the limit is reached.

import { createExecutionContext, env } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { networkOf } from '../../../src/policy.ts'
import { GET } from '../../calls.ts'
import { BROWSER } from '../world/browsing.ts'
import { fhirCall, rpc } from '../world/mcp.ts'
import { grantName, signIn } from '../world/signing-in.ts'
import { ORIGIN, sandbox, send } from '../world/world.ts'

const reached: RateLimit = { limit: async () => ({ success: false }) }
const never = async () => {
  throw new Error('must not be reached')
}
const product = createApp(createEndpoint({ createServer: buildServer, sessions: (bindings) => bindings.MCP_SESSION }))

/** A limit that lets everything pass, and the keys that it was asked about. */
function counting(): { keys: string[]; limit: RateLimit['limit'] } {
  const keys: string[] = []
  return {
    keys,
    limit: async ({ key }) => {
      keys.push(key)
      return { success: true }
    },
  }
}

/** One message to the MCP endpoint of a deployment whose limits are these. */
function call(limits: Partial<Bindings>, access: string, args: Record<string, unknown>): Promise<Response> {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${access}`,
    'mcp-protocol-version': '2025-11-25',
  }
  const request = new Request(`${ORIGIN}/mcp`, { method: 'POST', headers, body: JSON.stringify(fhirCall(args)) })
  return Promise.resolve(product.fetch(request, { ...env, ...limits } as Bindings, createExecutionContext()))
}

describe('by address', () => {
  test.each([
    ['GET', '/authorize', 'LIMIT_SIGN_IN'],
    ['POST', '/authorize', 'LIMIT_SIGN_IN'],
    ['GET', '/oauth/callback', 'LIMIT_SIGN_IN'],
    ['GET', '/connections', 'LIMIT_SIGN_IN'],
    ['POST', '/connections/lower', 'LIMIT_SIGN_IN'],
    ['GET', '/confirm/a.b', 'LIMIT_SIGN_IN'],
    ['POST', '/oauth/register', 'LIMIT_REGISTRATION'],
    ['POST', '/oauth/token', 'LIMIT_TOKENS'],
  ] as const)('%s %s answers 429 with the wait beyond %s', async (method, path, name) => {
    const bindings = { ...env, [name]: reached } as Bindings
    const request = new Request(`${ORIGIN}${path}`, { method })
    const response = await createApp(never).fetch(request, bindings, createExecutionContext())
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('60')
    expect(await response.json()).toHaveProperty('error_description')
    const { keys, limit } = counting()
    const headers = { 'cf-connecting-ip': '2001:db8:1:2:3::4' }
    const passed = new Request(`${ORIGIN}${path}`, { method, headers })
    await createApp(never).fetch(passed, { ...env, [name]: { limit } } as Bindings, createExecutionContext())
    expect(keys).toEqual(['2001:db8:1:2'])
  })

  test.each([
    ['160.79.104.7', '160.79.104.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['unknown', 'unknown'],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('by size', () => {
  const FORMS = ['/authorize', '/oauth/token', '/connections/lower', '/connections/sign-out', '/confirm/a.b']
  const filled = (length: number) => `x=${'x'.repeat(length - 2)}`
  /** A body of unknown length. */
  const streamed = (text: string) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text))
        controller.close()
      },
    })
  const submit = (path: string, body: BodyInit, accept: string) =>
    send(ORIGIN + path, {
      method: 'POST',
      headers: { accept, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })

  test.each(FORMS)('a form at %s that is too large is not read', async (path) => {
    for (const body of [filled(65_537), streamed(filled(65_537))]) {
      const response = await submit(path, body, 'application/json')
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ error_description: 'The request is larger than 65536 bytes' })
    }
    const page = await submit(path, filled(65_537), BROWSER)
    expect(page.status).toBe(413)
    expect(await page.text()).toContain('<p>The request is larger than 65536 bytes.</p>')
  })

  test('a registration that is too large is not read, and the largest is', async () => {
    const statusOf = async (length: number) => {
      const start = '{"redirect_uris":["http://127.0.0.1/callback"],"more":"'
      const body = `${start}${'x'.repeat(length - start.length - 2)}"}`
      const headers = { 'content-type': 'application/json' }
      const answers = [body, streamed(body)].map((one) =>
        send(`${ORIGIN}/oauth/register`, { method: 'POST', headers, body: one }),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    expect(await statusOf(8_193)).toEqual([413, 413])
    expect(await statusOf(8_192)).toEqual([201, 201])
  })

  test.each(FORMS)('the largest form at %s is read', async (path) => {
    for (const body of [filled(65_536), streamed(filled(65_536))]) {
      const { status } = await submit(path, body, BROWSER)
      expect([400, 401]).toContain(status)
    }
  })
})

describe('by connection', () => {
  test('a request answers 429 with the wait', async () => {
    const { access } = await signIn()
    const response = await call({ LIMIT_CALLS: reached }, access, GET('Patient?_count=1'))
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('60')
    expect(await response.json()).toHaveProperty('error.message')
  })

  test.each([
    ['LIMIT_READS', 'GET', 'Patient?_count=1', undefined],
    ['LIMIT_WRITES', 'POST', 'Patient', { resourceType: 'Patient' }],
    ['LIMIT_WRITES', 'DELETE', 'Patient/00000000-0000-4000-8000-000000000000', undefined],
    ['LIMIT_OPERATIONS', 'POST', 'Bot/00000000-0000-4000-8000-000000000000/$execute', {}],
    ['LIMIT_OPERATIONS', 'POST', 'Project/00000000-0000-4000-8000-000000000000/$clone', {}],
  ] as const)('beyond %s, %s %s is not sent, and the model is told to wait', async (name, method, path, body) => {
    const tokens = await signIn()
    const args = { method, path, ...(body && { body }) }
    const { result: answer, requests } = await sandbox.during(async () =>
      rpc(await call({ [name]: reached }, tokens.access, args)),
    )
    expect(answer.result?.isError).toBe(true)
    expect(answer.result?.content[0]?.text).toMatch(/was not sent\. Wait 60 seconds/)
    expect(requests).toEqual([])
    // The others go on.
    const others = ['LIMIT_READS', 'LIMIT_WRITES', 'LIMIT_OPERATIONS'].filter((other) => other !== name)
    const limits = Object.fromEntries(others.map((other) => [other, reached]))
    const { requests: sent } = await sandbox.during(async () => (await call(limits, tokens.access, args)).text())
    expect(sent.map(({ method: used }) => used)).toContain(method)
  })

  test('a call counts once, under its grant, however many requests it makes', async () => {
    const tokens = await signIn()
    const [reads, writes] = [counting(), counting()]
    const args = GET('Observation?_count=20', { all: true })
    const { requests } = await sandbox.during(async () =>
      (await call({ LIMIT_READS: reads, LIMIT_WRITES: writes }, tokens.access, args)).text(),
    )
    expect(requests.length).toBeGreaterThan(1)
    expect(reads.keys).toEqual([grantName(tokens).split(':')[1]])
    expect(writes.keys).toEqual([])
  })
})
