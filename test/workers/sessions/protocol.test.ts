// The errors that the specification gives wrong messages, in each era; and a client's hang-up that reaches Medplum.
import { beforeAll, describe, expect, test } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { fhirCall, MODERN_META, post, postModern, rpc, startSession } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { ORIGIN, sandbox, send } from '../world/world.ts'

let tokens: Tokens
beforeAll(async () => {
  tokens = await signIn()
})

const modern = (method: string, params?: Record<string, unknown>, name?: string) =>
  postModern(tokens.access, method, params, name)

describe('2026-07-28', () => {
  test('discovers', async () => {
    const { result } = await rpc(await modern('server/discover'))
    expect(result).toMatchObject({ supportedVersions: expect.arrayContaining(['2026-07-28']), cacheScope: 'public' })
    expect(result?.instructions).toContain('no protected health information')
  })

  test('an unknown method is -32601 with 404', async () => {
    const response = await modern('nope')
    expect(response.status).toBe(404)
    expect((await rpc(response)).error?.code).toBe(-32601)
  })

  test('an unknown tool is -32602', async () => {
    expect((await rpc(await modern('tools/call', { name: 'nope', arguments: {} }, 'nope'))).error?.code).toBe(-32602)
  })

  test('a header that contradicts the body is -32020 with 400', async () => {
    const response = await post(
      tokens.access,
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: MODERN_META } },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
    )
    expect(response.status).toBe(400)
    expect((await rpc(response)).error?.code).toBe(-32020)
  })

  test('an unsupported version is -32022 with what is supported', async () => {
    const _meta = { ...MODERN_META, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' }
    const response = await post(
      tokens.access,
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } },
      { 'mcp-protocol-version': '2027-01-01', 'mcp-method': 'tools/list' },
    )
    expect(response.status).toBe(400)
    expect((await rpc(response)).error).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'] } })
  })

  test('GET and DELETE without a session get 405', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await send(`${ORIGIN}/mcp`, {
        method,
        headers: { authorization: `Bearer ${tokens.access}`, accept: 'text/event-stream' },
      })
      expect(response.status).toBe(405)
    }
  })
})

describe.each(['without a session', 'in a session'])('2025-11-25 %s', (where) => {
  let session: Record<string, string> = {}
  beforeAll(async () => {
    session = where === 'in a session' ? await startSession(tokens.access) : { 'mcp-protocol-version': '2025-11-25' }
  })

  test('malformed JSON is -32700 with 400', async () => {
    const response = await post(tokens.access, '{"jsonrpc":', session)
    expect(response.status).toBe(400)
    expect((await rpc(response)).error?.code).toBe(-32700)
  })

  test('JSON other than JSON-RPC is refused with 400', async () => {
    const response = await post(tokens.access, { hello: 'world' }, session)
    expect(response.status).toBe(400)
    expect((await rpc(response)).error?.code).toBeLessThan(0)
  })

  test('an unknown method is -32601', async () => {
    const response = await post(tokens.access, { jsonrpc: '2.0', id: 1, method: 'nope' }, session)
    expect((await rpc(response)).error?.code).toBe(-32601)
  })

  test('an unknown tool is -32602', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'nope', arguments: {} } }
    expect((await rpc(await post(tokens.access, message, session))).error?.code).toBe(-32602)
  })

  test('an invalid version is refused with 400', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const response = await post(tokens.access, message, { ...session, 'mcp-protocol-version': '1999-01-01' })
    expect(response.status).toBe(400)
  })

  test('a message that is too large is 413', async () => {
    const response = await post(tokens.access, fhirCall(POST('x', 'x'.repeat(5_000_000))), session)
    expect(response.status).toBe(413)
  })

  test('another content type is 415', async () => {
    const response = await post(tokens.access, '{}', { ...session, 'content-type': 'text/plain' })
    expect(response.status).toBe(415)
  })
})

test('a bad message to an SSE session is answered at once', async () => {
  expect((await post(tokens.access, '{"jsonrpc":', {}, '/mcp/sse?sessionId=x')).status).toBe(400)
  expect((await post(tokens.access, '[1]', {}, '/mcp/sse?sessionId=x')).status).toBe(400)
  expect((await post(tokens.access, { jsonrpc: '2.0', hello: 1 }, {}, '/mcp/sse?sessionId=x')).status).toBe(400)
})

test('an unknown path below /mcp is 404', async () => {
  expect((await post(tokens.access, {}, {}, '/mcp/nope')).status).toBe(404)
})

test('on 2026-07-28 a client that hangs up stops the request at Medplum', async () => {
  await sandbox.faults([{ path: '^/fhir/R4/Patient', delayMs: 15_000 }])
  const hangUp = new AbortController()
  const { requests } = await sandbox.during(async (soFar) => {
    const params = { name: 'fhir-request', arguments: GET('Patient?_count=1'), _meta: MODERN_META }
    const response = send(`${ORIGIN}/mcp`, {
      method: 'POST',
      signal: hangUp.signal,
      headers: {
        ...{ authorization: `Bearer ${tokens.access}`, 'content-type': 'application/json' },
        ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28' },
        ...{ 'mcp-method': 'tools/call', 'mcp-name': 'fhir-request' },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    }).then((answer) => answer.text())
    await expect.poll(soFar).toHaveLength(1)
    hangUp.abort()
    await expect(response).rejects.toThrow()
    await expect.poll(soFar).toMatchObject([{ aborted: true }])
  })
  expect(requests).toMatchObject([{ method: 'GET', aborted: true }])
})
