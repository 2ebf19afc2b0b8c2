// The cost of a call: CPU time of the process, and counts of what Cloudflare bills. Also the cost of an idle session.
import { setTimeout } from 'node:timers/promises'
import { median } from '../workerd.ts'
import { ask, type Call, forwarded, type Needle, session, stateless, stream } from './load-clients.ts'
import type { LoadWorld } from './load-world.ts'

const PATH = 'Patient/bench-fixed'
const CALLS = 400
const RUNS = 5
/** A little longer than the silence after which workerd, like Cloudflare, removes a hibernating object from memory. */
const ASLEEP_MS = 10_000 + 3_000

/** Per call. */
export interface Cost {
  name: string
  /** Clients that asked at the same time. */
  clients: number
  /** Milliseconds in all threads of the process, KV and objects among them. */
  cpu: number
  kvReads: number
  objectRequests: number
  rowsWritten: number
}

interface Counts {
  kvReads: number
  kvWrites: number
  objectRequests: number
  sessionsMade: number
  rowsWritten: number
}

/** Dollars for a million, beyond what a plan includes (Cloudflare's prices of November 2026). */
const PRICES = { request: 0.3, cpuMs: 0.02, kvRead: 0.5, objectRequest: 0.15, rowWritten: 1 }

/** Dollars for a million calls. */
export function dollars({ cpu, kvReads, objectRequests, rowsWritten }: Cost): number {
  return (
    PRICES.request +
    cpu * PRICES.cpuMs +
    kvReads * PRICES.kvRead +
    objectRequests * PRICES.objectRequest +
    rowsWritten * PRICES.rowWritten
  )
}

/** The cost of a call over each lane, with this many clients; of the other contestants, only the CPU time. */
export async function costs(
  { ours, counting, forward, reference, tokens }: LoadWorld,
  needle: Needle,
  numbers: readonly number[],
): Promise<Cost[]> {
  const made: Cost[] = []
  for (const clients of numbers) {
    const many = <T>(make: () => T) => Array.from({ length: clients }, make)
    const lanes = async (url: string, token: string): Promise<Record<string, Call[]>> => ({
      stateless: many(() => stateless(url, token, needle)),
      session: (await Promise.all(many(() => session(url, token, needle)))).map(({ call }) => call),
      SSE: (await Promise.all(many(() => stream(url, token, needle)))).map(({ call }) => call),
    })
    const counted = await lanes(counting.url, tokens.counting)
    for (const [name, calls] of Object.entries(await lanes(ours.url, tokens.ours))) {
      const cpu = await cpuPerCall(() => ours.cpu(), calls)
      const billed = await billedPerCall(counting.url, counted[name] ?? [])
      made.push({ name, clients, cpu, ...billed })
    }
  }
  const none = { clients: 16, kvReads: 0, objectRequests: 0, rowsWritten: 0 }
  const forwarding = Array.from({ length: 16 }, () => forwarded(forward.url, tokens.medplum, needle))
  const other = await Promise.all(Array.from({ length: 16 }, () => session(reference.url, tokens.medplum, needle)))
  made.push({ name: 'forwarding Worker', ...none, cpu: await cpuPerCall(() => forward.cpu(), forwarding) })
  const calls = other.map(({ call }) => call)
  made.push({ name: 'Node reference', ...none, cpu: await cpuPerCall(() => reference.cpu(), calls) })
  return made
}

async function spread(calls: readonly Call[], total: number): Promise<number> {
  const each = Math.max(1, Math.round(total / calls.length))
  await Promise.all(
    calls.map(async (call) => {
      for (let n = 0; n < each; n++) await call(PATH)
    }),
  )
  return each * calls.length
}

async function cpuPerCall(cpu: () => Promise<number>, calls: readonly Call[]): Promise<number> {
  await spread(calls, CALLS)
  const runs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const before = await cpu()
    const done = await spread(calls, CALLS)
    runs.push(((await cpu()) - before) / done)
  }
  return median(runs)
}

async function billedPerCall(url: string, calls: readonly Call[]): Promise<Omit<Cost, 'name' | 'clients' | 'cpu'>> {
  await spread(calls, calls.length)
  const before = await countsOf(url)
  const done = await spread(calls, CALLS)
  const after = await countsOf(url)
  const perCall = (name: keyof Counts) => (after[name] - before[name]) / done
  return { kvReads: perCall('kvReads'), objectRequests: perCall('objectRequests'), rowsWritten: perCall('rowsWritten') }
}

async function countsOf(url: string): Promise<Counts> {
  return JSON.parse((await ask(`${url}/bench/counts`, {})).text) as Counts
}

/** The cost of idle sessions. */
export interface Idle {
  sessions: number
  /** Bytes in storage, of the largest. */
  stored: number
  /** Bytes of memory each, while open. */
  memory: number
  /** How many had left memory after the silence, and answered anyway. */
  evicted: number
}

/** Opens sessions, leaves them alone, and comes back to each. */
export async function idleSessions({ counting, tokens }: LoadWorld, needle: Needle, sessions: number): Promise<Idle> {
  const { url } = counting
  const before = await counting.memory()
  const opened: Awaited<ReturnType<typeof session>>[] = []
  for (let n = 0; n < sessions; n++) {
    const one = await session(url, tokens.counting, needle)
    await one.call(PATH)
    opened.push(one)
  }
  const memory = ((await counting.memory()) - before) / sessions
  const sizes: number[] = []
  // One after the other: thousands of connections at once are refused.
  for (const { id } of opened) sizes.push(Number((await ask(`${url}/bench/session?stored=${id}`, {})).text))
  await setTimeout(ASLEEP_MS)
  const { sessionsMade } = await countsOf(url)
  for (const { call } of opened) await call(PATH)
  const evicted = (await countsOf(url)).sessionsMade - sessionsMade
  return { sessions, stored: Math.max(...sizes), memory, evicted }
}
