// What is hidden survives a write: a model that reads a record, changes something else and writes it back loses no secret.
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, GET, POST, PUT } from '../calls.ts'
import { writesDuring } from './confirming.ts'
import { fhir } from './mcp.ts'
import { medplumToken, type Resource } from './medplum.ts'
import { signIn } from './signing-in.ts'
import { SANDBOX, sam, sandbox } from './world.ts'

const SECRET = 'unmistakable-secret'
const secret = (n: number) => `${SECRET}-${n}`
const PROVIDER = {
  authorizeUrl: 'https://idp.example.com/a',
  tokenUrl: 'https://idp.example.com/t',
  userInfoUrl: 'https://idp.example.com/u',
  clientId: 'c',
  clientSecret: secret(3),
}
const SIGNING = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'

/** A record of each type that holds secrets and can be written by this API, and what of it a model changes. */
const RECORDS: [resource: { resourceType: string; [name: string]: unknown }, changed: string][] = [
  [
    {
      resourceType: 'ClientApplication',
      name: 'a',
      secret: secret(1),
      retiringSecret: secret(2),
      identityProvider: PROVIDER,
    },
    'name',
  ],
  [{ resourceType: 'Bot', name: 'a', code: secret(1) }, 'name'],
  [
    {
      resourceType: 'Subscription',
      status: 'off',
      reason: 'a',
      criteria: 'Task',
      channel: {
        type: 'rest-hook',
        endpoint: `https://example.com/flow/${crypto.randomUUID()}?x=1`,
        header: [`Authorization: Bearer ${secret(1)}`, `X-Key:${secret(2)}`],
      },
      extension: [
        { url: 'https://example.com/other', valueString: 'kept' },
        { url: SIGNING, valueString: secret(3) },
      ],
    },
    'reason',
  ],
  [
    {
      resourceType: 'Project',
      name: 'a',
      secret: [
        { name: 'A', valueString: secret(1) },
        { name: 'B', valueBoolean: true },
        { name: 'C', valueInteger: 47114711 },
      ],
      systemSecret: [{ name: 'A', valueString: secret(2) }],
    },
    'name',
  ],
  [
    {
      resourceType: 'User',
      firstName: 'a',
      lastName: 'b',
      email: 'put-back@example.com',
      passwordHash: secret(1),
      mfaSecret: secret(2),
    },
    'firstName',
  ],
  [
    {
      resourceType: 'UserSecurityRequest',
      type: 'reset',
      user: { reference: 'User/5a9d0000-0000-4000-8000-000000000011' },
      secret: secret(1),
      redirectUri: 'https://a.example.com',
    },
    'redirectUri',
  ],
]

let access: string
let medplum: string

beforeAll(async () => {
  access = (await signIn(sam)).access
  medplum = await medplumToken(sam)
})

