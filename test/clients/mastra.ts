/** The MCP client of Mastra. */
import { type MastraMCPServerDefinition, MCPClient } from '@mastra/mcp'
import { auth } from '@modelcontextprotocol/client'
import { answerOf, host, signedIn } from './host.ts'
import type { Adapter } from './scenario.ts'

export const adapters: Adapter[] = [
  {
    name: 'Mastra',
    package: '@mastra/mcp',
    noProgress: 'progress not offered by this client',
    async open(mcpUrl) {
      const person = host()
      const client = await signedIn(
        person,
        async () => {
          const one = new MCPClient({
            id: crypto.randomUUID(),
            servers: { medplum: { url: new URL(mcpUrl), authProvider: person } as MastraMCPServerDefinition },
          })
          if (Object.keys(await one.listTools()).length > 0) return one
          await one.disconnect()
          throw new Error('no tools')
        },
        (callback) => {
          const iss = callback.get('iss')
          return auth(person, { serverUrl: mcpUrl, authorizationCode: callback.get('code') ?? '', ...(iss && { iss }) })
        },
      )
      return {
        tools: async () => Object.keys(await client.listTools()).map((name) => name.replace(/^medplum_/, '')),
        call: async (name, args) => {
          const tool = (await client.listTools())[`medplum_${name}`]
          return answerOf(await tool?.execute?.(args, {} as never))
        },
        kept: () => person.kept(),
        close: () => client.disconnect(),
      }
    },
  },
]
