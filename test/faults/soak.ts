/**
 * The last part of `npm run test:faults`: two people with ten clients each act at random while Medplum fails in every possible way, its
 * clock is wrong, and the Worker is restarted. `-- --seconds 600` runs longer; `--seed 7` repeats a plan.
 */

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { deserialize } from 'node:v8'
import { WAYS, type Way } from '../../programs/clients.ts'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { type Send, signedIn } from '../sandbox/client.ts'
import { Actor } from './actor.ts'
import { type Found, Model, SYSTEM } from './model.ts'
import { Chance } from './random.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6))
const seconds = Number(values.seconds)
const CLIENTS_EACH = 10
const IDLE_S = 10
/** How long a code can be exchanged. */
const CODE_S = 600
const chance = new Chance(seed)
const skewMs = chance.pick([
  [1, -300_000],
  [1, 300_000],
] as const)
console.log(`Seed ${seed}, ${seconds} s, Medplum's clock off by ${skewMs / 1000} s`)

const { alice, ada } = SANDBOX_USERS
const state = await mkdtemp(join(tmpdir(), 'medplum-mcp-soak-'))
const port = await freePort()
const sandbox = await startSandbox({
  control: true,
  now: () => Date.now() + skewMs,
  redirectUris: [`http://localhost:${port}/oauth/callback`],
  requestLimits: { auth: 1e9, requests: 1e9, interactions: 1e9 },
})
const start = () =>
  startWorker({
    port,
    state,
    onOutput: noteEvents,
    vars: {
      MEDPLUM_BASE_URL: sandbox.baseUrl,
      MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID,
      SESSION_IDLE_HOURS: String(IDLE_S / 3600),
      UPSTREAM_TIMEOUT_SECONDS: '5',
      CONFIRM: 'never',
    },
  })
let worker: RunningWorker | undefined
const model = new Model()
try {
  worker = await start()
  const ways = Object.keys(WAYS) as Way[]
  const actors = [alice, ada].flatMap((user, person) =>
    Array.from({ length: CLIENTS_EACH }, (_, n) => {
      const number = person * CLIENTS_EACH + n
      const way = ways[n % ways.length] ?? 'Streamable HTTP 2026-07-28, SDK 2'
      return new Actor(number, user, way, `http://localhost:${port}`, new Chance(seed + 1 + number), model)
    }),
  )
  for (const actor of actors) await actor.begin()
  const until = Date.now() + seconds * 1000
  await Promise.all([...actors.map((actor) => actor.act(until)), misbehave(until), restart(until)])
  await control('DELETE', 'faults')
  for (const actor of actors) await actor.finish()
  const profileOf = (number: number) => `Practitioner/${actors[number]?.user.profileId}`
  model.settle(await everything(await signedIn(sandbox, alice)), profileOf)
  for (const done of ['create: done', 'update: done', 'read: done', 'whoami: done', 'refresh: 200']) {
    model.expect((model.counts.get(done) ?? 0) > 0, `no "${done}" ever succeeded`)
  }
  const left = await rowsLeft(Date.now() + (IDLE_S + 60) * 1000)
  model.expect(left.length === 0, `${left.length} rows are left in objects after the idle time: ${left.join(', ')}`)
} finally {
  await worker?.stop()
  await sandbox.close()
  await rm(state, { recursive: true, force: true })
}
for (const [what, count] of [...model.counts].sort()) console.log(`${String(count).padStart(6)}  ${what}`)
for (const broken of model.broken.slice(0, 20)) console.log(`BROKEN: ${broken}`)
if (model.broken.length > 0) console.log(`To repeat: npm run test:faults -- --seed ${seed} --seconds ${seconds}`)
console.log(`${model.broken.length === 0 ? 1 : 0} passed, ${model.broken.length} failed`)
process.exit(model.broken.length > 0 ? 1 : 0)

/** Counts the warnings in the Worker's log. */
function noteEvents(output: string): void {
  for (const [, event] of output.matchAll(/"event":"(\w+_failed|\w+_error)"/g)) model.count(`logged: ${event}`)
}

