/** Where the sandbox was more lenient or stricter than a real Medplum 5.1.17; each answer below is that server's. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'

import { type Send, signedIn } from './client.ts'

let sandbox: Sandbox
let send: Send
let subject: string

beforeAll(async () => {
  sandbox = await startSandbox({})
  send = await signedIn(sandbox, SANDBOX_USERS.alice)
  const identifier = [{ system: 'urn:example', value: 'as-medplum' }]
  const patient = await send('POST', 'Patient', { resourceType: 'Patient', identifier })
  subject = `Patient/${String(patient.body.id)}`
  await send('POST', 'Observation', {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '4548-4' }] },
    subject: { reference: subject },
    effectiveDateTime: '2026-01-01T05:00:00Z',
    valueQuantity: { value: 5 },
  })
})
afterAll(() => sandbox.close())

it.each([
  ['code:in=http://x', 400, 'Invalid modifier :in for clinical-code'],
  ['code:below=4548-4', 400, 'Invalid modifier :below for clinical-code'],
  ['status:in=final', 200, 1],
  ['value-quantity=ap5.4', 200, 1],
  ['value-quantity=ap4', 200, 0],
  ['value-quantity=high', 400, 'invalid input syntax for type double precision'],
  ['date=ne2020-01-01', 200, 1],
  ['date=ge2026-01-01Z', 200, 1],
  ['date=lt2026-01-01Z', 200, 0],
  ['date=ge2026-01-01T00:00', 400, 'Invalid format for date search parameter: 2026-01-01T00:00'],
  ['date=2026', 400, 'Invalid date value: 2026'],
])('%s: %i %s', async (query, status, expected) => {
  const answer = await send('GET', `Observation?subject=${subject}&${query}`)
  expect(answer.status).toBe(status)
  if (typeof expected === 'string') expect(JSON.stringify(answer.body)).toContain(expected)
  else expect(((answer.body.entry ?? []) as unknown[]).length).toBe(expected)
})

it.each([
  ['_has:Condition:patient:nothing=1', 'Invalid search parameter at end of chain: Condition?nothing'],
  ['_has:Observation:nope:code=1', 'Invalid search parameter in chain: Observation?nope'],
])('refuses %s', async (query, expected) => {
  const { status, body } = await send('GET', `Patient?${query}`)
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(expected)])
})

it('finds by `ne` only records that have a date', async () => {
  const { body } = await send('GET', 'Patient?identifier=urn:example|as-medplum&birthdate=ne2000-01-01')
  expect(body.entry ?? []).toEqual([])
})

it('refuses :of-type', async () => {
  const { status, body } = await send('GET', 'Patient?identifier:of-type=http://x|MR|1')
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('Invalid modifier :of-type')])
})

it('resolves a conditional reference with a leading slash', async () => {
  const reference = '/Patient?identifier=urn:example|as-medplum'
  const task = { resourceType: 'Task', status: 'requested', intent: 'order', for: { reference } }
  expect((await send('POST', 'Task', task)).body.for).toMatchObject({ reference: subject })
})

it('links a cursor for several types, and refuses it', async () => {
  const first = await send('GET', '?_type=Patient,Observation&_sort=_lastUpdated&_count=20')
  const links = first.body.link as { relation: string; url: string }[]
  const next = links.find(({ relation }) => relation === 'next')?.url ?? ''
  expect(next).toContain('_cursor=')
  expect((await send('GET', `?${next.split('?')[1]}`)).status).toBe(400)
  expect((await send('GET', '?_type=Patient,Observation&_sort=_lastUpdated&_count=20&_offset=20')).status).toBe(200)
})

it.each([
  ['url=http://example.com/nothing&code=1', 'ConceptMap http://example.com/nothing not found'],
  ['code=1', 'No ConceptMap specified'],
])('ConceptMap/$translate?%s: %s', async (query, text) => {
  const { status, body } = await send('GET', `ConceptMap/$translate?${query}`)
  expect([status, body.issue]).toEqual([400, [expect.objectContaining({ details: { text } })]])
})
