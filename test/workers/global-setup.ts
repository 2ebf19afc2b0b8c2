// Starts one sandbox, in Node, for all tests that run in workerd.
import type { TestProject } from 'vitest/node'
import { startSandbox } from '../../sandbox/server.ts'
import { buildViews } from '../../views/page.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sandboxUrl: string
    /** The setting TENANTS. */
    tenants: string
  }
}

/** The tests share its people; how much they do in a minute depends on the machine. */
export const REQUEST_LIMITS = { auth: 1_000_000, requests: 1_000_000, interactions: 100_000_000 }

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildViews()
  const sandbox = await startSandbox({ control: true, requestLimits: REQUEST_LIMITS })
  project.provide('sandboxUrl', sandbox.baseUrl)
  project.provide('tenants', '')
  return () => sandbox.close()
}
