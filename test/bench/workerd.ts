// A Worker of this project alone in workerd, without wrangler around it, so that the CPU time of its process is its own.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../programs/worker.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/**
 * The runtime itself. Where npm runs no install scripts, `workerd/bin/workerd` is a Node program that starts it, and killing that
 * program leaves the runtime running.
 */
const { default: WORKERD } = createRequire(import.meta.url)('workerd') as { default: string }

/** Bundles as a deployment does, into `folder`; the configuration is the project's by default. */
export async function bundle(folder: string, config = join(ROOT, 'wrangler.toml')): Promise<Buffer> {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', config, '--outdir', folder],
    { cwd: ROOT, env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  )
  const [script] = (await readdir(folder)).filter((name) => name.endsWith('.js'))
  return readFile(join(folder, script ?? 'index.js'))
}

export interface Workerd {
  /** Origin, without a trailing slash. */
  url: string
  /** CPU milliseconds that the process has used so far, in all its threads. */
  cpu(): Promise<number>
  /** Bytes of memory that the process holds. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/**
 * Starts a fresh workerd; it may not listen yet.
 *
 * @param folder where `configuration` finds what it embeds
 * @param configuration of the service `main` in Cap'n Proto, for a port
 */
export async function serve(folder: string, configuration: (port: number) => string, port?: number): Promise<Workerd> {
  port ??= await freePort()
  await writeFile(join(folder, 'config.capnp'), configuration(port))
  const child = spawn(WORKERD, ['serve', join(folder, 'config.capnp')], {
    stdio: process.env.DEBUG_WORKERD ? 'inherit' : 'ignore',
  })
  const exited = once(child, 'exit')
  return {
    url: `http://localhost:${port}`,
    cpu: () => cpuOf(child.pid ?? 0),
    memory: () => memoryOf(child.pid ?? 0),
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Waits for the first answer of a Worker that has just been started. */
export async function firstAnswer(url: string, status: number): Promise<void> {
  for (;;) {
    const response = await fetch(url, { method: 'POST' }).catch(() => undefined)
    if (response) {
      const text = await response.text()
      if (response.status !== status) throw new Error(`The first answer was ${response.status}: ${text}`)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** CPU milliseconds of a process, by the first figure of each thread's `schedstat`, in nanoseconds (Linux). */
export async function cpuOf(pid: number): Promise<number> {
  let nanoseconds = 0
  for (const task of await readdir(`/proc/${pid}/task`)) {
    nanoseconds += Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0])
  }
  return nanoseconds / 1e6
}

/** Bytes of resident memory, by the second figure of `statm`, in pages of 4 KiB (Linux). */
async function memoryOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]) * 4096
}

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle - 0.5)] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
