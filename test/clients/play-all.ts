/** Runs clients and hosts in parallel against one running Worker, which restarts halfway. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startWorker } from '../../programs/worker.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { startFront } from './front.ts'
import { type Adapter, LONG_MS, Play, STEPS, together } from './scenario.ts'

/** Prints each step's outcome. @returns the plays, and how many steps failed */
export async function playAll(
  adapters: readonly Adapter[],
  version: (adapter: Adapter) => string,
): Promise<{ plays: Play[]; failed: number }> {
  const [port, target] = [await freePort(), await freePort()]
  const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`], jobMs: LONG_MS })
  const state = await mkdtemp(join(tmpdir(), 'medplum-mcp-plays-'))
  const url = `http://localhost:${port}`
  const vars = { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID, PUBLIC_URL: url }
  const start = () => startWorker({ port: target, state, vars })
  let worker = await start()
  const front = await startFront(port, target)
  const plays = adapters.map((adapter) => new Play(adapter, { mcpUrl: `${url}/mcp`, expire: front.expire }))
  try {
    await together(plays, (play) => play.begin())
    await worker.stop()
    worker = await start()
    await together(plays, (play) => play.end())
  } finally {
    front.close()
    await worker.stop()
    await sandbox.close()
    await rm(state, { recursive: true, force: true })
  }
  for (const { adapter, outcomes } of plays) {
    console.log(`${adapter.name} ${version(adapter)}`)
    for (const step of STEPS) {
      const { passed, remark } = outcomes[step]
      console.log(`  ${step}: ${passed ? 'passed' : 'FAILED'}${remark && ` (${remark.slice(-400)})`}`)
    }
  }
  const all = plays.flatMap(({ outcomes }) => Object.values(outcomes))
  const failed = all.filter(({ passed }) => !passed).length
  console.log(`${all.length - failed} passed, ${failed} failed`)
  return { plays, failed }
}
