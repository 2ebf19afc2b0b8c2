// Secrets and signed addresses that an answer of Medplum may contain and a transcript must not.
import { describe, expect, test } from 'vitest'
import { HIDDEN, redact, withoutSignedUrls } from '../../../src/secrets/redact.ts'

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

test('whatever a parameter with the name of a secret holds is hidden, and so is a secret in a modifier extension', () => {
  const url = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'
  const given = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'secret', part: [{ name: 'value', valueString: SECRET }] },
      { name: 'clientSecret', resource: { resourceType: 'Basic', id: SECRET } },
      { name: 'secret', _valueString: { extension: [{ url: 'https://x', valueString: SECRET }] } },
      {
        name: 'other',
        part: [{ name: 'value', valueString: 'kept' }],
        modifierExtension: [{ url, valueString: SECRET }],
      },
    ],
  }
  const shown = JSON.stringify(redact(given))
  expect(shown).not.toContain(SECRET)
  expect(shown).toContain('kept')
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