async function direct(method: string, path: string, body?: object): Promise<Resource> {
  const headers = { authorization: `Bearer ${medplum}`, 'content-type': 'application/fhir+json' }
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
  const response = await fetch(`${SANDBOX}fhir/R4/${path}`, init)
  if (!response.ok) throw new Error(`Medplum answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** A call whose answer holds no secret. */
async function call(args: Record<string, unknown>): Promise<{ isError: boolean; text: string }> {
  const answer = await fhir(access, args)
  expect(JSON.stringify(answer)).not.toMatch(/unmistakable-secret|47114711/)
  return answer
}

async function read(path: string): Promise<Resource> {
  return JSON.parse((await call(GET(path, { format: 'json' }))).text)
}

const withoutMeta = ({ meta: _, ...resource }: Resource) => resource

describe.each(RECORDS)('$resourceType', (resource, changed) => {
  let path: string
  let before: Resource

  beforeAll(async () => {
    const { id } = await direct('POST', resource.resourceType, resource)
    path = `${resource.resourceType}/${id}`
  })

  /** The record as a model reads it; what it does with it changes one element and nothing else. */
  async function losesNothing(write: (seen: Resource, value: string) => Record<string, unknown>): Promise<void> {
    before = await direct('GET', path)
    const seen = await read(path)
    expect(JSON.stringify(seen)).toContain('(hidden)')
    const value = `b${crypto.randomUUID()}.example.com`
    const args = write(seen, value)
    const tried = await call({ ...args, dryRun: true })
    expect(tried.text).toContain(value)
    expect(tried.text).not.toContain('(hidden)')
    const { isError, text } = await call(args)
    expect(isError, text).toBe(false)
    expect(withoutMeta(await direct('GET', path))).toEqual({ ...withoutMeta(before), [changed]: value })
  }

  test('PUT', () => losesNothing((seen, value) => PUT(path, { ...seen, [changed]: value })))

  test('PATCH of the whole element that holds them', () =>
    losesNothing((seen, value) => ({
      method: 'PATCH',
      path,
      patch: Object.entries({ ...withoutMeta(seen), [changed]: value })
        .filter(([name]) => !['id', 'resourceType'].includes(name))
        .map(([name, item]) => ({ op: 'add', path: `/${name}`, value: item })),
    })))

  test.each(['PUT', 'Binary', 'Parameters'])('in a batch, %s', (how) =>
    losesNothing((seen, value) => {
      const patch = Object.entries({ ...withoutMeta(seen), [changed]: value })
        .filter(([name]) => !['id', 'resourceType'].includes(name))
        .map(([name, item]) => ({ op: 'add', path: `/${name}`, value: item }))
      const parameter = patch.map((operation) => ({
        name: 'operation',
        part: [
          { name: 'op', valueCode: operation.op },
          { name: 'path', valueString: operation.path },
          { name: 'value', valueString: JSON.stringify(operation.value) },
        ],
      }))
      const entry = {
        PUT: entryFor('PUT', path, { ...seen, [changed]: value }),
        Binary: entryFor('PATCH', path, { resourceType: 'Binary', data: btoa(JSON.stringify(patch)) }),
        Parameters: entryFor('PATCH', path, { resourceType: 'Parameters', parameter }),
      }[how]
      return POST('', bundleOf('batch', [entry]))
    }),
  )

  test('a version that isn’t current loses nothing either', async () => {
    const seen = await read(path)
    await direct('PUT', path, { ...(await direct('GET', path)), [changed]: 'meanwhile.example.com' })
    const before = await direct('GET', path)
    const ifMatch = (seen.meta as { versionId: string }).versionId
    expect((await call(PUT(path, seen, { ifMatch }))).isError).toBe(true)
    expect(await direct('GET', path)).toEqual(before)
  })

  test('a placeholder elsewhere is refused by name, and nothing is sent', async () => {
    const seen = await read(path)
    const id = crypto.randomUUID()
    for (const args of [
      PUT(path, { ...seen, [changed]: '(hidden)' }),
      POST(resource.resourceType, seen),
      PUT(`${resource.resourceType}?_id=${seen.id}`, seen),
      PUT(`${resource.resourceType}/${id}`, { ...seen, id }),
      { method: 'PATCH', path, patch: [{ op: 'add', path: '/language', value: '(hidden)' }] },
      POST('Bot/$execute?identifier=x', seen),
      POST('', bundleOf('transaction', [entryFor('POST', resource.resourceType, seen)])),
    ]) {
      const { result, writes } = await writesDuring(() => call(args))
      expect(writes).toEqual([])
      expect(result).toMatchObject({
        isError: true,
        text: expect.stringMatching(/`[\w.[\]/]+` contains a placeholder/),
      })
    }
  })
})

describe('the secrets of a Project', () => {
  const before = [
    { name: 'A', valueString: secret(1) },
    { name: 'B', valueString: secret(2) },
  ]
  let path: string

  beforeAll(async () => {
    path = `Project/${(await direct('POST', 'Project', { resourceType: 'Project', name: 'p', secret: before })).id}`
  })

  test('are listed by their names', async () => {
    expect((await read(path)).secret).toEqual([
      { name: 'A', valueString: '(hidden)' },
      { name: 'B', valueString: '(hidden)' },
    ])
  })

  test('get one more by `add /secret/-`', async () => {
    const patch = [{ op: 'add', path: '/secret/-', value: { name: 'C', valueString: secret(3) } }]
    expect((await call({ method: 'PATCH', path, patch, dryRun: true })).text).toContain(
      'secret[2].name: added "C"\nsecret[2].valueString: added "(hidden)"',
    )
    expect((await call({ method: 'PATCH', path, patch })).isError).toBe(false)
    expect((await direct('GET', path)).secret).toEqual([...before, { name: 'C', valueString: secret(3) }])
    await direct('PUT', path, { ...(await direct('GET', path)), secret: before })
  })

  test('that would all be replaced are said to be', async () => {
    const patch = [{ op: 'add', path: '/secret', value: [{ name: 'A', valueString: 'x' }] }]
    expect((await call({ method: 'PATCH', path, patch, dryRun: true })).text).toMatch(
      /secret\[0\]\.valueString: replaced\nsecret\[1\]\.name: removed "B"\nsecret\[1\]\.valueString: removed "\(hidden\)"/,
    )
  })

  test('stay with their names, in whatever order they come back, whichever are left out or are new', async () => {
    const chosen = fc.shuffledSubarray([0, 1, 2], { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(chosen, async (order) => {
        const seen = await read(path)
        const list = [...(seen.secret as object[]), { name: 'new', valueString: 'n' }]
        const body = { ...seen, secret: order.map((at) => list[at]) }
        const { isError, text } = await call(PUT(path, body))
        expect(isError, text).toBe(false)
        const expected = [...before, { name: 'new', valueString: 'n' }]
        expect((await direct('GET', path)).secret).toEqual(order.map((at) => expected[at]))
        await direct('PUT', path, { ...(await direct('GET', path)), secret: before })
      }),
      { numRuns: 15 },
    )
  })

  test('are not moved to another name', async () => {
    const seen = await read(path)
    const body = { ...seen, secret: [{ name: 'Z', valueString: '(hidden)' }] }
    const { isError, text } = await call(PUT(path, body))
    expect(isError).toBe(true)
    expect(text).toContain('`secret[0].valueString` contains a placeholder')
  })
})

test('what goes out is bound to the version whose secrets it holds', async () => {
  const { id, meta } = await direct('POST', 'Bot', { resourceType: 'Bot', name: 'a', code: secret(1) })
  const seen = await read(`Bot/${id}`)
  const { requests } = await sandbox.during(() => call(PUT(`Bot/${id}`, { ...seen, name: 'b' })))
  const put = requests.find(({ method }) => method === 'PUT')
  expect(put?.headers['if-match']).toBe(`W/"${(meta as { versionId: string }).versionId}"`)
})

test('a placeholder in a text or in GraphQL is refused', async () => {
  for (const args of [
    { method: 'POST', path: 'Bot/x/$execute', contentType: 'text/plain', text: '{"code": "(hidden)"}' },
    POST('$graphql', { query: 'mutation { BotUpdate(id: "x", res: {resourceType: "Bot", code: "(hidden)"}) { id } }' }),
  ]) {
    const { result, writes } = await writesDuring(() => call(args))
    expect(writes).toEqual([])
    expect(result).toMatchObject({ isError: true, text: expect.stringContaining('contains a placeholder') })
  }
})

test('what Medplum says of a change that is only tried repeats no secret', async () => {
  const { id } = await direct('POST', 'Bot', { resourceType: 'Bot', name: 'a', code: secret(1) })
  const seen = await read(`Bot/${id}`)
  const issue = [{ severity: 'error', code: 'invalid', details: { text: `Not valid: ${secret(1)}` } }]
  const body = JSON.stringify({ resourceType: 'OperationOutcome', issue })
  const headers = { 'content-type': 'application/fhir+json' }
  await sandbox.faults([{ path: '\\$validate$', times: 1, status: 400, headers, body }])
  const args = PUT(`Bot/${id}`, { ...seen, name: 'b' }, { dryRun: true })
  expect((await call(args)).text).toContain('Not valid: (hidden)')
})

test('a secret is rotated by its placeholder', async () => {
  const client = { resourceType: 'ClientApplication', name: 'r', secret: secret(1) }
  const { id } = await direct('POST', 'ClientApplication', client)
  const body = { resourceType: 'Parameters', parameter: [{ name: 'secret', valueString: '(hidden)' }] }
  const args = POST(`ClientApplication/${id}/$rotate-secret`, body)
  const { isError, text } = await call(args)
  expect(isError, text).toBe(false)
  const after = await direct('GET', `ClientApplication/${id}`)
  expect(after.retiringSecret).toBe(secret(1))
  expect(text).not.toContain(after.secret)
})

test.each(['PUT', 'PATCH', 'DELETE'])(
  'a placeholder beside a %s of the same record in a batch is refused',
  async (method) => {
    const { id } = await direct('POST', 'Subscription', {
      resourceType: 'Subscription',
      status: 'off',
      reason: 'a',
      criteria: 'Basic?code=none',
      channel: { type: 'rest-hook', endpoint: 'https://example.com/hook', header: [`Authorization: ${secret(1)}`] },
    })
    const seen = await read(`Subscription/${id}`)
    const url = `Subscription/${id}`
    const part = [
      { name: 'op', valueCode: 'replace' },
      { name: 'path', valueString: '/reason' },
      { name: 'value', valueString: '"c"' },
    ]
    const patch = { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }
    const resource = method === 'PUT' ? { ...seen, reason: 'c' } : method === 'PATCH' ? patch : undefined
    const body = bundleOf('batch', [
      entryFor('PUT', url, { ...seen, reason: 'b' }),
      { request: { method, url }, ...(resource && { resource }) },
    ])
    const { isError, text } = await call(POST('', body))
    expect(isError, text).toBe(true)
    expect(text).toContain('change the same record')
    expect((await direct('GET', url)).reason).toBe('a')
  },
)

describe('what is hidden in a record is not shown by a patch', () => {
  const contained = [
    {
      resourceType: 'Subscription',
      id: 's',
      status: 'off',
      reason: 'a',
      criteria: 'Task',
      channel: { type: 'rest-hook', endpoint: 'https://example.com/hook', header: [`X-Key: ${secret(1)}`] },
      extension: [{ url: SIGNING, valueString: secret(2) }],
    },
    { resourceType: 'Parameters', id: 'p', parameter: [{ name: 'secret', valueString: secret(3) }] },
  ]
  const PATCHES: Record<string, unknown>[] = [
    { op: 'replace', path: '/contained/0/extension/0/url', value: 'https://example.com/other' },
    { op: 'replace', path: '/contained/1/parameter/0/name', value: 'other' },
    { op: 'copy', from: '/contained/1/parameter/0/valueString', path: '/language' },
    { op: 'test', path: '/contained/1/parameter/0/valueString', value: 'x' },
  ]
  const asParameters = (operation: Record<string, unknown>) => ({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: Object.entries(operation).map(([name, value]) =>
          name === 'op'
            ? { name, valueCode: value }
            : { name, valueString: name === 'value' ? JSON.stringify(value) : value },
        ),
      },
    ],
  })

  test.each(PATCHES)('%j', async (operation) => {
    const before = await direct('POST', 'Patient', { resourceType: 'Patient', contained })
    const path = `Patient/${before.id}`
    const entry = [entryFor('PATCH', path, asParameters(operation))]
    const bundle = bundleOf('batch', entry)
    const nested = { ...bundle, entry: [entryFor('POST', '', bundle)] }
    const query = `mutation ($patch: [PatchOperationInput!]!) { PatientPatch(id: "${before.id}", patch: $patch) { id } }`
    for (const args of [
      { method: 'PATCH', path, patch: [operation] },
      { method: 'PATCH', path: `Patient?_id=${before.id}`, patch: [operation] },
      POST('', bundle),
      POST('', nested),
      POST('$graphql', { query, variables: { patch: [operation] } }),
    ]) {
      const { result, writes } = await writesDuring(() => call(args))
      expect({ args, writes, isError: result.isError }).toEqual({ args, writes: [], isError: true })
    }
    expect(await direct('GET', path)).toEqual(before)
  })

  test('that leaves it hidden, or meets a record that hides nothing, is carried out', async () => {
    const name = [{ family: 'A' }]
    for (const content of [{ contained }, { name }]) {
      const { id } = await direct('POST', 'Patient', { resourceType: 'Patient', ...content })
      const patch = [{ op: 'add', path: '/name', value: [{ family: 'B' }] }]
      const { isError, text } = await call({ method: 'PATCH', path: `Patient/${id}`, patch })
      expect(isError, text).toBe(false)
      expect((await direct('GET', `Patient/${id}`)).name).toEqual([{ family: 'B' }])
    }
  })
})
