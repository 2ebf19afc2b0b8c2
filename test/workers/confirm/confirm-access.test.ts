// A person is asked only what the connection may do: what it may not is refused first, whatever tool, client or level.
import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { covers, LEVELS, type Level } from '../../../src/access/access.ts'
import type { Kind } from '../../../src/access/risk/routes.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice } from '../world/world.ts'
import { type Answer, calls, linkIn, writesDuring } from './confirming.ts'
import { CLIENTS, sdk2 } from './real-clients.ts'

const NEEDED: Record<Kind, Level> = { read: 'read', write: 'write', delete: 'full', operate: 'full', admin: 'admin' }

let task: string
let client: string
/** A record with much to lose. */
let rich: string
const access = new Map<Level, string>()
const accessOf = (level: Level) => access.get(level) ?? ''

beforeAll(async () => {
  const token = await medplumToken()
  task = `Task/${(await create(token, { resourceType: 'Task', status: 'requested', intent: 'order' })).id}`
  const much = { status: 'requested', intent: 'order', description: 'a', priority: 'asap', note: [{ text: 'b' }] }
  rich = `Task/${(await create(token, { resourceType: 'Task', ...much })).id}`
  client = `ClientApplication/${(await create(token, { resourceType: 'ClientApplication', name: 'x' })).id}`
  for (const level of LEVELS) access.set(level, (await signIn(alice, undefined, level)).access)
})

const batch = (...requests: [string, string][]) => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: requests.map(([method, url]) => ({
    request: { method, url },
    ...(method === 'POST' && { resource: { resourceType: url, code: { text: 'note' } } }),
  })),
})

/** What each tool can be asked to do, by kind. Before all but reads the person is asked: the policy is `write`. */
const ASKED: [string, Kind, () => Record<string, unknown>][] = [
  ['fhir-request', 'write', () => ({ method: 'POST', path: 'Basic', body: { resourceType: 'Basic', code: {} } })],
  [
    'fhir-request',
    'write',
    () => ({ method: 'PATCH', path: task, patch: [{ op: 'add', path: '/priority', value: 'asap' }] }),
  ],
  ['fhir-request', 'delete', () => ({ method: 'DELETE', path: task })],
  ['fhir-request', 'delete', () => ({ method: 'POST', path: '', body: batch(['GET', 'Task'], ['DELETE', task]) })],
  ['fhir-request', 'delete', () => ({ method: 'POST', path: '', text: JSON.stringify(batch(['DELETE', task])) })],
  ['fhir-request', 'operate', () => ({ method: 'POST', path: `Patient/$export` })],
  ['fhir-request', 'admin', () => ({ method: 'POST', path: `${task}/$expunge` })],
  [
    'fhir-request',
    'admin',
    () => ({ method: 'POST', path: 'ClientApplication', body: { resourceType: 'ClientApplication' } }),
  ],
  ['fhir-request', 'admin', () => ({ method: 'DELETE', path: client })],
  [
    'fhir-request',
    'delete',
    () => ({
      method: 'POST',
      path: '$graphql',
      contentType: 'application/graphql',
      text: `mutation { TaskDelete(id: "${task.slice(5)}") { id } }`,
    }),
  ],
  ['fhir-write', 'write', () => ({ method: 'POST', path: 'Basic', body: { resourceType: 'Basic', code: {} } })],
  ['fhir-delete', 'delete', () => ({ path: task })],
  ['fhir-delete', 'delete', () => ({ path: '', body: batch(['DELETE', task]) })],
  ['fhir-operate', 'operate', () => ({ method: 'POST', path: `Patient/$export` })],
  ['fhir-operate', 'admin', () => ({ method: 'POST', path: `${task}/$expunge` })],
]

const DEPLOYMENT = (tool: string, maxAccess: Level) => ({
  ...{ CONFIRM: 'write', MAX_ACCESS: maxAccess },
  TOOLS: tool === 'fhir-request' ? 'default' : 'directory',
})
const wasAsked = ({ question, text }: Answer) => question !== undefined || text.includes('/confirm/')

