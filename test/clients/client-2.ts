/** `@modelcontextprotocol/client` 2.x, in each way that it agrees on a protocol revision. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { answerOf, host, signedIn } from './host.ts'
import type { Adapter, Opened } from './scenario.ts'

const MODES = { legacy: 'legacy', auto: 'auto', modern: { pin: '2026-07-28' } } as const

async function open(mcpUrl: string, mode: (typeof MODES)[keyof typeof MODES]): Promise<Opened> {
  const person = host()
  let transport = new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider: person })
  const client = await signedIn(
    person,
    async () => {
      const one = new Client({ name: 'client-matrix', version: '1.0.0' }, { versionNegotiation: { mode } })
      transport = new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider: person })
      await one.connect(transport)
      return one
    },
    (callback) => transport.finishAuth(callback),
  )
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onprogress) => answerOf(await client.callTool({ name, arguments: args }, { onprogress })),
    kept: () => person.kept(),
    close: () => client.close(),
  }
}

export const adapters: Adapter[] = Object.entries(MODES).map(([name, mode]) => ({
  name: `MCP client 2.x, ${name}`,
  package: '@modelcontextprotocol/client',
  open: (mcpUrl) => open(mcpUrl, mode),
}))
