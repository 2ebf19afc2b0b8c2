// Where the time of a call goes: the same call, answered after each of the stages that it passes, in one workerd.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Call, session, stateless, stream } from './load-clients.ts'
import { FAMILY, openWorld } from './load-world.ts'
import { median } from './workerd.ts'

const PATH = 'Patient/bench-fixed'
const CLIENTS = 16
const CALLS = 100
const ROUNDS = 9

const STAGES: Record<string, string> = {
  read: 'the call is read, and answered by something fixed',
  forwarded: 'read, and the answer of Medplum given back as it is: what a forwarding Worker does',
  parsed: 'read, and the answer of Medplum parsed and written again',
  admitted: 'host, origin, limits and token checked, then something fixed',
  served: 'admitted, and a tool of an MCP server answers something fixed',
  asked: 'admitted, and a tool asks Medplum, parses the answer and gives it back: no check, shape or audit',
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
      'all of it, stateless': many(() => stateless(url, token, FAMILY)),
      'all of it, in a session': (await Promise.all(many(() => session(url, token, FAMILY)))).map(({ call }) => call),
      'all of it, over SSE': streams.map(({ call }) => call),
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
    console.log('| a call, until | CPU ms | compared with forwarding |\n| --- | ---: | ---: |')
    for (const [name, values] of taken) {
      console.log(`| ${name} | ${median(values).toFixed(2)} | ${(median(values) / forwarded).toFixed(1)} × |`)
    }
  } finally {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
}
