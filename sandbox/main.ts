/** Starts a sandbox from the command line. */

import { parseArgs } from 'node:util'
import { roleOf, SANDBOX_USERS } from './core/people.ts'
import { startSandbox } from './server.ts'
import { SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET } from './world.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8103' },
    'access-token-lifetime': { type: 'string' },
    'refresh-token-lifetime': { type: 'string' },
  },
})

function seconds(name: 'access-token-lifetime' | 'refresh-token-lifetime'): number | undefined {
  const value = values[name]
  if (value === undefined) {
    return undefined
  }
  if (!/^\d+$/.test(value)) {
    throw new Error(`--${name} must be a number of seconds, not "${value}"`)
  }
  return Number(value)
}

const access = seconds('access-token-lifetime')
const refresh = seconds('refresh-token-lifetime')
const sandbox = await startSandbox({
  port: Number(values.port),
  ...(access === undefined ? {} : { accessTokenLifetime: access }),
  ...(refresh === undefined ? {} : { refreshTokenLifetime: refresh }),
})

console.log(`Medplum sandbox: ${sandbox.baseUrl}`)
console.log(`Client: ${SANDBOX_CLIENT_ID} (secret ${SANDBOX_CLIENT_SECRET})`)
for (const user of Object.values(SANDBOX_USERS)) {
  console.log(`Login:  ${user.email} / ${user.password} (${roleOf(user)})`)
}
