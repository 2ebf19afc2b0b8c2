/** `mcp-remote`, the stdio proxy, driven by an SDK client as a desktop host would. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { answerOf } from './host.ts'
import { Home, moduleFile } from './program.ts'
import type { Adapter } from './scenario.ts'

export const adapters: Adapter[] = [
  {
    name: 'mcp-remote',
    package: 'mcp-remote',
    async open(mcpUrl) {
      const home = await Home.create()
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [moduleFile('mcp-remote/dist/proxy.js'), mcpUrl, '--auth-timeout', '5'],
        env: home.env(),
        stderr: 'pipe',
      })
      if (transport.stderr) home.watch(transport.stderr)
      const client = new Client({ name: 'client-matrix', version: '1.0.0' })
      await client.connect(transport)
      return {
        tools: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name, args, onprogress) => {
          const called = client.callTool({ name, arguments: args }, undefined, { onprogress })
          return answerOf(await Promise.race([called, home.askedAgain]))
        },
        kept: () => home.kept(),
        close: async () => {
          await client.close()
          await home.remove()
        },
      }
    },
  },
]
