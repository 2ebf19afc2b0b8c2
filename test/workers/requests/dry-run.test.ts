// A dry run says what would change and whether Medplum would accept it, and changes nothing.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, POST, PUT } from '../../calls.ts'
import { direct, exists, writesDuring } from '../confirm/confirming.ts'
import { deployment, say } from '../world/deployment.ts'
import { fhir } from '../world/mcp.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { ada, alice, sandbox } from '../world/world.ts'

let access: string
let medplum: string

beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
})

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
const HEAD = 'DRY RUN: nothing was changed. The request would do this now:'
const VALID = 'Valid: Medplum’s check finds no error in what would be stored.'

/** The lines after the first, and what arrived at Medplum except reads. */
async function dry(args: Record<string, unknown>): Promise<{ lines: string[]; writes: string[]; isError: boolean }> {
  const { result, writes } = await writesDuring(() => fhir(access, { ...args, dryRun: true }))
  const [first, ...lines] = result.text.split('\n')
  if (!result.isError) expect(first).toBe(HEAD)
  return { lines: result.isError ? [first ?? '', ...lines] : lines, writes, isError: result.isError }
}

async function versionOf(path: string): Promise<unknown> {
  const { meta } = await (await direct(medplum, 'GET', path)).json<Resource>()
  return (meta as { versionId: string }).versionId
}

describe('of a create', () => {
  test.each([
    ['identifier=../$graphql', 'identifier=..%2F$graphql'],
    ['identifier=x/$execute', 'identifier=x%2F$execute'],
    ['identifier=%24reindex/$reindex', 'identifier=$reindex%2F$reindex'],
  ])('with %s searches for that value, and runs no operation', async (ifNoneExist, query) => {
    const args = POST('Task', TASK, { ifNoneExist, dryRun: true })
    const { result, requests } = await sandbox.during(() => fhir(access, args))
    expect(result.isError, result.text).toBe(false)
    const places = requests.map(({ path }) => path.split('?', 1)[0] ?? '')
    expect(places.filter((place) => place.includes('$') && !place.endsWith('/$validate'))).toEqual([])
    expect(JSON.stringify(requests)).toContain(query)
  })

  test('says what would be created, and that it is valid', async () => {
    expect(await dry(POST('Task', TASK))).toEqual({
      lines: ['Create Task "Call back"', VALID],
      writes: ['POST Task/$validate'],
      isError: false,
    })
  })

  test('says what is not valid', async () => {
    const { lines, writes } = await dry(POST('Task', { ...TASK, foo: 1 }))
    expect(lines.slice(0, 2)).toEqual(['Create Task "Call back"', 'Not valid:'])
    expect(lines.join('\n')).toContain('foo')
    expect(writes).toEqual(['POST Task/$validate'])
  })

  test.each([
    ['nothing', (key: string) => `identifier=urn:none|${key}`, 'finds nothing, so it would be created'],
    ['one', (key: string) => `identifier=urn:dry|${key}`, 'finds an existing record, so nothing would be created'],
  ])('says what its condition would find: %s', async (_, search, says) => {
    const key = crypto.randomUUID()
    await create(medplum, { ...TASK, identifier: [{ system: 'urn:dry', value: key }] })
    const { lines } = await dry(POST('Task', TASK, { ifNoneExist: search(key) }))
    expect(lines.join('\n')).toContain(says)
  })
})

