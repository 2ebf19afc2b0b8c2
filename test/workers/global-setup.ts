// Starts one sandbox, in Node, for all tests that run in workerd.
import type { TestProject } from 'vitest/node'
import { startSandbox } from '../../sandbox/server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sandboxUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sandbox = await startSandbox({ control: true })
  project.provide('sandboxUrl', sandbox.baseUrl)
  return () => sandbox.close()
}