async function control(method: string, path: string, body?: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${sandbox.baseUrl}_sandbox/${path}`, { method, headers, body: JSON.stringify(body) ?? null })
}

/** Medplum's faults: slow, down, rate limits, connections lost before, within and after an answer, token endpoint down. */
async function misbehave(end: number): Promise<void> {
  const records = '^/fhir/R4/Basic'
  while (Date.now() < end) {
    const fault = chance.pick<object>([
      [3, { path: records, delayMs: 200 + chance.next() * 800 }],
      [2, { path: records, status: 503, body: 'away', times: 3 }],
      [1, { path: records, status: 429, body: { resourceType: 'OperationOutcome', issue: [] } }],
      [2, { path: records, drop: 'before' }],
      [2, { path: records, drop: 'after' }],
      [2, { path: records, drop: 'body' }],
      [1, { path: '^/oauth2/token', status: 503, body: 'away' }],
    ])
    await control('POST', 'faults', [fault])
    model.count('fault')
    await pause(100 + chance.next() * 400)
  }
}

/** The Worker is stopped in the middle of its work, and started with what was stored. */
async function restart(end: number): Promise<void> {
  const every = 20_000
  while (Date.now() + every < end) {
    await pause(every)
    await worker?.stop()
    worker = await start()
    model.count('restart')
  }
}

/** All that the run wrote. */
async function everything(send: Send): Promise<Found[]> {
  interface Basic {
    id: string
    identifier: { value: string }[]
    code: { text: string }
    meta: { author: { reference: string } }
  }
  const found: Found[] = []
  for (let offset = 0; ; offset += 500) {
    const path = `Basic?identifier=${SYSTEM}|&_sort=_id&_count=500&_offset=${offset}`
    const { body } = await send<{ entry?: { resource: Basic }[] }>('GET', path, undefined, {
      'x-medplum': 'extended',
    })
    for (const { resource } of body.entry ?? []) {
      const { id, identifier, code, meta } = resource
      found.push({ id, marker: identifier[0]?.value ?? '', text: code.text, author: meta.author.reference })
    }
    if ((body.entry ?? []).length < 500) return found
  }
}

/** What is left in the storage of all objects, once it is empty or the time is over. */
async function rowsLeft(deadline: number): Promise<string[]> {
  for (;;) {
    // If a journal ends while it is copied, it is read again.
    const left = await rows().catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && Date.now() < deadline) return undefined
      throw error
    })
    if (left && (left.length === 0 || Date.now() > deadline)) return left
    await pause(1000)
  }
}

/** Read in a copy: the Worker has the files locked. */
async function rows(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-soak-'))
  try {
    await cp(join(state, 'v3', 'do'), folder, { recursive: true })
    const files = (await readdir(folder, { recursive: true })).filter((name) => /[0-9a-f]{64}\.sqlite$/.test(name))
    if (files.length === 0) throw new Error('No object has stored anything')
    return files.flatMap((file) => {
      const left = rowsOf(join(folder, file))
      // A sign-in whose code could not be exchanged because of a restart stays as long as the code is valid.
      return isWaiting(left) ? [] : left.map(({ name }) => `${shortOf(file)} ${name}`)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** An object's class and the first digits of its id. */
function shortOf(file: string): string {
  const [name = '', id = ''] = file.split('/').slice(-2)
  return `${name.split('-').at(-1)} ${id.slice(0, 6)}`
}

interface Row {
  /** The key of a value, or the table and the row in it. */
  name: string
  /** As V8 serializes it. */
  value?: Uint8Array
}

/** What an object has stored: values, and rows of its tables. */
function rowsOf(file: string): Row[] {
  const database = new DatabaseSync(file)
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]
    return (
      tables
        // Miniflare keeps the name of every object that was ever called in a table of its own.
        .filter(({ name }) => name === '_cf_KV' || !/^(_cf|__miniflare)_/.test(name))
        .flatMap(({ name }) =>
          database
            .prepare(`SELECT * FROM "${name}"`)
            .all()
            .map((row) =>
              name === '_cf_KV'
                ? { name: String(row.key), value: row.value as Uint8Array }
                : { name: `${name} ${JSON.stringify(row)}` },
            ),
        )
    )
  } finally {
    database.close()
  }
}

/** Whether these are the rows of a sign-in that waits for its code, and no longer than it may. */
function isWaiting(rows: readonly Row[]): boolean {
  const expires = rows.find(({ name }) => name === 'expires')?.value
  const begun = rows.some(({ name }) => name === 'begun')
  if (!expires || begun) return false
  const left = Number(deserialize(expires)) - Date.now()
  return left > 0 && left <= CODE_S * 1000
}
