/** `@modelcontextprotocol/sdk` 1.x: its newest release, and the 1.12 that many hosts still ship. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Client as Client12 } from 'sdk-1.12/client/index.js'
import { StreamableHTTPClientTransport as Transport12 } from 'sdk-1.12/client/streamableHttp.js'
import { answerOf, host, signedIn } from './host.ts'
import type { Adapter, Opened } from './scenario.ts'

const INFO = { name: 'client-matrix', version: '1.0.0' }

async function open(
  mcpUrl: string,
  [ClientClass, Transport]: [typeof Client, typeof StreamableHTTPClientTransport],
): Promise<Opened> {
  const person = host()
  let transport = new Transport(new URL(mcpUrl), { authProvider: person })
  const client = await signedIn(
    person,
    async () => {
      const one = new ClientClass(INFO)
      transport = new Transport(new URL(mcpUrl), { authProvider: person })
      await one.connect(transport as Parameters<Client['connect']>[0])
      return one
    },
    (callback) => transport.finishAuth(callback.get('code') ?? ''),
  )
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onprogress) =>
      answerOf(await client.callTool({ name, arguments: args }, undefined, { onprogress })),
    kept: () => person.kept(),
    close: () => client.close(),
  }
}

export const adapters: Adapter[] = [
  {
    name: 'MCP SDK 1.x',
    package: '@modelcontextprotocol/sdk',
    open: (url) => open(url, [Client, StreamableHTTPClientTransport]),
  },
  {
    name: 'MCP SDK 1.12',
    package: 'sdk-1.12',
    open: (url) =>
      open(url, [Client12, Transport12] as unknown as [typeof Client, typeof StreamableHTTPClientTransport]),
  },
]
