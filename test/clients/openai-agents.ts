/** The MCP client of the OpenAI Agents SDK. */

import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { MCPServerStreamableHttp } from '@openai/agents-core'
import { host, signedIn } from './host.ts'
import type { Adapter } from './scenario.ts'

export const adapters: Adapter[] = [
  {
    name: 'OpenAI Agents',
    package: '@openai/agents-core',
    noProgress: 'progress not offered by this client',
    async open(mcpUrl) {
      const person = host()
      const client = await signedIn(
        person,
        async () => {
          const one = new MCPServerStreamableHttp({ url: mcpUrl, authProvider: person })
          await one.connect()
          return one
        },
        (callback) => auth(person, { serverUrl: mcpUrl, authorizationCode: callback.get('code') ?? '' }),
      )
      return {
        tools: async () => (await client.listTools()).map(({ name }) => name),
        call: async (name, args) => {
          const content = await client.callTool(name, args)
          const text = content.map((item) => ('text' in item ? String(item.text) : '')).join('\n')
          return { isError: /Medplum answered HTTP 4/.test(text), text }
        },
        kept: () => person.kept(),
        close: () => client.close(),
      }
    },
  },
]
