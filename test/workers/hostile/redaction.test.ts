// Secrets and signed addresses never reach a model, whichever way it asks for them.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, GET, PATCH, POST } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { sam, sandbox } from '../world/world.ts'

const SECRET = 'unmistakable-secret-4711'
const CLIENT_SECRET = 'sandbox-client-secret'
let tokens: Tokens
let ids: { client: string; bot: string; subscription: string }

async function call(args: Record<string, unknown>) {
  const answer = await fhir(tokens.access, args)
  const all = JSON.stringify(answer.content)
  const known = [SECRET, CLIENT_SECRET, ...(await sandbox.secrets())].filter((secret) => secret.length > 11)
  expect(known.filter((secret) => all.includes(secret))).toEqual([])
  return { ...answer, all }
}

async function created(body: Record<string, unknown>): Promise<string> {
  const { isError, text } = await call(POST(String(body.resourceType), body))
  expect(isError, text).toBe(false)
  return JSON.parse(text).id
}

beforeAll(async () => {
  tokens = await signIn(sam)
  ids = {
    client: await created({
      resourceType: 'ClientApplication',
      name: 'Redacted',
      secret: SECRET,
      retiringSecret: SECRET,
      identityProvider: {
        authorizeUrl: 'https://idp.example.com/a',
        tokenUrl: 'https://idp.example.com/t',
        userInfoUrl: 'https://idp.example.com/u',
        clientId: 'c',
        clientSecret: SECRET,
      },
    }),
    bot: await created({ resourceType: 'Bot', name: 'Redacted', code: SECRET }),
    subscription: await created({
      resourceType: 'Subscription',
      status: 'off',
      reason: 'Redacted',
      criteria: 'Task',
      channel: { type: 'rest-hook', endpoint: 'https://example.com/', header: [`Authorization: ${SECRET}`] },
      extension: [{ url: 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret', valueString: SECRET }],
    }),
  }
})

const HOLDERS = [
  ['ClientApplication', 'client'],
  ['Bot', 'bot'],
  ['Subscription', 'subscription'],
] as const

describe.each(HOLDERS)('%s', (type, name) => {
  test('read, searched, in its history and in a batch', async () => {
    const path = `${type}/${ids[name]}`
    const body = bundleOf(
      'batch',
      [path, `${type}?_id=${ids[name]}`].map((url) => entryFor('GET', url)),
    )
    for (const args of [
      GET(path),
      GET(`${type}?_id=${ids[name]}`),
      POST(`${type}/_search`, { _id: ids[name] }),
      GET(`${path}/_history`),
      POST('', body),
      POST('', body, { respondAsync: true }),
    ]) {
      const { isError, all } = await call(args)
      expect(isError, all).toBe(false)
      expect(all).toContain('(hidden)')
      expect(all).toContain('Redacted')
    }
  })

  test('as CSV is refused before anything is sent', async () => {
    for (const path of [
      `${type}/$csv?_fields=id`,
      `${type}/$CSV?_fields=id`,
      `Patient/$csv?_type=${type}&_fields=id`,
    ]) {
      const { result, requests } = await sandbox.during(() => call(GET(path)))
      expect(result.isError).toBe(true)
      expect(result.text).toContain('Nothing was sent')
      expect(requests).toEqual([])
    }
  })

  test('in the lines of an export', async () => {
    const { text } = await call(GET(`$export?_type=${type}`))
    const [file] = JSON.parse(text).output
    expect(file.url).toMatch(/^Binary\//)
    const lines = await call(GET(file.url))
    expect(lines.all).toContain('(hidden)')
    const at = lines.text.indexOf('(hidden)')
    for (const offset of [1, at, at + 5]) await call(GET(file.url, { offset }))
  })
})

test.each([
  ['its own name', '{ ClientApplicationList { name secret retiringSecret identityProvider { clientSecret } } }'],
  ['an alias', '{ ClientApplicationList { name s: secret } BotList { name x: code } }'],
  ['a fragment', '{ BotList { ...f } } fragment f on Bot { name x: code }'],
  ['a fragment of the root', '{ ...q } fragment q on QueryType { BotList { name x: code } }'],
  ['a connection', '{ BotConnection { edges { resource { name x: code } } } }'],
  [
    'a fragment of an edge',
    '{ BotConnection { edges { ...e } } } fragment e on BotConnectionEdge { resource { name x: code } }',
  ],
  ['a channel', '{ SubscriptionList { name: reason channel { h: header } } }'],
  ['an extension', '{ SubscriptionList { name: reason e: extension { valueString } } }'],
])('by GraphQL under %s', async (_, query) => {
  const { isError, all } = await call(POST('$graphql', { query }))
  expect(isError, all).toBe(false)
  expect(all).toContain('Redacted')
  expect(all).toContain('(hidden)')
})

test('by GraphQL in a batch is refused', async () => {
  const resource = { query: '{ BotList { x: code } }' }
  const entry = [entryFor('POST', '$graphql', resource)]
  const { isError, text } = await call(POST('', bundleOf('batch', entry)))
  expect(isError).toBe(true)
  expect(text).toContain('Bundle.entry[0]: GraphQL that reads secrets')
})

test('by a JSON Patch is refused', async () => {
  for (const operation of [
    { op: 'test', path: '/secret', value: 'x' },
    { op: 'copy', from: '/secret', path: '/description' },
    { op: 'move', from: '/identityProvider/clientSecret', path: '/description' },
  ]) {
    const args = PATCH(`ClientApplication/${ids.client}`, [operation])
    const { result, requests } = await sandbox.during(() => call(args))
    expect(result.isError).toBe(true)
    expect(result.text).toContain('Nothing was sent')
    expect(requests).toEqual([])
  }
})

test('fields of the same name elsewhere stay', async () => {
  const { text } = await call(GET('Observation?_count=1'))
  expect(JSON.parse(text).entry[0].resource.code).toBeInstanceOf(Object)
  expect(text).not.toContain('(hidden)')
})
