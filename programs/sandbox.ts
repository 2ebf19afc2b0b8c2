/** `npm run sandbox`: the sandbox alone, without the server. */
import { parseArgs } from 'node:util'
import { roleOf, SANDBOX_USERS } from '../sandbox/core/people.ts'
import { startSandbox } from '../sandbox/server.ts'
import { SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET } from '../sandbox/world.ts'
import { isFree, portOf } from './ports.ts'

try {
  await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8103' },
      'access-token-lifetime': { type: 'string' },
      'refresh-token-lifetime': { type: 'string' },
    },
  })
  const access = seconds('--access-token-lifetime', values['access-token-lifetime'])
  const refresh = seconds('--refresh-token-lifetime', values['refresh-token-lifetime'])
  const port = portOf(values.port, '--port')
  if (!(await isFree(port))) throw new Error(`Port ${port} is taken. Choose another: npm run sandbox -- --port NUMBER`)
  const sandbox = await startSandbox({
    port,
    ...(access !== undefined && { accessTokenLifetime: access }),
    ...(refresh !== undefined && { refreshTokenLifetime: refresh }),
  })
  console.log(`Medplum sandbox: ${sandbox.baseUrl}`)
  console.log(`Client: ${SANDBOX_CLIENT_ID} (secret ${SANDBOX_CLIENT_SECRET})`)
  for (const user of Object.values(SANDBOX_USERS)) {
    console.log(`Login:  ${user.email} / ${user.password} (${roleOf(user)})`)
  }
}

function seconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`${name} must be a number of seconds, not "${text}".`)
}
