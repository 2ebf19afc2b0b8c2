// Starts two sandboxes for a deployment with tenants: north shares the Medplum of the deployment itself, south has its own. The
// same people, with the same ids, are at both.
import type { TestProject } from 'vitest/node'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { buildViews } from '../../views/page.ts'
import { REQUEST_LIMITS } from './global-setup.ts'

declare module 'vitest' {
  interface ProvidedContext {
    southUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildViews()
  const start = (tenant: string) =>
    startSandbox({
      control: true,
      requestLimits: REQUEST_LIMITS,
      redirectUris: [`http://localhost:8790/t/${tenant}/oauth/callback`],
    })
  const [first, second] = await Promise.all([start('north'), start('south')])
  const clientId = SANDBOX_CLIENT_ID
  const tenants = {
    north: { baseUrl: first.baseUrl, clientId },
    south: { baseUrl: second.baseUrl, clientId, maxAccess: 'write', confirm: 'never' },
  }
  project.provide('sandboxUrl', first.baseUrl)
  project.provide('southUrl', second.baseUrl)
  project.provide('tenants', JSON.stringify(tenants))
  return async () => {
    await Promise.all([first.close(), second.close()])
  }
}
