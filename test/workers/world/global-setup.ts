// Starts sandboxes, in Node, for each workerd that runs tests.
import type { TestProject } from 'vitest/node'
import { type Sandbox, startSandbox } from '../../../sandbox/server.ts'
import { buildAssets } from '../../../views/assets.ts'

/** Settings that name the sandboxes. */
interface Upstreams {
  MEDPLUM_BASE_URL: string
  TENANTS: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** An entry for each workerd. */
    upstreams: Upstreams[]
  }
}

/** The tests share its people; how much they do in a minute depends on the machine. */
export const REQUEST_LIMITS = { auth: 1_000_000, requests: 1_000_000, interactions: 100_000_000 }

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return startFor(project, async () => {
    const sandbox = await startSandbox({ control: true, requestLimits: REQUEST_LIMITS })
    return { upstreams: { MEDPLUM_BASE_URL: sandbox.baseUrl, TENANTS: '' }, sandboxes: [sandbox] }
  })
}

/** @returns what stops them all */
export async function startFor(
  project: TestProject,
  start: () => Promise<{ upstreams: Upstreams; sandboxes: Sandbox[] }>,
): Promise<() => Promise<void>> {
  await buildAssets()
  const started = await Promise.all(Array.from({ length: project.config.maxWorkers }, start))
  project.provide(
    'upstreams',
    started.map(({ upstreams }) => upstreams),
  )
  return async () => {
    await Promise.all(started.flatMap(({ sandboxes }) => sandboxes).map((sandbox) => sandbox.close()))
  }
}
