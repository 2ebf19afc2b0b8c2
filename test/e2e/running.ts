// Everything on this machine: the sandbox, and the Worker in front of it.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { launch } from './browser.ts'

export interface Running {
  sandbox: Sandbox
  worker: RunningWorker
  stop(): Promise<void>
}

/** @param vars settings of the Worker besides those that lead it to the sandbox */
export async function startBoth(vars: Record<string, string> = {}, options: SandboxOptions = {}): Promise<Running> {
  const port = await freePort()
  const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`], ...options })
  const medplum = { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID }
  const worker = await startWorker({ port, vars: { ...medplum, ...vars } }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  return {
    sandbox,
    worker,
    async stop() {
      await worker.stop()
      await sandbox.close()
    },
  }
}

/** The sandbox, the Worker and a browser, for the tests of a describe. */
export function startAll(): { readonly worker: RunningWorker; readonly browser: Browser; readonly sandbox: Sandbox } {
  let both: Running
  let browser: Browser
  beforeAll(async () => {
    both = await startBoth()
    browser = await launch()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await both?.stop()
  })
  return {
    get worker() {
      return both.worker
    },
    get sandbox() {
      return both.sandbox
    },
    get browser() {
      return browser
    },
  }
}
