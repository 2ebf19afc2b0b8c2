// Secrets that an answer of Medplum may contain and a transcript must not.
import { describe, expect, test } from 'vitest'
import { HIDDEN, redact, withoutSignedUrls } from '../../src/secrets/redact.ts'
import { secretRefusal } from '../../src/secrets/secret-requests.ts'
import { bundleOf, entryFor } from '../calls.ts'

const ID = '5a9d0000-0000-4000-8000-000000000001'
const VERSION = '5a9d0000-0000-4000-8000-000000000002'
const SECRET = 'very-secret-value'

/** Each resource type with its secrets, and something else that stays. */
const HOLDERS = [
  {
    resourceType: 'ClientApplication',
    secret: SECRET,
    retiringSecret: SECRET,
    name: 'kept',
    identityProvider: { clientId: 'kept', clientSecret: SECRET },
  },
  {
    resourceType: 'Project',
    name: 'kept',
    secret: [{ name: 'API_KEY', valueString: SECRET }],
    systemSecret: [{ name: 'API_KEY', valueString: SECRET }],
  },
  { resourceType: 'Bot', name: 'kept', code: SECRET },
  { resourceType: 'DomainConfiguration', domain: 'kept', identityProvider: { clientSecret: SECRET } },
  { resourceType: 'User', email: 'kept', passwordHash: SECRET, mfaSecret: SECRET },
  {
    resourceType: 'Subscription',
    reason: 'kept',
    channel: { type: 'rest-hook', endpoint: 'https://kept.example.com', header: [`Authorization: ${SECRET}`] },
    extension: [
      { url: 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret', valueString: SECRET },
      { url: 'https://example.com/other', valueString: 'kept' },
    ],
  },
]

const WRAPPINGS: [string, (resource: object) => unknown][] = [
  ['read', (resource) => resource],
  ['search', (resource) => ({ resourceType: 'Bundle', entry: [{ resource, search: { mode: 'match' } }] })],
  [
    'batch answer',
    (resource) => ({
      resourceType: 'Bundle',
      entry: [{ resource: { resourceType: 'Bundle', entry: [{ resource }] } }],
    }),
  ],
  ['contained', (resource) => ({ resourceType: 'List', contained: [resource] })],
  [
    'parameter',
    (resource) => ({ resourceType: 'Parameters', parameter: [{ name: 'return', part: [{ name: 'x', resource }] }] }),
  ],
  ['GraphQL', (resource) => ({ data: { list: [resource] } })],
]

describe.each(WRAPPINGS)('in a %s', (_, wrap) => {
  test.each(HOLDERS)('secrets of $resourceType are hidden, and nothing else', (resource) => {
    const before = JSON.stringify(wrap(resource))
    const after = JSON.stringify(redact(wrap(resource)))
    expect(before).toContain(SECRET)
    expect(after).not.toContain(SECRET)
    expect(after).toContain(HIDDEN)
    expect(after.match(/kept/g)).toEqual(before.match(/kept/g))
  })
})

test('fields of the same name in other resources stay', () => {
  const observation = {
    resourceType: 'Observation',
    id: 'kept',
    code: { text: 'kept' },
    extension: [{ url: 'https://example.com/x', valueString: 'kept' }],
  }
  expect(redact(observation)).toEqual(observation)
  const communication = { resourceType: 'MessageDefinition', header: ['kept'], d: 1, cookie: 'kept' }
  expect(redact(communication)).toEqual(communication)
})

test('missing fields are not marked as hidden', () => {
  expect(redact({ resourceType: 'Bot', code: null })).toEqual({ resourceType: 'Bot', code: null })
})

test('the names of secret fields stay, unless a GraphQL document renames them', () => {
  const project = {
    resourceType: 'Project',
    secret: [
      { name: 'API_KEY', valueString: SECRET },
      { name: 'N', valueInteger: 5 },
    ],
  }
  const names = [
    { name: 'API_KEY', valueString: HIDDEN },
    { name: 'N', valueInteger: HIDDEN },
  ]
  expect(redact(project)).toEqual({ ...project, secret: names })
  expect(redact(project, new Set())).toEqual({ ...project, secret: HIDDEN })
  const channel = { header: [`Authorization: Bearer ${SECRET}`, `X-Key:${SECRET}`, SECRET] }
  const shown = { header: [`Authorization: ${HIDDEN}`, `X-Key: ${HIDDEN}`, HIDDEN] }
  expect(redact({ resourceType: 'Subscription', channel })).toEqual({ resourceType: 'Subscription', channel: shown })
})

test('a parameter named like a secret is hidden', () => {
  const parameter = [
    { name: 'secret', valueString: SECRET },
    { name: 'retiringSecret', valueString: SECRET },
  ]
  const after = JSON.stringify(redact({ resourceType: 'Parameters', parameter }))
  expect(after).not.toContain(SECRET)
  expect(after).toContain('retiringSecret')
})

test('names that the prototype has are names like any other', () => {
  const odd = JSON.parse('{"resourceType":"constructor","__proto__":{"secret":"x"},"toString":"kept"}')
  expect(JSON.stringify(redact(odd))).toBe(
    '{"resourceType":"constructor","__proto__":{"secret":"(hidden)"},"toString":"kept"}',
  )
})

test('other secret names are hidden anywhere', () => {
  const answer = { data: { BotList: [{ name: 'kept', x: SECRET }], x: { y: SECRET } } }
  expect(redact(answer, new Set(['x']))).toEqual({ data: { BotList: [{ name: 'kept', x: HIDDEN }], x: HIDDEN } })
})

test('only what holds a secret is copied, and the original keeps it', () => {
  const plain = {
    resourceType: 'Patient',
    id: '1',
    name: [{ family: 'kept' }],
    extension: [{ url: 'https://x', valueString: 'y' }],
  }
  const bot = { resourceType: 'Bot', id: '2', code: SECRET }
  const given = { resourceType: 'Bundle', entry: [{ resource: plain }, { resource: bot }] }
  const shown = redact(given) as typeof given
  expect(shown.entry[0]).toBe(given.entry[0])
  expect(shown.entry[1]).toEqual({ resource: { resourceType: 'Bot', id: '2', code: HIDDEN } })
  expect(bot.code).toBe(SECRET)
  expect(redact(plain)).toBe(plain)
})

test('a name that every object inherits is a name like others', () => {
  const given = JSON.parse(`{"__proto__":{"secret":"${SECRET}"},"constructor":{"secret":"${SECRET}"}}`)
  expect(JSON.stringify(redact(given))).toBe(
    `{"__proto__":{"secret":"${HIDDEN}"},"constructor":{"secret":"${HIDDEN}"}}`,
  )
})

describe('signed addresses', () => {
  test.each([
    [
      'hosted',
      `https://storage.medplum.com/binary/${ID}/${VERSION}?Expires=1&Key-Pair-Id=K&Signature=a~b_`,
      `Binary/${ID}`,
    ],
    ['of the sandbox', `http://127.0.0.1:8103/storage/${ID}/${VERSION}?Expires=1&Signature=a%2Fb%3D`, `Binary/${ID}`],
    ['S3', `https://bucket.s3.amazonaws.com/binary/${ID}/${VERSION}?X-Amz-Date=1&X-Amz-Signature=abc`, `Binary/${ID}`],
    ['Google', `https://storage.googleapis.com/b/binary/${ID}/${VERSION}?X-Goog-Signature=abc`, `Binary/${ID}`],
    [
      'in HTML',
      `<a href="https://s.example.com/${ID}/${VERSION}?Expires=1&amp;Signature=x">file</a>`,
      `<a href="Binary/${ID}">file</a>`,
    ],
    ['in lower case', `https://s.example.com/${ID}/${VERSION}?signature=x`, `Binary/${ID}`],
    ['in upper case', `HTTPS://S.EXAMPLE.COM/${ID}/${VERSION}?SIGNATURE=x`, `Binary/${ID}`],
    ['without an id', 'see https://s.example.com/a?Signature=x now', 'see (signed address hidden) now'],
    ['of no stored file', `https://hook.example.com/${ID}/run?signature=x`, '(signed address hidden)'],
    [
      'two',
      `https://s/${ID}/${VERSION}?Signature=x https://s/${VERSION}/${ID}?Signature=y`,
      `Binary/${ID} Binary/${VERSION}`,
    ],
  ])('%s', (_, text, clean) => {
    expect(withoutSignedUrls(text)).toBe(clean)
    expect(redact({ note: [{ text }] })).toEqual({ note: [{ text: clean }] })
  })

  test.each([
    'https://example.com/Patient?name=x',
    'The field Signature=x stands alone; see https://example.com/?a=b',
    'https://example.com/Signature=x',
    `Binary/${ID}`,
  ])('left alone: %s', (text) => {
    expect(withoutSignedUrls(text)).toBe(text)
  })

  test.each([
    ['http://', 'http://'],
    ['http://a?', 'http://a?'],
    ['ids', `http://${ID}`],
    ['ids and marks', `http://${ID}?`],
  ])('a text of %s takes linear time', (_, part) => {
    const text = `ignature= ${part.repeat(1_000_000 / part.length)}`
    const started = performance.now()
    withoutSignedUrls(text)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('a request that would show a secret under another name is refused', () => {
  const part = ([name, value]: [string, unknown]) =>
    name === 'op' ? { name, valueCode: value } : { name, valueString: name === 'value' ? JSON.stringify(value) : value }
  const patch = (op: object) => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'operation', part: Object.entries(op).map(part) }],
  })
  const inBinary = (op: object) => ({ resourceType: 'Binary', data: btoa(JSON.stringify([op])) })
  const batch = (method: string, url: string, resource: unknown) =>
    bundleOf('batch', [entryFor('GET', 'Patient'), entryFor(method, url, resource)])

  test.each([
    ['GET', 'ClientApplication/$csv?_fields=secret'],
    ['GET', 'ClientApplication/$CSV?_fields=secret'],
    ['GET', 'Patient/$csv?_type=Patient,ClientApplication&_fields=secret'],
    ['GET', 'Patient/$csv?_revinclude=Subscription:x&_fields=secret'],
    ['GET', 'Patient/$CSV?_fields=id,contained.secret'],
    ['GET', 'Patient/$CSV?_fields=%20contained.header'],
    ['GET', 'Patient/$CSV?_fields=contained[0].header'],
    ['GET', 'Patient/$CSV?_fields=(contained.header)'],
    ['GET', 'Patient/$CSV?_fields=$this.contained.secret'],
    ['GET', 'Patient/$CSV?_fields=children().secret'],
    ['GET', "Patient/$csv?_fields=id&_fields=name.where(use='official')"],
    ['GET', 'Bundle/$CSV?_fields=entry.resource.secret'],
    ['GET', 'Parameters/$csv?_fields=parameter.valueString'],
    ['POST', '$graphql', { query: 'mutation { ClientApplicationPatch(id: "1", patch: []) { id } }' }],
    ['POST', '$graphql', 'mutation { BotPatch(id: "1", patch: []) { id } }'],
    ['GET', '$graphql?query=mutation%20%7BBot%50atch%7D'],
  ] as const)('%s %s', (method, path, body?: unknown) => {
    expect(secretRefusal(method, path, body)).toBeTruthy()
  })

  const PATCHES: [string, object][] = [
    ['ClientApplication', { op: 'test', path: '/secret', value: 'x' }],
    ['ClientApplication', { op: 'copy', from: '/secret', path: '/description' }],
    ['ClientApplication', { op: 'move', from: '/identityProvider/clientSecret', path: '/description' }],
    ['Project', { op: 'copy', from: '/secret/0/valueString', path: '/description' }],
    ['Bot', { op: 'copy', from: '/code', path: '/description' }],
    ['Subscription', { op: 'test', path: '/channel/header', value: [] }],
    ['Subscription', { op: 'copy', from: '/extension/0/valueString', path: '/reason' }],
    ['Subscription', { op: 'copy', from: '/channel', path: '/contained/0' }],
    ['Subscription', { op: 'move', from: '', path: '/contained/0' }],
    ['Subscription', { op: 'replace', path: '/extension/0/url', value: 'https://example.com' }],
    ['Project', { op: 'copy', from: '/site', path: '/description' }],
    ['Endpoint', { op: 'move', from: '/contained/0', path: '/payloadType/0' }],
    ['Observation', { op: 'test', path: '/contained/0/channel/header', value: [] }],
    ['Observation', { op: 'copy', from: '/contained/0/d', path: '/note/0/text' }],
    ['Bundle', { op: 'copy', from: '/entry/0/resource/code', path: '/identifier/value' }],
  ]
  test.each(PATCHES)('PATCH of a %s by %j', (type, operation) => {
    expect(secretRefusal('PATCH', `${type}/1`, [{ op: 'test', path: '/id', value: '1' }, operation])).toContain(type)
    expect(secretRefusal('PATCH', `${type}?name=x`, [operation])).toContain(type)
    const entry = batch('patch', `${type}/1`, patch(operation))
    expect(secretRefusal('POST', '', entry)).toContain('Bundle.entry[1]')
    expect(secretRefusal('POST', '', batch('PATCH', `${type}/1`, inBinary(operation)))).toContain('Bundle.entry[1]')
    expect(secretRefusal('POST', '', batch('POST', '', entry))).toContain('Bundle.entry[1]: Bundle.entry[1]')
  })

  test.each([
    ['base64 that only Medplum reads', { resourceType: 'Binary', data: `${btoa('[{"op":"test"}]')}-_` }],
    [
      'an operation with a part that only Medplum passes over',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'operation', part: [{ name: 'op', valueCode: 'copy', valueString: 'remove' }] }],
      },
    ],
    [
      'an operation with an element that only Medplum passes over',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'operation', part: [{ name: 'op', valueCode: 'copy', x: 1 }] }],
      },
    ],
    ['a parameter beside the operations', { resourceType: 'Parameters', parameter: [{ name: 'x' }] }],
    ['neither', { resourceType: 'Patient' }],
  ])('a PATCH in a batch that is %s', (_, resource) => {
    expect(secretRefusal('POST', '', batch('PATCH', 'Patient/1', resource))).toContain('Bundle.entry[1]')
  })

  test('GraphQL in a batch, whose answer does not name its keys', () => {
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query: '{ BotList { x: code } }' }))).toContain(
      'a separate request',
    )
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query: '{ PatientList { id } }' }))).toBeUndefined()
    const query = 'mutation { BotPatch(id: "1", patch: []) { id } }'
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query }))).toContain('PATCH Bot/ID')
  })

  test.each([
    ['GET', 'Patient/$csv?_fields=name&_count=5', undefined],
    ['GET', 'Patient/$csv?_fields=id,name[0].family,address-city,birthDate', undefined],
    ['GET', 'ClientApplication', undefined],
    ['PATCH', 'Observation/1', [{ op: 'test', path: '/code/text', value: 'x' }]],
    [
      'PATCH',
      'ClientApplication/1',
      [
        { op: 'replace', path: '/secret', value: 'x' },
        { op: 'test', path: '/name', value: 'y' },
      ],
    ],
    ['PATCH', 'Task/1', [{ op: 'move', from: '/description', path: '/note/0/text' }]],
    ['PATCH', 'Task/1', [null, 5, { op: 'test' }]],
    ['POST', '', batch('PATCH', 'Patient/1', patch({ op: 'test', path: '/active', value: true }))],
    ['POST', '$graphql', { query: 'mutation { PatientPatch(id: "1", patch: []) { id } }' }],
  ])('but not %s %s', (method, path, body) => {
    expect(secretRefusal(method, path, body)).toBeUndefined()
  })
})
