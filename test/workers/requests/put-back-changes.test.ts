// Changes of records with hidden secrets: what is refused, and what no answer shows.
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, POST, PUT } from '../../calls.ts'
import { writesDuring } from '../confirm/confirming.ts'
import { sandbox } from '../world/world.ts'
import { call, direct, read, SIGNING, secret, setUp } from './secret-records.ts'

setUp()

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

  test('get another one by `add /secret/-`', async () => {
    const patch = [{ op: 'add', path: '/secret/-', value: { name: 'C', valueString: secret(3) } }]
    expect((await call({ method: 'PATCH', path, patch, dryRun: true })).text).toContain(
      'secret[2].name: added "C"\nsecret[2].valueString: added "(hidden)"',
    )
    expect((await call({ method: 'PATCH', path, patch })).isError).toBe(false)
    expect((await direct('GET', path)).secret).toEqual([...before, { name: 'C', valueString: secret(3) }])
    await direct('PUT', path, { ...(await direct('GET', path)), secret: before })
  })

  test('that would all be replaced are reported', async () => {
    const patch = [{ op: 'add', path: '/secret', value: [{ name: 'A', valueString: 'x' }] }]
    expect((await call({ method: 'PATCH', path, patch, dryRun: true })).text).toMatch(
      /secret\[0\]\.valueString: replaced\nsecret\[1\]\.name: removed "B"\nsecret\[1\]\.valueString: removed "\(hidden\)"/,
    )
  })

  test('stay with their names, in any order, whichever are left out or new', async () => {
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

test('what is sent is bound to the version whose secrets it contains', async () => {
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

test('Medplum’s message about a dry run repeats no secret', async () => {
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

  test('that leaves it hidden, or changes a record without secrets, is carried out', async () => {
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
