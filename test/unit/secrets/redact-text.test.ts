// Secrets in text that is JSON, or was.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactText } from '../../../src/secrets/redact-text.ts'

const SECRET = 'very-secret-value'
const HOLDERS = [
  { resourceType: 'Subscription', channel: { type: 'rest-hook', header: [`Authorization: ${SECRET}`, SECRET] } },
  { resourceType: 'JsonWebKey', kty: 'RSA', d: SECRET, p: SECRET },
  {
    resourceType: 'Project',
    secret: ['A', 'B'].map((name) => ({ name, valueString: SECRET })),
    site: [{ googleClientSecret: SECRET }],
  },
  { resourceType: 'Bot', code: SECRET },
  { resourceType: 'Login', code: SECRET, cookie: SECRET, emailMfa: { codeHash: SECRET } },
  { resourceType: 'Endpoint', header: [SECRET] },
  {
    resourceType: 'Subscription',
    extension: [{ url: 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret', valueString: SECRET }],
  },
]

describe.each(HOLDERS)('$resourceType', (resource) => {
  const forms: [string, string][] = [
    ['application/json', JSON.stringify(resource)],
    ['application/json', JSON.stringify(resource, null, 2)],
    ['application/fhir+json', JSON.stringify([resource], null, '\t')],
    ['application/fhir+ndjson', `${JSON.stringify(resource)}\n${JSON.stringify(resource)}\n`],
    // Not JSON, whatever its type says.
    ['application/json', `${JSON.stringify(resource, null, 2)},`],
    ['application/json', `// a comment\n${JSON.stringify(resource)}`],
  ]

  test.each(forms)('%s %j', (type, text) => {
    const shown = redactText(type, text)
    expect(shown).not.toContain(SECRET)
    expect(shown).toContain('(hidden)')
    expect(shown).toContain(resource.resourceType)
  })

  test('that is cut anywhere', () => {
    const text = JSON.stringify(resource, null, 2)
    for (let end = 1; end < text.length; end++) {
      expect(redactText('application/json', text.slice(0, end)), `up to ${end}`).not.toContain('very-sec')
    }
  })
})

test('each line of an export is checked separately: next to a bot, the code of an observation is shown', () => {
  const lines = [
    { resourceType: 'Bot', code: SECRET },
    { resourceType: 'Observation', code: { text: 'shown' } },
  ]
  const shown = redactText('application/fhir+ndjson', lines.map((line) => JSON.stringify(line)).join('\n'))
  expect(shown).not.toContain(SECRET)
  expect(shown).toContain(JSON.stringify(lines[1]))
})

test('text without a secret stays the same, to the byte', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom('', ' ', '\n', '}'), (json, end) => {
      expect(redactText('application/json', json + end)).toBe(json + end)
    }),
  )
  expect(redactText('application/json', '{ "dose": 1.10, "dose": 9007199254740993 }')).toBe(
    '{ "dose": 1.10, "dose": 9007199254740993 }',
  )
})

test.each(['"', '{', '[', '"secret":', '\\"', '"a":{', ','])('300 KB of %j take linear time', (piece) => {
  const time = (size: number) => {
    const text = piece.repeat(size / piece.length)
    const started = process.cpuUsage()
    redactText('application/json', text)
    const { user, system } = process.cpuUsage(started)
    return user + system
  }
  time(50_000)
  expect(time(300_000)).toBeLessThan(2_000_000)
})

test.each([
  'https://x.blob.core.windows.net/c/f.pdf?sv=2024-05-04&se=2026-12-01&sr=b&sp=r&sig=abc%3D',
  'https://b.s3.amazonaws.com/f?X-Amz-Expires=60&X-Amz-Signature=abc',
  'https://storage.googleapis.com/b/f?X-Goog-Signature=abc',
  'https://d1.cloudfront.net/f?Expires=1&Signature=abc&Key-Pair-Id=K',
  'https://example.com/f?access_token=abc',
])('a signed address is hidden: %s', (url) => {
  for (const text of [url, `see ${url} there`, `<a href="${url}">`]) {
    expect(redactText('text/plain', text)).not.toContain('=abc')
    expect(redactText('application/json', `{"url": ${JSON.stringify(text)}, "cut": "`)).not.toContain('=abc')
  }
})