describe('of a change', () => {
  test('PUT shows what differs', async () => {
    const { id } = await create(medplum, TASK)
    const version = await versionOf(`Task/${id}`)
    const { description: _, ...rest } = TASK
    const body = { ...rest, id, status: 'accepted', note: [{ text: 'a' }] }
    expect(await dry(PUT(`Task/${id}`, body))).toEqual({
      lines: [
        `Change Task/${id} "Call back"`,
        'status: "requested" → "accepted"',
        'description: removed "Call back"',
        'note: added [{"text":"a"}]',
        VALID,
      ],
      writes: ['POST Task/$validate'],
      isError: false,
    })
    expect(await versionOf(`Task/${id}`)).toBe(version)
  })

  test('PATCH is applied here, and the result is checked', async () => {
    const { id } = await create(medplum, TASK)
    const patch = [
      { op: 'test', path: '/status', value: 'requested' },
      { op: 'replace', path: '/status', value: 'accepted' },
      { op: 'add', path: '/bar', value: 1 },
    ]
    const { lines, writes } = await dry({ method: 'PATCH', path: `Task/${id}`, patch })
    expect(lines.slice(0, 4)).toEqual([
      `Change Task/${id} "Call back"`,
      'status: "requested" → "accepted"',
      'bar: added 1',
      'Not valid:',
    ])
    expect(writes).toEqual(['POST Task/$validate'])
  })

  test('a PATCH that does not fit says where', async () => {
    const { id } = await create(medplum, TASK)
    const patch = [{ op: 'remove', path: '/note' }]
    const { lines, writes } = await dry({ method: 'PATCH', path: `Task/${id}`, patch })
    expect(lines).toEqual([
      `PATCH Task/${id}: the patch does not fit the record as it is, operation 0: there is nothing at /note`,
    ])
    expect(writes).toEqual([])
  })

  test('a version that is not current would be refused', async () => {
    const { id } = await create(medplum, TASK)
    const { lines } = await dry(PUT(`Task/${id}`, { ...TASK, id }, { ifMatch: 'old' }))
    expect(lines).toContainEqual(
      expect.stringContaining('It would be refused: ifMatch does not name the current version'),
    )
  })
})

describe('of a deletion', () => {
  test('names what would be deleted', async () => {
    const { id } = await create(medplum, TASK)
    const { lines, writes } = await dry(DELETE(`Task/${id}`))
    expect({ lines, writes }).toEqual({ lines: [`Delete Task/${id} "Call back"`], writes: [] })
    expect(await exists(medplum, `Task/${id}`)).toBe(true)
  })

  test('names what a search finds, if it is one', async () => {
    const value = crypto.randomUUID()
    const { id } = await create(medplum, { ...TASK, identifier: [{ system: 'urn:dry', value }] })
    const path = `Task?identifier=urn:dry|${value}`
    expect((await dry(DELETE(path))).lines).toEqual([`Delete Task/${id} "Call back"`])
    await create(medplum, { ...TASK, identifier: [{ system: 'urn:dry', value }] })
    expect((await dry(DELETE(path))).lines[0]).toContain('finds more than one Task')
    expect(await exists(medplum, `Task/${id}`)).toBe(true)
  })
})

test('of a batch, entry by entry', async () => {
  const [changed, gone] = await Promise.all([create(medplum, TASK), create(medplum, TASK)])
  const body = bundleOf('batch', [
    entryFor('GET', 'Patient?_count=1'),
    entryFor('POST', 'Task', { ...TASK, status: 1 }),
    entryFor('PUT', `Task/${changed.id}`, { ...TASK, id: changed.id, status: 'accepted' }),
    entryFor('DELETE', `Task/${gone.id}`),
    entryFor('POST', `ClientApplication/${crypto.randomUUID()}/$rotate-secret`),
    entryFor('DELETE', `Task/${crypto.randomUUID()}`),
  ])
  const { lines, writes } = await dry(POST('', body))
  const numbered = lines.filter((line) => /^\d/.test(line))
  expect(numbered).toEqual([
    '0. GET Patient?_count=1: reads or searches, changes nothing',
    '1. Create Task "Call back"',
    `2. Change Task/${changed.id} "Call back"`,
    `3. Delete Task/${gone.id} "Call back"`,
    expect.stringMatching(/^4\. POST ClientApplication\/.*can’t be known in advance$/),
    expect.stringMatching(/^5\. DELETE Task\/.*: Medplum answers 404 when it is read$/),
  ])
  expect(lines.slice(2, 4)).toEqual(['   Not valid:', expect.stringContaining('status')])
  expect(lines).toContain('   status: "requested" → "accepted"')
  expect([...new Set(writes)]).toEqual(['POST Task/$validate'])
  expect(await exists(medplum, `Task/${gone.id}`)).toBe(true)
})

