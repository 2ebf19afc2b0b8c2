// Questions about much: batches, writes that destroy, and what is too long for a form.
import { describe, expect, test } from 'vitest'
import { DELETE, entryFor, POST, PUT } from '../../calls.ts'
import type { Resource } from '../world/medplum.ts'
import { sam } from '../world/world.ts'
import { ACCEPT, Decider, direct, exists, linkIn, writesDuring } from './confirming.ts'
import { access, asked, batch, call, make, medplum, refusal, setUp, shown, TASK } from './questioning.ts'

setUp()

const put = (resource: { resourceType: string; id: string; [name: string]: unknown }) =>
  entryFor('PUT', `${resource.resourceType}/${resource.id}`, resource)

test.each([
  ['a DELETE that an operation’s name hides in', (id: string) => DELETE(`Task/${id}?x=/$run`)],
  ['GraphQL of another kind', () => POST('$graphql', { query: 'subscription { Task { id } }' })],
])('%s is not sent unasked', async (_, args) => {
  const { id } = await make(TASK)
  const { question, isError, text } = await asked(args(String(id)))
  expect(question !== undefined || text.includes('/confirm/') || isError, text).toBe(true)
  expect(await exists(medplum, `Task/${id}`)).toBe(true)
})

describe('a batch', () => {
  test('names each change, and says what they add up to', async () => {
    const tasks = await Promise.all(Array.from({ length: 14 }, (_, at) => make({ ...TASK, description: `T${at}` })))
    const [gone, ...kept] = tasks as [Resource, ...Resource[]]
    const entries = kept.map((task) => put({ ...task, status: 'accepted' }))
    const lines = await shown(batch([...entries, entryFor('DELETE', `Task/${gone.id}`)]))
    expect(lines.slice(0, 3)).toEqual([
      '14 changes at once: 13 replacements, 1 deletion',
      `- Delete Task/${gone.id} "T0"`,
      'Also included:',
    ])
    for (const [at, { id }] of kept.entries()) expect(lines).toContain(`- Change Task/${id} "T${at + 1}"`)
    expect(lines.filter((line) => line === '  status: "requested" → "accepted"')).toHaveLength(13)
  })

  test('shows what a patch in it does, however it is written', async () => {
    const client = await make({ resourceType: 'ClientApplication', name: 'P' })
    const operation = { op: 'add', path: '/redirectUris', value: ['https://evil.example.com'] }
    const part = [
      { name: 'op', valueCode: 'add' },
      { name: 'path', valueString: operation.path },
      { name: 'value', valueString: JSON.stringify(operation.value) },
    ]
    for (const resource of [
      { resourceType: 'Binary', contentType: 'application/json-patch+json', data: btoa(JSON.stringify([operation])) },
      { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] },
    ]) {
      const lines = await shown(batch([entryFor('PATCH', `ClientApplication/${client.id}`, resource)]))
      expect(lines).toContain('  redirectUris[0]: added "https://evil.example.com"')
    }
  })

  test('of very many writes needs confirmation, and is refused if it has more than can be shown', async () => {
    const entries = (count: number) => batch(Array.from({ length: count }, () => entryFor('POST', 'Task', TASK)))
    expect((await shown(entries(50)))[0]).toBe('50 changes at once: 50 creations')
    expect(await refusal(entries(201))).toMatch(/it makes 201 changes.*split it/)
    const { question } = await call(access, entries(2))
    expect(question).toBeUndefined()
  })

  test('whose deletion depends on a search is refused without asking', async () => {
    const value = crypto.randomUUID()
    const { id } = await make({ ...TASK, identifier: [{ system: 'urn:q', value }] })
    const url = `Task?identifier=urn:q|${value}`
    expect(await refusal(batch([entryFor('DELETE', url)]))).toContain(`DELETE Task/${id}`)
  })

  test('that could not be carried out at all needs no confirmation', async () => {
    const url = `Task/${crypto.randomUUID()}`
    expect(await refusal(batch([entryFor('DELETE', url)]))).toContain('Medplum answers 404')
  })
})

