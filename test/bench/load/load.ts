// Load and cost: the product over each of its lanes, compared with the FHIR API itself, a Worker that only forwards, and the server that
// people would otherwise run. All take turns in one run, so that the machine's noise affects them equally.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../workerd.ts'
import { type Call, direct, forwarded, session, stateless, stream } from './load-clients.ts'
import { type Cost, costs, idleSessions } from './load-cost.ts'
import { plot, type Row, tables } from './load-report.ts'
import { FAMILY, type LoadWorld, openWorld, storedPatient } from './load-world.ts'

/** How much to measure: enough for figures, for better ones, or only for what must always hold. */
const EXTENTS = {
  usual: { rounds: 3, turnMs: 500, clients: [1, 16, 128], idle: 200 },
  full: { rounds: 9, turnMs: 2_000, clients: [1, 16, 128], idle: 1_000 },
  brief: { rounds: 1, turnMs: 150, clients: [1, 16], idle: 20 },
} as const
/** How long each contestant runs in each round, in ms. */
const {
  rounds: ROUNDS,
  turnMs: TURN_MS,
  clients: CLIENTS,
  idle: USUAL_IDLE,
} = process.argv.includes('--full') ? EXTENTS.full : process.argv.includes('--brief') ? EXTENTS.brief : EXTENTS.usual
const { values: given } = parseArgs({ options: { idle: { type: 'string' } }, strict: false })
const IDLE = Number(given.idle ?? USUAL_IDLE)
/** Maximum billed operations of a call over each lane, apart from occasional notes. */
const BOUNDS: Record<string, Pick<Cost, 'kvReads' | 'objectRequests' | 'rowsWritten'>> = {
  stateless: { kvReads: 0.05, objectRequests: 1.1, rowsWritten: 0.1 },
  session: { kvReads: 0.05, objectRequests: 2.1, rowsWritten: 0.1 },
  SSE: { kvReads: 0.05, objectRequests: 2.1, rowsWritten: 0.1 },
}
const MAX_IDLE_BYTES = 20 * 1024
const DOCUMENT = new URL('../../../docs/performance.md', import.meta.url)
const PICTURE = new URL('../../../docs/images/performance.svg', import.meta.url)

/** One of those that are measured: the calls of so many clients of it. */
interface Contestant {
  name: string
  calls: Call[]
}

/**
 * Prints the figures; with `--write`, puts them into docs/performance.md and its picture. `--full` takes longer, `--brief` less;
 * `--idle 5000` opens so many sessions and leaves them alone.
 */
