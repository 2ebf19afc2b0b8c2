// Deployments with other settings than the Worker under test, in front of the same sandbox and with the same grants: whoever
// signed in there is signed in here. They serve what needs no session.
import { createExecutionContext, env } from 'cloudflare:test'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { type RpcAnswer, rpc } from './mcp.ts'
import { ORIGIN } from './world.ts'

/** One request of 2025-11-25, without a session. */
export type Ask = (access: string, method: string, params?: Record<string, unknown>) => Promise<RpcAnswer>

/** @param settings those that differ, such as `{ TOOLS: 'directory' }` */
export function deployment(settings: Record<string, string>): Ask {
  const app = createApp(createEndpoint({ createServer: buildServer, sessions: (bindings) => bindings.MCP_SESSION }))
  const bindings: Bindings = { ...(env as Bindings), ...settings }
  return async (access, method, params = {}) => {
    const request = new Request(`${ORIGIN}/mcp`, {
      method: 'POST',
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...{ authorization: `Bearer ${access}`, 'mcp-protocol-version': '2025-11-25' },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return rpc(await app.fetch(request, bindings, createExecutionContext()))
  }
}

export interface Said {
  isError: boolean
  /** The first piece of content. */
  text: string
  /** All text that a model gets to read. */
  all: string
}

/** What a tool says. */
export async function say(ask: Ask, access: string, name: string, args: Record<string, unknown>): Promise<Said> {
  const { result, error } = await ask(access, 'tools/call', { name, arguments: args })
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const texts = result.content.map(({ text }) => text ?? '')
  return { isError: result.isError === true, text: texts[0] ?? '', all: texts.join('\n') }
}
