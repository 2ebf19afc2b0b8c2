/** Bots really run: on the sandbox's records, with the right person's rights, and with a time limit. */

import type { Bot, OperationOutcome, Task } from '@medplum/fhirtypes'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'

import { type Send, signedIn } from './client.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const MAKES_A_TASK = `
const { createReference: referTo } = require('@medplum/core')
exports.handler = async function (medplum, event) {
  const patient = await medplum.searchOne('Patient', { _count: '1' })
  return medplum.createResource({
    resourceType: 'Task', status: 'requested', intent: 'order', for: referTo(patient), description: event.input.what,
  })
};`
const NEVER_ENDS = 'exports.handler = async (medplum) => { await medplum.searchOne("Patient", ""); while (true) {} }'

let sandbox: Sandbox
let ada: Send
let alice: Send
let rita: Send

beforeAll(async () => {
  sandbox = await startSandbox()
  ada = await signedIn(sandbox, SANDBOX_USERS.ada)
  alice = await signedIn(sandbox, SANDBOX_USERS.alice)
  rita = await signedIn(sandbox, SANDBOX_USERS.rita)
})
afterAll(() => sandbox.close())

let bot: Bot

beforeEach(async () => {
  const identifier = [{ system: 'https://example.com/bots', value: crypto.randomUUID() }]
  const helper = { resourceType: 'Bot', name: 'Helper', identifier, runtimeVersion: 'vmcontext' }
  bot = (await alice<Bot>('POST', 'Bot', helper)).body
})

const deploy = (code: string) => alice('POST', `Bot/${bot.id}/$deploy`, { code }, JSON_TYPE)
const execute = <T>(send: Send, input: unknown) => send<T>('POST', `Bot/${bot.id}/$execute`, input, JSON_TYPE)

it('works on the records with the rights of the caller', async () => {
  await deploy(MAKES_A_TASK)
  const done = await execute<Task>(alice, { what: 'Call back' })
  expect(done.body).toMatchObject({ resourceType: 'Task', description: 'Call back' })
  expect((await alice<Task>('GET', `Task/${done.body.id}`)).body.for?.reference).toMatch(/^Patient\//)
  const refused = await execute<OperationOutcome>(rita, { what: 'Call back' })
  expect([refused.status, refused.body.issue[0]?.details?.text]).toEqual([400, 'Forbidden'])
})

it('works with its own rights if it was created by $init, even for a read-only caller', async () => {
  bot = (await ada<Bot>('POST', 'Bot/$init', { name: 'Own rights' }, JSON_TYPE)).body
  await ada('POST', `Bot/${bot.id}/$deploy`, { code: MAKES_A_TASK }, JSON_TYPE)
  expect((await execute<Task>(rita, { what: 'Call back' })).body.description).toBe('Call back')
})

it('is found by its identifier', async () => {
  await deploy('exports.handler = async (medplum, { input }) => "got " + input;')
  const { system, value } = bot.identifier?.[0] ?? {}
  const done = await alice('POST', `Bot/$execute?identifier=${system}|${value}`, 'this', {
    'content-type': 'text/plain',
  })
  expect(done.body).toBe('got this')
})

it('gets an HL7 message parsed, and must return text', async () => {
  const hl7 = { 'content-type': 'x-application/hl7-v2+er7' }
  await deploy(
    'exports.handler = async (_, { input }) => input.getSegment("PID") ? input.header.getField(9).toString() : {};',
  )
  const run = (message: string) => alice<string>('POST', `Bot/${bot.id}/$execute`, message, hl7)
  expect((await run('MSH|^~\\&|A|B|C|D|20260901||ADT^A01|1|P|2.5\rPID|1')).body).toBe('ADT^A01')
  expect((await run('MSH|^~\\&|A|B|C|D|20260901||ADT^A01|1|P|2.5')).body).toBe('[object Object]')
})

it('is stopped when its time is up', async () => {
  await alice('PUT', `Bot/${bot.id}`, { ...bot, timeout: 1 })
  await deploy(NEVER_ENDS)
  const stopped = await execute<OperationOutcome>(alice, {})
  expect([stopped.status, stopped.body.issue[0]?.details?.text]).toEqual([
    400,
    'Script execution timed out after 1000ms',
  ])
})

it('fails without code', async () => {
  const failed = await execute<OperationOutcome>(alice, {})
  expect(failed.body.issue[0]?.details?.text).toBe('No executable code')
})

it('fails if nothing says what runs it', async () => {
  const { body } = await alice<Bot>('POST', 'Bot', { resourceType: 'Bot', name: 'No runtime' })
  const failed = await alice<OperationOutcome>('POST', `Bot/${body.id}/$execute`, {}, JSON_TYPE)
  expect(failed.body.issue[0]?.details?.text).toBe('Unsupported bot runtime')
})
