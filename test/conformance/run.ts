/**
 * `npm run test:conformance`: the official conformance suite, against this project's transports with the suite's fixtures
 * behind them, and against the real Worker, signed in, with the sandbox as its Medplum.
 */

import { freePort, startWorker } from '../../programs/worker.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { runAuthorization } from './authorization.ts'
import { PRODUCT_SCENARIOS, runProduct } from './product.ts'
import { type Part, report, withoutRequests } from './report.ts'
import { runSuite } from './suite.ts'

const TIMEOUT_MS = 180_000

const ending = new AbortController()
const ended = new Promise<never>((_, reject) => {
  ending.signal.addEventListener('abort', () => reject(ending.signal.reason))
})
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => ending.abort(new Error(`Stopped by ${name}.`)))
}
setTimeout(() => ending.abort(new Error(`Not done within ${TIMEOUT_MS / 1000} s.`)), TIMEOUT_MS).unref()

const started: Promise<{ stop(): Promise<void> }>[] = []

/** Starts something that must be stopped in any case, even if the run ends while it starts. */
function keep<T extends { stop(): Promise<void> }>(start: () => Promise<T>): Promise<T> {
  ending.signal.throwIfAborted()
  const starting = start()
  started.push(starting)
  return starting
}

async function stopAll(): Promise<void> {
  ending.abort(new Error('Done.'))
  await Promise.allSettled(started.map(async (starting) => (await starting).stop()))
}

async function fixtures(): Promise<Part[]> {
  const port = await freePort()
  const worker = await keep(() => startWorker({ port, vars: {}, config: 'test/conformance/wrangler.toml' }))
  const required = (revision: string) =>
    runSuite(['server', '--url', `${worker.url}/mcp`, '--requirements', revision, '--timeout', '15000'], ending.signal)
  return [
    { title: '2026-07-28, fixtures', run: await required('2026-07-28'), expected: 37, log: worker.output() },
    { title: '2025-11-25, fixtures', run: await required('2025-11-25'), expected: 30, log: worker.output() },
  ]
}

async function product(): Promise<Part[]> {
  const port = await freePort()
  const sandbox = await keep(async () => {
    const { baseUrl, close } = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`] })
    return { baseUrl, stop: close }
  })
  const vars = {
    MEDPLUM_BASE_URL: sandbox.baseUrl,
    // As a deployment has it; the suite looks for the offer.
    CLIENT_DOCUMENTS: 'on',
    MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID,
    MAX_ACCESS: 'admin',
    CONFIRM: 'never',
  }
  const worker = await keep(() => startWorker({ port, vars }))
  return [
    {
      title: 'authorization server',
      run: await runAuthorization(worker.url, ending.signal),
      expected: 2,
      log: worker.output(),
    },
    {
      title: 'product, signed in',
      run: await runProduct(worker.url, ending.signal),
      expected: PRODUCT_SCENARIOS,
      productTools: true,
      log: worker.output(),
    },
  ]
}

try {
  const parts = await Promise.race([Promise.all([fixtures(), product()]), ended])
  const { passed, failed, lines } = report(parts.flat())
  console.log(`${lines.join('\n')}\n\n${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? withoutRequests(error.message) : error)
  process.exitCode = 1
} finally {
  await stopAll()
}
