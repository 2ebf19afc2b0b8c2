// The cookbook, end to end: runs each chapter of docs/cookbook.md and compares the document with the results.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectedClient, connect, SignIn, type Way } from '../../programs/clients.ts'
import type { RunningWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import type { Sandbox } from '../../sandbox/server.ts'

import { LEVELS, type Level } from '../../src/access/access.ts'
import { USES } from './cookbook.ts'
import { chapter, page, tell } from './cookbook-page.ts'
import { type Kept, type Person, take } from './recipe.ts'
import { type Running, startBoth } from './running.ts'

const TRANSPORTS = [
  'Streamable HTTP 2026-07-28, SDK 2',
  'Streamable HTTP 2025-11-25, SDK 1',
  'HTTP+SSE 2024-11-05, SDK 1',
] as const satisfies Way[]

let both: Running
let sandbox: Sandbox
let worker: RunningWorker

beforeAll(async () => {
  both = await startBoth(
    { MAX_ACCESS: 'admin', CONFIRM: 'never' },
    {
      control: true,
      // Long enough that a caller who waits for an export gets progress.
      jobMs: 1500,
    },
  )
  ;({ sandbox, worker } = both)
}, 60_000)

afterAll(async () => {
  await both?.stop()
})

describe.each(TRANSPORTS)('%s', (way) => {
  const chapters: string[] = []
  let clients: Record<Person, ConnectedClient>

  beforeAll(async () => {
    // Each transport finds the clinic unchanged, so that all of them get the same answers.
    await fetch(`${sandbox.baseUrl}_sandbox/reset`, { method: 'POST' })
    const signedIn = (person: Person) => connect(way, worker.url, new SignIn(SANDBOX_USERS[person]))
    clients = { alice: await signedIn('alice'), ada: await signedIn('ada') }
  }, 60_000)

  afterAll(async () => {
    for (const client of Object.values(clients ?? {})) await client.close()
  })

  test.each(USES)('$title', async (use) => {
    const kept: Kept = new Map()
    const told: string[] = []
    const levels: Level[] = []
    for (const step of use.steps) {
      const answer = await take(step, clients[step.as ?? 'alice'], kept)
      // A real Medplum may be done at once; the sandbox isn't.
      if (step.progress) expect(answer.progress).not.toEqual([])
      told.push(tell(step, answer, kept))
      levels.push(answer.level)
    }
    chapters.push(chapter(use, told, LEVELS.findLast((level) => levels.includes(level)) ?? 'read'))
  })

  test('is what docs/cookbook.md shows', async () => {
    expect(chapters).toHaveLength(USES.length)
    await expect(page(chapters, USES)).toMatchFileSnapshot('../../docs/cookbook.md')
  })
})
