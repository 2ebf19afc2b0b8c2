/** LangChain's adapters for MCP. */
import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { host, signedIn } from './host.ts'
import type { Adapter } from './scenario.ts'

export const adapters: Adapter[] = [
  {
    name: 'LangChain',
    package: '@langchain/mcp-adapters',
    async open(mcpUrl) {
      const person = host()
      let told = () => {}
      const client = await signedIn(
        person,
        async () => {
          const one = new MultiServerMCPClient({
            mcpServers: { medplum: { transport: 'http', url: mcpUrl, authProvider: person } },
            onProgress: () => told(),
            useStandardContentBlocks: false,
          })
          await one.getTools()
          return one
        },
        (callback) => auth(person, { serverUrl: mcpUrl, authorizationCode: callback.get('code') ?? '' }),
      )
      return {
        tools: async () => (await client.getTools()).map(({ name }) => name),
        call: async (name, args, onProgress) => {
          told = onProgress
          const tool = (await client.getTools()).find((one) => one.name === name)
          const answer: unknown = await tool?.invoke(args)
          return { isError: false, text: typeof answer === 'string' ? answer : JSON.stringify(answer) }
        },
        kept: () => person.kept(),
        close: () => client.close(),
      }
    },
  },
]
