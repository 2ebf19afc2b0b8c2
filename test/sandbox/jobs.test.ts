/** Exports and asynchronous batches in the default world, and the setting that makes them slow. */

import type { AsyncJob, Bundle, Group, Patient } from '@medplum/fhirtypes'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'

import { type Send, signedIn } from './client.ts'

let clock = Date.now()
let sandbox: Sandbox
let alice: Send

beforeAll(async () => {
  sandbox = await startSandbox({ control: true, now: () => clock })
})
afterAll(() => sandbox.close())
beforeEach(async () => {
  await fetch(`${sandbox.baseUrl}_sandbox/reset`, { method: 'POST' })
  alice = await signedIn(sandbox, SANDBOX_USERS.alice)
})

const batch: Bundle = {
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ request: { method: 'GET', url: 'Patient?_count=1' } }],
}

async function started(...request: Parameters<Send>): Promise<string> {
  const { status, headers } = await alice(...request)
  expect(status).toBe(202)
  return headers.get('content-location') ?? ''
}

interface Manifest {
  output: { type: string; url: string }[]
}

it("exports a group's patients and what belongs to them", async () => {
  const patients = (await alice<Bundle<Patient>>('GET', 'Patient?_count=2')).body.entry ?? []
  const member = patients.map(({ resource }) => ({ entity: { reference: `Patient/${resource?.id}` } }))
  const group = { resourceType: 'Group', type: 'person', actual: true, member } satisfies Group
  const { id } = (await alice<Group>('POST', 'Group', group)).body
  const status = await started('GET', `Group/${id}/$export`)
  expect((await alice('GET', status)).status).toBe(202)
  clock += 300
  const { output } = (await alice<Manifest>('GET', status)).body
  const counts = Object.fromEntries(
    await Promise.all(
      output.map(async ({ type, url }) => [type, (await (await fetch(url)).text()).trim().split('\n').length]),
    ),
  )
  expect(counts.Patient).toBe(2)
  expect(counts.Observation).toBeGreaterThan(2)
  expect(counts).not.toHaveProperty('Practitioner')
})

it('forgets a cancelled export', async () => {
  const status = await started('GET', '$export?_type=Patient')
  await alice('DELETE', status)
  clock += 300
  expect((await alice('GET', status)).status).toBe(404)
})

it('takes as long as the settings say', async () => {
  await fetch(`${sandbox.baseUrl}_sandbox/settings`, { method: 'PUT', body: JSON.stringify({ jobMs: 5000 }) })
  const status = await started('POST', '', batch, { prefer: 'respond-async' })
  clock += 4999
  expect((await alice<AsyncJob>('GET', status)).body.status).toBe('accepted')
  clock += 1
  const { body: job } = await alice<AsyncJob>('GET', status)
  expect(job.status).toBe('completed')
  const result = await alice<Bundle>('GET', job.output?.parameter?.[0]?.valueReference?.reference ?? '')
  expect(result.body.entry?.[0]?.response?.status).toBe('200')
})
