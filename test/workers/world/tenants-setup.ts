// Sandboxes for a deployment with tenants: north shares the Medplum of the deployment itself, south has its own. The same people, with
// the same ids, are at both.
import type { TestProject } from 'vitest/node'
import { startSandbox } from '../../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../../sandbox/world.ts'
import { REQUEST_LIMITS, startFor } from './global-setup.ts'

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  const start = (tenant: string) =>
    startSandbox({
      control: true,
      requestLimits: REQUEST_LIMITS,
      redirectUris: [`http://localhost:8790/t/${tenant}/oauth/callback`],
    })
  return startFor(project, async () => {
    const [first, second] = await Promise.all([start('north'), start('south')])
    const clientId = SANDBOX_CLIENT_ID
    const tenants = {
      north: { baseUrl: first.baseUrl, clientId },
      south: { baseUrl: second.baseUrl, clientId, maxAccess: 'write', confirm: 'never' },
    }
    const upstreams = { MEDPLUM_BASE_URL: first.baseUrl, TENANTS: JSON.stringify(tenants) }
    return { upstreams, sandboxes: [first, second] }
  })
}
