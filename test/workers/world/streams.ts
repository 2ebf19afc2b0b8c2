// Sessions and their streams, for tests.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { McpSession } from '../../../src/mcp/session/session.ts'
import { events } from './mcp.ts'
import { ORIGIN, send } from './world.ts'

/** A request of a session without a message. */
export function bare(method: 'GET' | 'DELETE', access: string, session: Record<string, string>): Promise<Response> {
  return send(`${ORIGIN}/mcp`, {
    method,
    headers: { accept: 'text/event-stream', authorization: `Bearer ${access}`, ...session },
  })
}

/** The object of a session. */
export function sessionObject(id: string | undefined): DurableObjectStub<McpSession> {
  return env.MCP_SESSION.get(env.MCP_SESSION.idFromString(id ?? ''))
}

/** Evicts a session's object from memory. */
export function evict(session: Record<string, string>): Promise<void> {
  return evictDurableObject(sessionObject(session['mcp-session-id']))
}

/** An HTTP+SSE stream: where to post, and its messages one by one. */
export async function openSse(access: string) {
  const hangUp = new AbortController()
  const response = await send(`${ORIGIN}/mcp/sse`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${access}` },
    signal: hangUp.signal,
  })
  expect(response.status).toBe(200)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let buffer = ''
  const next = async () => {
    while (!buffer.includes('\n\n')) {
      const chunk = await reader?.read()
      if (!chunk || chunk.done) throw new Error('The stream ended')
      buffer += chunk.value
    }
    const event = buffer.slice(0, buffer.indexOf('\n\n') + 2)
    buffer = buffer.slice(event.length)
    return events(event)[0] ?? ''
  }
  const endpoint = await next()
  const close = async () => {
    await reader?.cancel().catch(() => {})
    hangUp.abort()
  }
  return { endpoint, next, close }
}
