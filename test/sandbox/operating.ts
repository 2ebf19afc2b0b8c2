// Operations in the default world, whose bot, schedule and agent make them do something.
import type { OperationOutcome } from '@medplum/fhirtypes'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { type Send, signedIn } from './client.ts'

export let sandbox: Sandbox

export let alice: Send

export let rita: Send

export let ada: Send

export const problem = ({ status, body }: { status: number; body: OperationOutcome }) => [
  status,
  body.issue[0]?.details?.text,
]

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    sandbox = await startSandbox({ control: true, agentWaitMs: 0 })
  })
  afterAll(() => sandbox.close())
  beforeEach(async () => {
    await fetch(`${sandbox.baseUrl}_sandbox/reset`, { method: 'POST' })
    alice = await signedIn(sandbox, SANDBOX_USERS.alice)
    rita = await signedIn(sandbox, SANDBOX_USERS.rita)
    ada = await signedIn(sandbox, SANDBOX_USERS.ada)
  })
}