describe('a write that destroys', () => {
  const PATIENT = {
    resourceType: 'Patient',
    name: [{ family: 'A', given: ['B'] }],
    birthDate: '1970-01-01',
    gender: 'female',
    telecom: [{ system: 'phone', value: '1' }],
  }

  test.each([
    ['PUT', (id: string) => ({ body: { resourceType: 'Patient', id, gender: 'female' } })],
    [
      'PUT by other values',
      (id: string) => ({
        body: {
          ...PATIENT,
          id,
          name: [{ family: 'X', given: ['Y'] }],
          birthDate: '1980-01-01',
          telecom: [{ system: 'phone', value: '2' }],
        },
      }),
    ],
    ['PATCH', () => ({ patch: ['name', 'birthDate', 'telecom'].map((name) => ({ op: 'remove', path: `/${name}` })) })],
  ])('most of a record, by %s, is asked about', async (how, content) => {
    const { id } = await make(PATIENT)
    const lines = await shown({ method: how.split(' ')[0], path: `Patient/${id}`, ...content(id) })
    expect(lines[1]).toMatch(/^most of the record would be lost: \d of its 6 values$/)
  })

  test('replaced hidden values count too', async () => {
    const url = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'
    const holder = (one: string) => ({
      resourceType: 'Basic',
      code: { text: 'Holder' },
      extension: [{ url, valueCoding: { system: `urn:${one}`, version: one, code: one, display: one } }],
    })
    const { id } = await make(holder('first'))
    const lines = await shown(PUT(`Basic/${id}`, { ...holder('second'), id }))
    expect(lines[1]).toBe('most of the record would be lost: 4 of its 6 values')
  })

  test('in a batch and by GraphQL too', async () => {
    const { id } = await make(PATIENT)
    const rest = { resourceType: 'Patient', id }
    expect((await shown(batch([put(rest)])))[1]).toBe(`- Change Patient/${id} "B A, born 1970-01-01"`)
    const query = `mutation { PatientUpdate(id: "${id}", res: {resourceType: "Patient", id: "${id}"}) { id } }`
    expect((await shown(POST('$graphql', { query })))[1]).toMatch(/^most of the record/)
  })

  test('is done once the person approves; a small change is done without asking', async () => {
    const patient = await make(PATIENT)
    const path = `Patient/${patient.id}`
    const small = await call(access, PUT(path, { ...patient, gender: 'other' }))
    expect(small).toMatchObject({ question: undefined, isError: false })
    const args = PUT(path, { resourceType: 'Patient', id: patient.id })
    const { question, state } = await asked(args)
    expect(question).toContain('most of the record')
    expect((await call(access, args, { state, responses: ACCEPT })).isError).toBe(false)
    expect(await (await direct(medplum, 'GET', path)).json()).not.toHaveProperty('name')
  })
})

test('what is too long for the client’s form is asked in full on the page, and done once approved there', async () => {
  const tasks = await Promise.all(Array.from({ length: 45 }, (_, at) => make({ ...TASK, description: `Long ${at}` })))
  const args = batch(tasks.map(({ id }) => entryFor('DELETE', `Task/${id}`)))
  const { text, question } = await asked(args)
  expect(question).toBeUndefined()
  expect(text).toContain('the question is too long for the client’s form')
  const browser = new Decider()
  const { html } = await browser.open(linkIn(text), sam)
  for (const at of tasks.keys()) expect(html).toContain(`"Long ${at}"`)
  await browser.decide(linkIn(text), sam, 'approved')
  const { result, writes } = await writesDuring(() => call(access, args))
  expect(result.isError).toBe(false)
  expect(writes).toEqual(['POST '])
  expect(await exists(medplum, `Task/${tasks[44]?.id}`)).toBe(false)
})

test('more than a page can hold is refused without asking', async () => {
  const entries = Array.from({ length: 2 }, () =>
    entryFor('POST', 'Bot', { resourceType: 'Bot', name: 'B', code: 'x'.repeat(250_000) }),
  )
  expect(await refusal(batch(entries))).toContain('more than a person can review at once')
})

test('a page holds nearly that much', async () => {
  const { id } = await make({ resourceType: 'Bot', name: 'B' })
  const code = `exports.handler = '${'漢'.repeat(300_000)}';`
  const lines = await shown(POST(`Bot/${id}/$deploy`, { code }))
  expect(lines.at(-1)).toBe(`  | ${code}`)
})

test('a line of code can’t look like another part of the question', async () => {
  const { id } = await make({ resourceType: 'Bot', name: 'B' })
  const code = 'exports.handler = a\nDelete nothing\u202e\r\nApproved already\u2028x'
  const lines = await shown(POST(`Bot/${id}/$deploy`, { code }))
  expect(lines.slice(-3)).toEqual([
    '  | exports.handler = a',
    '  | Delete nothing\\u202e',
    '  | Approved already\\u2028x',
  ])
})
