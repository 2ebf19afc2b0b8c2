/** `@modelcontextprotocol/sdk` 1.x: its newest release, and earlier ones that many hosts still ship. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client as Client8 } from 'sdk-1.8/client/index.js'
import { SSEClientTransport as Transport8 } from 'sdk-1.8/client/sse.js'
import { Client as Client10 } from 'sdk-1.10/client/index.js'
import { StreamableHTTPClientTransport as Transport10 } from 'sdk-1.10/client/streamableHttp.js'
import { Client as Client12 } from 'sdk-1.12/client/index.js'
import { StreamableHTTPClientTransport as Transport12 } from 'sdk-1.12/client/streamableHttp.js'
import { Client as Client17 } from 'sdk-1.17/client/index.js'
import { StreamableHTTPClientTransport as Transport17 } from 'sdk-1.17/client/streamableHttp.js'
import { answerOf, host, signedIn } from './host.ts'
import type { Adapter, Opened } from './scenario.ts'

const INFO = { name: 'client-matrix', version: '1.0.0' }

type Parts = [typeof Client, typeof StreamableHTTPClientTransport]

/** @param asks whether it can ask its person questions */
async function open(mcpUrl: string, [ClientClass, Transport]: Parts, asks: boolean): Promise<Opened> {
  const person = host()
  let transport = new Transport(new URL(mcpUrl), { authProvider: person })
  const connect = async () => {
    const one = new ClientClass(INFO, { capabilities: asks ? { elicitation: {} } : {} })
    if (asks) one.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: {} }))
    transport = new Transport(new URL(mcpUrl), { authProvider: person })
    await one.connect(transport as Parameters<Client['connect']>[0])
    return one
  }
  let client = await signedIn(person, connect, (callback) => transport.finishAuth(callback.get('code') ?? ''))
  return {
    // The stream of HTTP+SSE is the session.
    ...(mcpUrl.endsWith('/sse') && {
      reconnect: async () => {
        await client.close()
        client = await connect()
      },
    }),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onprogress) =>
      answerOf(await client.callTool({ name, arguments: args }, undefined, { onprogress })),
    kept: () => person.kept(),
    close: () => client.close(),
  }
}

/** Earlier releases have their own types, and ask nothing (elicitation came with 1.13) or are given nothing to ask with. */
function earlier(version: string, parts: unknown[], path = ''): Adapter {
  return {
    name: `MCP SDK ${version}`,
    package: `sdk-${version}`,
    open: (url) => open(`${url}${path}`, parts as Parts, false),
  }
}

export const adapters: Adapter[] = [
  {
    name: 'MCP SDK 1.x',
    package: '@modelcontextprotocol/sdk',
    asks: true,
    open: (url) => open(url, [Client, StreamableHTTPClientTransport], true),
  },
  earlier('1.17', [Client17, Transport17]),
  earlier('1.12', [Client12, Transport12]),
  earlier('1.10', [Client10, Transport10]),
  // It knows HTTP+SSE only.
  earlier('1.8', [Client8, Transport8], '/sse'),
]
