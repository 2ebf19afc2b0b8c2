// Two Workers of this project in front of the server: one under wrangler with its defaults, and one in plain workerd, without
// confirmations and limits, for measurements and recipes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startWorker } from '../../programs/worker.ts'
import { productFor, runWorker } from '../bench/load/load-world.ts'
import { firstAnswer } from '../bench/workerd.ts'
import type { Ground } from './ground.ts'
import { appOf } from './recorded.ts'

export interface Workers {
  /** Root of the Medplum App. */
  app: string
  /** Origin of the one that asks a person before deletions. */
  asking: string
  /** Origin of the one in plain workerd. */
  plain: string
  stop(): Promise<void>
}

export async function startWorkers(ground: Ground): Promise<Workers> {
  const ports = [await freePort(), await freePort()] as const
  const redirectUris = ports.map((port) => `http://localhost:${port}/oauth/callback`)
  const client = await ground.client('Medplum MCP', { redirectUris })
  const app = await appOf(ground.url, client.id, redirectUris[0] ?? '')
  const vars = { MEDPLUM_BASE_URL: ground.url, MEDPLUM_CLIENT_ID: client.id, MEDPLUM_APP_URL: app, MAX_ACCESS: 'admin' }
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-'))
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one()
  }
  try {
    const asking = await startWorker({ port: ports[0], vars })
    stops.push(() => asking.stop())
    const plain = await runWorker(join(folder, 'plain'), await productFor(folder), ports[1], {
      ...vars,
      CONFIRM: 'never',
    })
    stops.push(() => plain.stop())
    await firstAnswer(`${plain.url}/mcp`, 401)
    return { app, asking: asking.url, plain: plain.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
