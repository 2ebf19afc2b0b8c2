/** mcporter, a command line for MCP: one process a call. */

import { answerOf } from './host.ts'
import { Home } from './program.ts'
import type { Adapter } from './scenario.ts'

const SCRIPT = 'mcporter/dist/cli.js'

export const adapters: Adapter[] = [
  {
    name: 'mcporter',
    package: 'mcporter',
    noProgress: 'progress not offered by this client',
    async open(mcpUrl) {
      const home = await Home.create()
      const run = async (...args: string[]) => {
        const { code, stdout, stderr } = await home.run(SCRIPT, args)
        if (stdout === '') throw new Error(`exit code ${code}: ${stderr}`)
        return stdout
      }
      const added = ['config', 'add', 'medplum', mcpUrl, '--auth', 'oauth', '--allow-http', '--scope', 'home']
      await home.run(SCRIPT, added)
      const { code, stderr } = await home.run(SCRIPT, ['auth', 'medplum', '--no-browser'])
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
      return {
        tools: async () => {
          const { tools } = JSON.parse(await run('list', 'medplum', '--json')) as { tools: { name: string }[] }
          return tools.map(({ name }) => name)
        },
        call: async (name, args) => {
          const json = ['--args', JSON.stringify(args), '--output', 'json', '--no-oauth']
          return answerOf(JSON.parse(await run('call', `medplum.${name}`, ...json)))
        },
        kept: () => home.kept(),
        close: () => home.remove(),
      }
    },
  },
]
