/** The command line of the MCP Inspector: one process for each call. */
import { freePort } from '../../programs/worker.ts'
import { answerOf } from './host.ts'
import { Home } from './program.ts'
import type { Adapter } from './scenario.ts'

const SCRIPT = '@modelcontextprotocol/inspector/clients/launcher/build/index.js'

export const adapters: Adapter[] = [
  {
    name: 'MCP Inspector CLI',
    package: '@modelcontextprotocol/inspector',
    noProgress: 'progress not offered by this client',
    async open(mcpUrl) {
      const home = await Home.create()
      const callback = ['--callback-url', `http://127.0.0.1:${await freePort()}/oauth/callback`]
      const run = (...args: string[]) =>
        home.run(SCRIPT, ['--cli', mcpUrl, '--transport', 'http', '--format', 'json', ...callback, ...args])
      const list = async (...args: string[]) => {
        const { code, stdout, stderr } = await run('--method', 'tools/list', ...args)
        if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
        const printed = JSON.parse(stdout) as { result: { tools: { name: string }[] } }
        return printed.result.tools.map(({ name }) => name)
      }
      // Also what the Inspector finds wrong with a definition.
      await list('--strict')
      return {
        tools: () => list('--stored-auth-only'),
        call: async (name, args) => {
          const json = JSON.stringify(args)
          const method = ['--method', 'tools/call', '--tool-name', name, '--tool-args-json', json]
          const { code, stdout, stderr } = await run('--stored-auth-only', ...method)
          if (stdout === '') throw new Error(`exit code ${code}: ${stderr}`)
          return answerOf((JSON.parse(stdout) as { result: unknown }).result)
        },
        kept: () => home.kept(),
        close: () => home.remove(),
      }
    },
  },
]
