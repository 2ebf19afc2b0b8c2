// Where the time of a call goes: the same call, ended after each of its stages, in one workerd.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Call, session, stateless, stream } from './load/load-clients.ts'
import { FAMILY, openWorld } from './load/load-world.ts'
import { median } from './workerd.ts'

const PATH = 'Patient/bench-fixed'
const CLIENTS = 16
const CALLS = 100
const ROUNDS = 9

const STAGES: Record<string, string> = {
  read: 'the request is read and gets a fixed answer',
  forwarded: 'read, and Medplum’s answer returned unchanged, as by the forwarding Worker',
  parsed: 'read, and Medplum’s answer parsed and rewritten',
  admitted: 'host, origin, limits and token checked, then a fixed answer',
  served: 'these checks, and a tool of an MCP server that gives a fixed answer',
  asked:
    'these checks, and a tool that asks Medplum, parses the answer and returns it without checking, shaping or auditing',
}

/** Prints the CPU time of workerd for a call, after each stage and over each lane. */
export async function stages(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-stages-'))
  const world = await openWorld(folder, 'stages-worker.ts')
  try {
    const { url, cpu } = world.ours
    const { ours: token } = world.tokens
    const many = <T>(make: () => T) => Array.from({ length: CLIENTS }, make)
    const streams = await Promise.all(many(() => stream(url, token, FAMILY)))
    const contestants: Record<string, Call[]> = {
      ...Object.fromEntries(
        Object.entries(STAGES).map(([stage, what]) => [what, many(() => stateless(url, token, FAMILY, stage))]),
      ),
      'complete, stateless': many(() => stateless(url, token, FAMILY)),
      'complete, in a session': (await Promise.all(many(() => session(url, token, FAMILY)))).map(({ call }) => call),
      'complete, over SSE': streams.map(({ call }) => call),
    }
    const taken = new Map<string, number[]>()
    for (let round = -1; round < ROUNDS; round++) {
      for (const [name, calls] of Object.entries(contestants)) {
        const before = await cpu()
        await Promise.all(
          calls.map(async (call) => {
            for (let n = 0; n < CALLS; n++) await call(PATH)
          }),
        )
        const each = ((await cpu()) - before) / (CALLS * CLIENTS)
        // The first round only warms up.
        if (round >= 0) taken.set(name, [...(taken.get(name) ?? []), each])
      }
    }
    for (const { close } of streams) close()
    const forwarded = median(taken.get(STAGES.forwarded ?? '') ?? [])
    console.log('| a call, up to this stage | CPU ms | compared with forwarding |\n| --- | ---: | ---: |')
    for (const [name, values] of taken) {
      console.log(`| ${name} | ${median(values).toFixed(2)} | ${(median(values) / forwarded).toFixed(1)} × |`)
    }
  } finally {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
}