describe.each([...LEVELS])('at %s', (level) => {
  // Where no more can be had there is no step-up: the tool alone decides.
  describe.each([...new Set([level, 'admin'] as const)])('where %s is offered', (offered) => {
    test.each([
      ['by the client', { elicitation: { form: {} } }],
      ['by a page', {}],
    ])('nobody is asked %s for what the connection may not do', async (_, capabilities) => {
      const { writes } = await writesDuring(async () => {
        for (const [tool, kind, args] of ASKED) {
          const call = calls(DEPLOYMENT(tool, offered))
          const answer = await call(accessOf(level), args(), { capabilities, tool })
          const what = `${tool} ${JSON.stringify(args())}: ${answer.question ?? answer.text}`
          expect(wasAsked(answer) || /Nothing was changed/.test(answer.text), what).toBe(covers(level, NEEDED[kind]))
          if (!covers(level, NEEDED[kind]))
            expect(answer.text, what).toMatch(/needs the access level.*Nothing was sent/)
        }
      })
      expect(writes).toEqual([])
    })
  })
})

test.each([
  [
    'that removes most of a record',
    () => ({ method: 'PUT', path: rich, body: { resourceType: 'Task', id: rich.slice(5) } }),
  ],
  [
    'of very many records',
    () => ({
      method: 'POST',
      path: '',
      body: batch(...Array.from({ length: 50 }, () => ['POST', 'Basic'] as [string, string])),
    }),
  ],
])('nobody is asked about a write %s where the connection may only read', async (_, args) => {
  for (const level of ['read', 'write'] as const) {
    for (const capabilities of [{ elicitation: { form: {} } }, {}]) {
      const { result, writes } = await writesDuring(() =>
        calls({ MAX_ACCESS: level })(accessOf(level), args(), { capabilities }),
      )
      expect(wasAsked(result), result.text).toBe(level === 'write')
      expect(writes).toEqual([])
    }
  }
})

test.each(Object.entries(CLIENTS))('no client asks a person in vain: %s', async (_, connect) => {
  const asked: string[] = []
  const connected = await connect(accessOf('read'), async (message) => {
    asked.push(message)
    return { action: 'decline' }
  })
  // A client may also end the call itself when it is told by HTTP that it lacks a scope.
  const said = await connected
    .call({ method: 'DELETE', path: task })
    .catch((error: unknown) => ({ text: String(error) }))
  expect(said.text).not.toContain('/confirm/')
  expect(asked).toEqual([])
  await connected.close()
})

test('a client without forms gets no link for what can’t happen, and one for what can', async () => {
  const low = await sdk2(accessOf('write'), 'modern')
  const said = await low.call({ method: 'DELETE', path: task }).catch((error: unknown) => ({ text: String(error) }))
  expect(said.text).not.toContain('/confirm/')
  await low.close()
  const high = await sdk2(accessOf('full'), 'modern')
  expect(linkIn((await high.call({ method: 'DELETE', path: task })).text)).toContain('/confirm/')
  await high.close()
})

test.each([
  ['DELETE', {}],
  ['PATCH', { patch: [{ op: 'add', path: '/priority', value: 'asap' }] }],
])('nobody is asked about a version that is gone: %s', async (method, given) => {
  const args = { method, path: task, ...given, ifMatch: crypto.randomUUID() }
  for (const capabilities of [{ elicitation: { form: {} } }, {}]) {
    const answer = await calls({ CONFIRM: 'write' })(accessOf('admin'), args, { capabilities })
    expect(wasAsked(answer), answer.text).toBe(false)
    expect(answer.text).toMatch(/^Nothing was (deleted|changed): `ifMatch` does not name the current version/)
  }
})

describe('in a narrowed connection', () => {
  test.each([
    ['a type that it may not see', { types: 'Observation' }, () => ({ method: 'DELETE', path: task })],
    [
      'another patient',
      { patient: PATIENT_IDS.diabetic },
      () => ({ method: 'DELETE', path: `Patient/${PATIENT_IDS.depressed}` }),
    ],
    [
      'a batch',
      { patient: PATIENT_IDS.diabetic },
      () => ({ method: 'POST', path: '', body: batch(['DELETE', `Patient/${PATIENT_IDS.depressed}`]) }),
    ],
    [
      'an operation',
      { patient: PATIENT_IDS.diabetic },
      () => ({ method: 'POST', path: `Patient/${PATIENT_IDS.diabetic}/$expunge` }),
    ],
  ])('nobody is asked about %s', async (_, narrowing, args) => {
    const { access: narrow } = await signIn(alice, undefined, 'admin', narrowing)
    for (const capabilities of [{ elicitation: { form: {} } }, {}]) {
      for (const more of [{}, { dryRun: true }]) {
        const answer = await calls()(narrow, { ...args(), ...more }, { capabilities })
        expect(wasAsked(answer), answer.question ?? answer.text).toBe(false)
        expect(answer.isError, answer.text).toBe(true)
      }
    }
  })
})