test.each([
  ['an operation', POST('Bot/$execute')],
  ['an operation that only writes', POST('Appointment/$book', { resourceType: 'Parameters' })],
  ['GraphQL', POST('$graphql', { query: 'mutation { TaskDelete(id: "1") }' })],
])('is refused for %s', async (_, args) => {
  const { lines, writes, isError } = await dry(args)
  expect(isError).toBe(true)
  expect(lines[0]).toContain('effect of an operation can’t be known in advance. Nothing was sent.')
  expect(writes).toEqual([])
})

test('a read is just a read', async () => {
  const { isError, text } = await fhir(access, GET('Patient?_count=1', { dryRun: true }))
  expect(isError).toBe(false)
  expect(JSON.parse(text)).toMatchObject({ resourceType: 'Bundle' })
})

test('the tools that only write or delete have it too', async () => {
  const ask = deployment({ TOOLS: 'directory' })
  const { id } = await create(medplum, TASK)
  const { result, writes } = await writesDuring(() =>
    say(ask, access, 'fhir-delete', { path: `Task/${id}`, dryRun: true }),
  )
  expect(result.text).toBe(`${HEAD}\nDelete Task/${id} "Call back"`)
  const args = POST('Task', TASK, { dryRun: true })
  expect((await say(ask, access, 'fhir-write', args)).text).toContain('Create Task')
  expect(writes).toEqual([])
})

test.each([
  { resourceType: 'AccessPolicy', name: 'a', resource: [{ resourceType: 'Patient', criteria: 'Patient?nmae=x' }] },
  {
    resourceType: 'Subscription',
    status: 'off',
    reason: 'a',
    criteria: 'Patient?nmae=x',
    channel: { type: 'rest-hook', endpoint: 'https://example.com/' },
  },
])('a rule with an unknown search parameter gets a warning, tried or stored: $resourceType', async (body) => {
  const args = POST(body.resourceType, body)
  const ask = deployment({})
  const admin = (await signIn(ada, undefined, 'admin')).access
  for (const dryRun of [true, false]) {
    const { all } = await say(ask, admin, 'fhir-request', { ...args, dryRun })
    expect(all).toContain('Patient has no search parameter')
  }
})

test('an entry of a batch is named correctly', async () => {
  const entry = [entryFor('POST', 'Patient', { resourceType: 'Patient', name: [{ given: ['Ann'] }] })]
  const { lines } = await dry(POST('', bundleOf('batch', entry)))
  expect(lines[0]).toBe('0. Create Patient "Ann"')
})

test('what governs access is shown as in a confirmation: all of it, new or changed', async () => {
  const admin = (await signIn(ada, undefined, 'admin')).access
  const types = Array.from({ length: 45 }, (_, at) => ({ resourceType: 'Patient', criteria: `Patient?name=n${at}` }))
  const policy = { resourceType: 'AccessPolicy', name: 'Open', resource: [...types, { resourceType: '*' }] }
  const made = await create(await medplumToken(ada), {
    resourceType: 'AccessPolicy',
    name: 'Open',
    resource: types.slice(0, 1),
  })
  for (const [args, head] of [
    [POST('AccessPolicy', policy), 'Create AccessPolicy "Open"'],
    [PUT(`AccessPolicy/${made.id}`, { ...policy, id: made.id }), `Change AccessPolicy/${made.id} "Open"`],
  ] as const) {
    const { isError, text } = await fhir(admin, { ...args, dryRun: true })
    expect(isError, text).toBe(false)
    expect(text.split('\n')[1]).toBe(head)
    for (const { criteria } of types.slice(1)) expect(text).toContain(criteria)
    expect(text).toMatch(/resource\[45\]\.resourceType: (added )?"\*"/)
  }
})
