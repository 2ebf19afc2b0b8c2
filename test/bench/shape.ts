// The cost of shaping an answer: workerd's CPU time for a Bundle of about a megabyte, compared with merely writing and parsing it as JSON.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { startSandbox } from '../../sandbox/server.ts'

import { type Send, signedIn } from '../sandbox/client.ts'
import { bundle, firstAnswer, median, serve, type Workerd } from './workerd.ts'

const GOAL_MS = 60
const RUNS = 7
/** How often a request shapes the Bundle: often, so that the rest of the request hardly counts. */
const TIMES = 10
const MAX_BODY = 1_000_000

/** Prints CPU milliseconds for each Bundle: of the first shaping in a fresh isolate, and of one among many. */
export async function shape(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-shape-'))
  try {
    await writeFile(join(folder, 'wrangler.toml'), wranglerConfiguration())
    const script = await bundle(join(folder, 'out'), join(folder, 'wrangler.toml'))
    await writeFile(join(folder, 'worker.mjs'), script)
    for (const { name, body } of await bodies()) {
      const runs: Run[] = []
      for (let run = 0; run < RUNS; run++) runs.push(await measure(folder, body))
      print(name, body, runs)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Run {
  first: number
  shaping: number
  json: number
}

async function bodies(): Promise<{ name: string; body: string }[]> {
  const sandbox = await startSandbox()
  try {
    const send = await signedIn(sandbox, SANDBOX_USERS.alice)
    return [
      { name: 'Observation?_count=1000', body: await read(send, 'Observation?_count=1000') },
      { name: 'Patient/ID/$everything', body: await read(send, `Patient/${PATIENT_IDS.diabetic}/$everything`) },
    ]
  } finally {
    await sandbox.close()
  }
}

/** The answer as JSON, with as many of its entries as fit into a megabyte. */
async function read(send: Send, path: string): Promise<string> {
  const { body } = await send<{ entry: unknown[] }>('GET', path)
  const { entry, ...rest } = body
  let left = MAX_BODY
  const kept = entry.filter((one) => {
    left -= JSON.stringify(one).length + 1
    return left >= 0
  })
  return JSON.stringify({ ...rest, entry: kept })
}

async function measure(folder: string, body: string): Promise<Run> {
  const workerd = await serve(folder, configuration)
  try {
    await firstAnswer(workerd.url, 200)
    const cost = (query: string) => cpuFor(workerd, query, body)
    await cost('')
    const first = (await cost('shape=1')) - (await cost(''))
    await cost(`shape=${TIMES}&json=${TIMES}`)
    const none = await cost('')
    return {
      first,
      shaping: ((await cost(`shape=${TIMES}`)) - none) / TIMES,
      json: ((await cost(`json=${TIMES}`)) - none) / TIMES,
    }
  } finally {
    await workerd.stop()
  }
}

/** CPU milliseconds of one request. */
async function cpuFor({ url, cpu }: Workerd, query: string, body: string): Promise<number> {
  const before = await cpu()
  const response = await fetch(`${url}/?${query}`, { method: 'POST', body })
  const text = await response.text()
  if (!response.ok) throw new Error(`The Worker answered ${response.status}: ${text}`)
  return (await cpu()) - before
}

function print(name: string, body: string, runs: readonly Run[]): void {
  const of = (figure: keyof Run) => median(runs.map((run) => run[figure]))
  const [shaping, json] = [of('shaping'), of('json')]
  console.log(`${name}, ${(body.length / 1e6).toFixed(2)} MB (median of ${runs.length} processes)`)
  console.log(
    `  shaping         ${shaping.toFixed(1)} ms CPU, ${(shaping / json).toFixed(1)} × JSON both ways at ${json.toFixed(1)} ms (goal: at most ${GOAL_MS} ms)`,
  )
  console.log(`  the first time  ${of('first').toFixed(1)} ms CPU in a fresh isolate`)
}

function wranglerConfiguration(): string {
  return `name = "shape"
main = ${JSON.stringify(fileURLToPath(new URL('shape-worker.ts', import.meta.url)))}
compatibility_date = "2026-10-01"
minify = true
`
}

function configuration(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-10-01",
);
`
}
