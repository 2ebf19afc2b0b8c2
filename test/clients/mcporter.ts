/** mcporter, a command line for MCP: one process for each call. */

import { answerOf } from './host.ts'
import { Home } from './program.ts'
import type { Adapter } from './scenario.ts'

const SCRIPT = 'mcporter/dist/cli.js'

export const adapters: Adapter[] = [
  {
    name: 'mcporter',
    package: 'mcporter',
    noProgress: 'progress not offered by this client',
    noRefresh: 'signs in again',
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
          const printed = await run(
            'call',
            `medplum.${name}`,
            '--args',
            JSON.stringify(args),
            '--output',
            'json',
            '--no-oauth',
          )
          const value = JSON.parse(printed)
          if ('issue' in value && 'server' in value) throw new Error(value.error)
          // Text that is JSON is printed as such.
          return 'content' in value ? answerOf(value) : { isError: false, text: printed }
        },
        kept: () => home.kept(),
        close: () => home.remove(),
      }
    },
  },
]
