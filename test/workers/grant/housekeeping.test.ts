// Background work: the nightly sweep, and the comments that keep a silent stream open.
import { createExecutionContext, createScheduledController, env, waitOnExecutionContext } from 'cloudflare:test'
import { afterEach, expect, test, vi } from 'vitest'
import worker from '../../../src/index.ts'
import { eventStream } from '../../../src/mcp/session/sse.ts'
import { GET } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { grantName, refresh, signIn } from '../world/signing-in.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('the sweep removes the grants of clients that are gone, and no others', async () => {
  const kept = await signIn()
  const orphaned = await signIn()
  await env.OAUTH_KV.delete(`client:${orphaned.clientId}`)
  for (let sweep = 0; ; sweep++) {
    expect(sweep).toBeLessThan(50)
    const ctx = createExecutionContext()
    worker.scheduled(createScheduledController(), env, ctx)
    await waitOnExecutionContext(ctx)
    if ((await env.OAUTH_KV.get('purge-cursor')) === null) break
  }
  expect(await env.OAUTH_KV.get(`grant:${grantName(orphaned)}`)).toBeNull()
  expect((await fhir(kept.access, GET('Patient?_count=1'))).isError).toBe(false)
  expect((await refresh(kept)).status).toBe(200)
})

test('a silent stream gets a comment now and then, and closes its socket when the client is gone', async () => {
  vi.useFakeTimers()
  const { 0: socket, 1: session } = new WebSocketPair()
  const closed = new Promise((resolve) => session.addEventListener('close', resolve))
  session.accept()
  const hangUp = new AbortController()
  const reader = eventStream(socket, 'event: endpoint\ndata: /x\n\n', hangUp.signal).body?.getReader()
  const read = async () => new TextDecoder().decode((await reader?.read())?.value)
  expect(await read()).toContain('event: endpoint')
  session.send('{"jsonrpc":"2.0"}')
  expect(await read()).toBe('event: message\ndata: {"jsonrpc":"2.0"}\n\n')
  await vi.advanceTimersByTimeAsync(25_000)
  expect(await read()).toBe(': keepalive\n\n')
  hangUp.abort()
  await closed
})
