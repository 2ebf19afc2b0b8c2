/** Runs the Worker on this machine, in workerd under `wrangler dev`, with its state in a folder that is thrown away. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
const START_TIMEOUT_MS = 60_000

export interface RunningWorker {
  /** Origin, without a trailing slash. */
  url: string
  /** Everything that the Worker and wrangler printed so far. */
  output(): string
  stop(): Promise<void>
}

export interface WorkerOptions {
  port: number
  /** Settings; PUBLIC_URL is added. */
  vars: Record<string, string>
  /** Configuration file, instead of the project's wrangler.toml. */
  config?: string
  /** Folder that keeps KV and objects, instead of one that is thrown away. */
  state?: string
  /** Sees each chunk of output. */
  onOutput?: (text: string) => void
}

/**
 * Starts the Worker and waits until it answers.
 *
 * @throws with the Worker's own words when it doesn't start, such as the name of a missing setting
 */
export async function startWorker({
  port,
  vars,
  config,
  state: kept,
  onOutput,
}: WorkerOptions): Promise<RunningWorker> {
  const url = `http://localhost:${port}`
  const state = kept ?? (await mkdtemp(join(tmpdir(), 'medplum-mcp-')))
  const settings = Object.entries({ PUBLIC_URL: url, ...vars }).flatMap(([name, value]) => [
    '--var',
    `${name}:${value}`,
  ])
  const child = spawn(
    process.execPath,
    [
      ...[WRANGLER, 'dev', '--port', String(port), '--ip', '127.0.0.1', '--inspector-port', '0', '--persist-to', state],
      ...['--show-interactive-dev-session=false', ...(config ? ['--config', config] : []), ...settings],
    ],
    {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: 'false',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        CI: 'true',
        FORCE_COLOR: '0',
      },
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      onOutput?.(text)
    })
  }
  const exited = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      try {
        process.kill(-child.pid, 'SIGTERM')
      } catch {
        // It ended by itself meanwhile.
      }
      await exited
    }
    if (kept === undefined) await rm(state, { recursive: true, force: true })
  }
  try {
    await answering(`${url}/health`, exited)
  } catch (error) {
    await stop()
    throw new Error(`The Worker did not start: ${(error as Error).message}\n${output}`)
  }
  return { url, output: () => output, stop }
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('No free port')
  return address.port
}

async function answering(url: string, exited: Promise<unknown>): Promise<void> {
  let ended = false
  exited.then(() => {
    ended = true
  })
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (ended) throw new Error('it ended')
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    if (response && response.status === 503) throw new Error(await response.text())
    if (Date.now() > deadline) throw new Error(`no answer within ${START_TIMEOUT_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
