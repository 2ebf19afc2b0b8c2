/** Runs the Worker on this machine, in workerd under `wrangler dev`, with its state in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeChanged } from '../scripts/write-changed.ts'
import type { Tethered } from './tether.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Wrangler itself, without its launcher, which only checks the version of Node. */
const WRANGLER = join(ROOT, 'node_modules/wrangler/wrangler-dist/cli.js')
const TETHER = new URL('tether.ts', import.meta.url).href
const START_TIMEOUT_MS = 60_000
const ANSWER_TIMEOUT_MS = 5_000
const STOP_TIMEOUT_MS = 5_000

export interface RunningWorker {
  /** Origin, without a trailing slash. */
  url: string
  /** Everything that the Worker and wrangler printed so far. */
  output(): string
  stop(): Promise<void>
  /** Settles when it ends, whether or not it was asked to. */
  ended: Promise<void>
}

interface WorkerOptions {
  port: number
  /** Settings; PUBLIC_URL is added. */
  vars: Record<string, string>
  /** Configuration file, instead of the project's wrangler.toml. */
  config?: string
  /** Folder that keeps KV and objects, instead of a temporary one. */
  state?: string
  /** Called with each chunk of output. */
  onOutput?: (text: string) => void
  /** Stops a start that is under way. */
  signal?: AbortSignal
}

/**
 * Starts the Worker and waits until it answers. It ends with this process, however that ends (tether.ts).
 *
 * @throws with the Worker's message when it doesn't start, such as the name of a missing setting
 */
export async function startWorker({
  port,
  vars,
  config,
  state: kept,
  onOutput,
  signal,
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
      ...['--no-warnings', '--import', TETHER],
      ...[WRANGLER, 'dev', '--port', String(port), '--ip', '127.0.0.1', '--inspector-port', '0', '--persist-to', state],
      ...['--show-interactive-dev-session=false', '--config', config ?? (await withPrograms()), ...settings],
    ],
    {
      cwd: ROOT,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: 'false',
        // Its request log shows which server answers.
        WRANGLER_LOG: 'log',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        CI: 'true',
        FORCE_COLOR: '0',
        // Wrangler is ten megabytes of code, which this compiles once for all starts.
        NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'),
      },
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      onOutput?.(text)
    })
  }
  const ended = endOf(child)
  const stop = async () => {
    if (child.connected) child.disconnect()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
    if (kept === undefined) await rm(state, { recursive: true, force: true })
  }
  try {
    await answering(url, { output: () => output, ended, signal })
  } catch (error) {
    await stop()
    signal?.throwIfAborted()
    throw new Error(`The Worker did not start: ${(error as Error).message}\n${output}`)
  }
  return { url, output: () => output, stop, ended }
}

/** The project's configuration with what a free plan doesn't have: isolates for programs. @returns its path */
async function withPrograms(): Promise<string> {
  const path = join(ROOT, 'wrangler.start.toml')
  const text = `${await readFile(join(ROOT, 'wrangler.toml'), 'utf8')}\n[[worker_loaders]]\nbinding = "LOADER"\n`
  await writeChanged(path, text)
  return path
}

/** Settles when a process has ended with everything that it started, even if it was killed and could not clean up. */
async function endOf(child: ChildProcess): Promise<void> {
  let started: number[] = []
  child.on('message', (message) => {
    // Wrangler also sends messages.
    if (typeof message === 'object' && 'tethered' in message) ({ tethered: started } = message as Tethered)
  })
  await once(child, 'exit')
  for (const pid of started) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
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

interface Starting {
  output(): string
  ended: Promise<void>
  signal: AbortSignal | undefined
}

/**
 * Waits until this Worker answers at the address: whatever else may listen there, only this one logs the
 * requested nonce.
 */
async function answering(url: string, { output, ended, signal }: Starting): Promise<void> {
  const nonce = randomUUID()
  let over = false
  ended.then(() => {
    over = true
  })
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (over) throw new Error('it ended')
    signal?.throwIfAborted()
    // Another server may accept the request and never answer.
    const patience = AbortSignal.any([AbortSignal.timeout(ANSWER_TIMEOUT_MS), ...(signal ? [signal] : [])])
    const response = await fetch(`${url}/health/${nonce}`, { redirect: 'manual', signal: patience }).catch(
      () => undefined,
    )
    const text = (await response?.text().catch(() => '')) ?? ''
    if (output().includes(nonce)) {
      if (response?.status === 503) throw new Error(text)
      return
    }
    if (Date.now() > deadline) throw new Error(`no answer within ${START_TIMEOUT_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
