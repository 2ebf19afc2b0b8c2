import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, POST, PUT } from '../../calls.ts'
import { writesDuring } from '../confirm/confirming.ts'
import type { Resource } from '../world/medplum.ts'
import { call, direct, read, SIGNING, secret, setUp } from './secret-records.ts'

setUp()

const PROVIDER = {
  authorizeUrl: 'https://idp.example.com/a',
  tokenUrl: 'https://idp.example.com/t',
  userInfoUrl: 'https://idp.example.com/u',
  clientId: 'c',
  clientSecret: secret(3),
}

/** A record of each type that has secrets and can be written by this API, and what a model changes in it. */
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

const withoutMeta = ({ meta: _, ...resource }: Resource) => resource

describe.each(RECORDS)('$resourceType', (resource, changed) => {
  let path: string
  let before: Resource

  beforeAll(async () => {
    const { id } = await direct('POST', resource.resourceType, resource)
    path = `${resource.resourceType}/${id}`
  })

  /** The record as a model reads it; the model changes one element and nothing else. */
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

  test('PATCH of the whole element that contains them', () =>
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