export async function load(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-load-'))
  const world = await openWorld(folder)
  try {
    const { contestants, close } = await enter(world, Math.max(...CLIENTS))
    const upstreams = {
      fixed: 'Patient/bench-fixed',
      'after 10 ms': 'Patient/bench-slow',
      sandbox: `Patient/${await storedPatient(world)}`,
    }
    for (const contestant of contestants) await turn(contestant, upstreams.fixed, 16, 500)
    const rows: Row[] = []
    for (const [upstream, path] of Object.entries(upstreams)) {
      for (const clients of CLIENTS) rows.push(...(await race(contestants, upstream, path, clients)))
    }
    const billed = await costs(world, FAMILY, CLIENTS)
    const idle = await idleSessions(world, FAMILY, IDLE)
    close()
    const text = tables(rows, billed, idle)
    console.log(text)
    if (process.argv.includes('--write')) await publish(text, rows)
    const answered = rows.reduce((sum, row) => sum + row.answers, 0)
    promise(answered > 0, 'something was answered')
    for (const cost of billed) {
      promise(cost.cpu > 0.01, `${cost.name}, ${cost.clients} clients: CPU ${cost.cpu} > 0.01 ms was measured`)
      for (const [unit, most] of Object.entries(BOUNDS[cost.name] ?? {})) {
        const used = cost[unit as keyof typeof BOUNDS.session]
        promise(used <= most, `${cost.name}, ${cost.clients} clients: ${unit} ${used} <= ${most} a call`)
      }
    }
    promise(idle.stored <= MAX_IDLE_BYTES, `an idle session stores ${idle.stored} <= ${MAX_IDLE_BYTES} bytes`)
    promise(idle.evicted === idle.sessions, 'every idle session left memory and came back')
    console.log(`${answered} passed, 0 failed`)
  } finally {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws if a promise is broken; figures alone never throw */
function promise(kept: boolean, what: string): void {
  if (!kept) throw new Error(`Broken: ${what}`)
}

async function enter(world: LoadWorld, most: number) {
  const { ours, forward, reference, fixedUrl, sandboxUrl, tokens } = world
  const many = <T>(make: () => T) => Array.from({ length: most }, make)
  const one = (call: Call) => many(() => call)
  const fixed = direct(fixedUrl, tokens.medplum, FAMILY)
  const stored = direct(sandboxUrl, tokens.medplum, FAMILY)
  const sessions = await Promise.all(many(() => session(ours.url, tokens.ours, FAMILY)))
  const streams = await Promise.all(many(() => stream(ours.url, tokens.ours, FAMILY)))
  const others = await Promise.all(many(() => session(reference.url, tokens.medplum, FAMILY)))
  const contestants: Contestant[] = [
    { name: 'direct', calls: one((path) => (path.includes('/bench-') ? fixed(path) : stored(path))) },
    { name: 'forwarding Worker', calls: one(forwarded(forward.url, tokens.medplum, FAMILY)) },
    { name: 'stateless', calls: one(stateless(ours.url, tokens.ours, FAMILY)) },
    { name: 'session', calls: sessions.map(({ call }) => call) },
    { name: 'SSE', calls: streams.map(({ call }) => call) },
    { name: 'Node reference', calls: others.map(({ call }) => call) },
  ]
  return { contestants, close: () => streams.forEach((one) => void one.close()) }
}

interface Turn {
  /** Milliseconds of each answer. */
  times: number[]
  /** Answers a second. */
  rate: number
}

/** Runs this many clients, each of which sends its next request as soon as it has an answer. */
async function turn({ calls }: Contestant, path: string, clients: number, ms: number): Promise<Turn> {
  const times: number[] = []
  const began = performance.now()
  await Promise.all(
    calls.slice(0, clients).map(async (call) => {
      for (let at = performance.now(); at - began < ms; ) {
        await call(path)
        const now = performance.now()
        times.push(now - at)
        at = now
      }
    }),
  )
  return { times, rate: (times.length / (performance.now() - began)) * 1000 }
}

/** Runs all contestants in turns. @returns the median of the rounds for each */
async function race(contestants: Contestant[], upstream: string, path: string, clients: number): Promise<Row[]> {
  const turns = new Map(contestants.map(({ name }) => [name, [] as Turn[]]))
  for (let round = 0; round < ROUNDS; round++) {
    // Each round begins with a different contestant.
    for (let n = 0; n < contestants.length; n++) {
      const contestant = contestants[(n + round) % contestants.length]
      if (contestant) turns.get(contestant.name)?.push(await turn(contestant, path, clients, TURN_MS))
    }
  }
  return [...turns].map(([name, taken]) => ({
    name,
    upstream,
    clients,
    p50: median(taken.map(({ times }) => percentile(times, 0.5))),
    p95: median(taken.map(({ times }) => percentile(times, 0.95))),
    p99: median(taken.map(({ times }) => percentile(times, 0.99))),
    rate: median(taken.map(({ rate }) => rate)),
    answers: taken.reduce((sum, { times }) => sum + times.length, 0),
  }))
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

const [BEGIN, END] = ['<!-- figures: npm run bench -- load --write -->', '<!-- end of figures -->']

async function publish(text: string, rows: readonly Row[]): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8')
  const [head, tail] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (head < 0 || tail < head) throw new Error(`docs/performance.md lacks its markers: ${BEGIN} and ${END}`)
  await writeFile(DOCUMENT, `${document.slice(0, head + BEGIN.length)}\n\n${text}\n\n${document.slice(tail)}`)
  await writeFile(PICTURE, plot(rows))
}
