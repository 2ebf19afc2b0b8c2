/** The MCP client of the AI SDK. */
import { auth, createMCPClient } from '@ai-sdk/mcp'
import { answerOf, host, signedIn } from './host.ts'
import type { Adapter } from './scenario.ts'

export const adapters: Adapter[] = [
  {
    name: 'AI SDK',
    package: '@ai-sdk/mcp',
    noProgress: 'progress not offered by this client',
    async open(mcpUrl) {
      const person = host()
      const authProvider = person as Parameters<typeof auth>[0]
      const client = await signedIn(
        person,
        () => createMCPClient({ transport: { type: 'http', url: mcpUrl, authProvider } }),
        (callback) => {
          const callbackIssuer = callback.get('iss')
          const authorizationCode = callback.get('code') ?? ''
          return auth(authProvider, { serverUrl: mcpUrl, authorizationCode, ...(callbackIssuer && { callbackIssuer }) })
        },
      )
      return {
        tools: async () => Object.keys(await client.tools()),
        call: async (name, args) => {
          const tool = (await client.tools())[name]
          return answerOf(await tool?.execute?.(args, { toolCallId: '1', messages: [], context: {} }))
        },
        kept: () => person.kept(),
        close: () => client.close(),
      }
    },
  },
]
