// A record whose secrets were hidden is whole again before it is sent.
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differenceLines } from '../../../src/fhir/diff.ts'
import { Whole } from '../../../src/secrets/whole.ts'
import { SECRET, secret } from './wholes.ts'

const list = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[A-Z]{1,6}$/), valueString: secret }), {
  selector: ({ name }) => name,
  minLength: 1,
  maxLength: 5,
})

const headers = fc.uniqueArray(fc.stringMatching(/^[A-Za-z-]{1,8}$/), { minLength: 1, maxLength: 4 })

const provider = fc.record({ clientId: fc.string(), clientSecret: secret })

/** Records of each type that holds secrets, of any number and order. */
const RECORD = fc.oneof(
  fc.record({ resourceType: fc.constant('Project'), secret: list, systemSecret: list }),
  fc.record({
    resourceType: fc.constant('ClientApplication'),
    secret,
    retiringSecret: secret,
    identityProvider: provider,
  }),
  fc.record({ resourceType: fc.constant('DomainConfiguration'), identityProvider: provider }),
  fc.record({ resourceType: fc.constant('Bot'), code: secret }),
  fc.record({ resourceType: fc.constant('User'), passwordHash: secret, mfaSecret: secret }),
  fc.record({
    resourceType: fc.constant('JsonWebKey'),
    d: secret,
    p: secret,
    q: secret,
    dp: secret,
    dq: secret,
    qi: secret,
  }),
  fc.record({
    resourceType: fc.constant('Login'),
    code: secret,
    cookie: secret,
    codeChallenge: secret,
    refreshSecret: secret,
  }),
  fc.record({ resourceType: fc.constant('UserSecurityRequest'), secret }),
  fc.record({ resourceType: fc.constant('SmartAppLaunch'), id: secret }),
  fc.record({
    resourceType: fc.constant('Subscription'),
    channel: fc.record({
      type: fc.constant('rest-hook'),
      endpoint: fc.uuid().map((id) => `https://x.example.com/${id}/hook?signature=${SECRET}`),
      header: headers.map((names) => names.map((name) => `${name}: ${SECRET} of ${name}`)),
    }),
    extension: secret.map((valueString) => [
      { url: 'https://example.com/other', valueString: 'kept' },
      { url: 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret', valueString },
    ]),
  }),
)

const copy = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>

/** The same, with the items of each list in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned).reverse()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, turned(item)]))
}

describe('a whole record', () => {
  test('is not shown by anything that shows a value', () => {
    fc.assert(
      fc.property(RECORD, (record) => {
        const whole = new Whole(record)
        expect(JSON.stringify(record)).toContain(SECRET)
        const shown = [
          JSON.stringify({ whole }),
          `${String(whole)}${{ ...whole }}`,
          JSON.stringify({ ...whole }),
          JSON.stringify(Object.entries(whole)),
          JSON.stringify(structuredClone(whole)),
          inspect(whole, { depth: 9, showHidden: true }),
          JSON.stringify(whole.shown),
        ]
        expect(shown.join('\n')).not.toContain(SECRET)
      }),
    )
  })

  test('that is read, changed and written back keeps its secrets, and only the change is reported', () => {
    fc.assert(
      fc.property(RECORD, fc.string(), (record, language) => {
        const whole = new Whole(record)
        const result = whole.replacedBy({ ...copy(whole.shown), language })
        if (!result || 'problem' in result) throw new Error(JSON.stringify(result))
        expect(result.after.into((value) => value)).toEqual({ ...copy(record), language })
        const lines = differenceLines(whole.changesTo(result.after), 99)
        expect(lines).toEqual([expect.stringMatching(/^language: added/)])
      }),
    )
  })

  test('keeps them if its lists come back in another order', () => {
    fc.assert(
      fc.property(RECORD, (record) => {
        const whole = new Whole(record)
        const result = whole.replacedBy(turned(copy(whole.shown)))
        if (!result || 'problem' in result) throw new Error(JSON.stringify(result))
        expect(result.after.into((value) => value)).toEqual(turned(copy(record)))
      }),
    )
  })

  test('keeps them if a patch adds or replaces each element as it was shown', () => {
    fc.assert(
      fc.property(RECORD, fc.constantFrom('add', 'replace'), (record, op) => {
        const whole = new Whole(record)
        const operations = Object.entries(copy(whole.shown)).map(([name, value]) => ({ op, path: `/${name}`, value }))
        const result = whole.patchedBy(operations)
        if ('problem' in result) throw new Error(result.problem)
        expect(result.after.into((value) => value)).toEqual(copy(record))
        expect(whole.changesTo(result.after)).toEqual([])
      }),
    )
  })

  test('never shows a secret in a difference, except the new code of a bot', () => {
    fc.assert(
      fc.property(RECORD, RECORD, (one, other) => {
        fc.pre(other.resourceType !== 'Bot')
        const lines = differenceLines(new Whole(one).changesTo(new Whole(other)), 999)
        expect(lines.join('\n')).not.toContain(SECRET)
      }),
    )
  })

  test('shows a bot’s new code, not its old code', () => {
    const change = new Whole({ resourceType: 'Bot', code: SECRET }).changesTo(
      new Whole({ resourceType: 'Bot', code: 'x' }),
    )
    expect(differenceLines(change, 9)).toEqual(['code: "(hidden)" → "x"'])
  })

  test('does not show a secret as the new code of a record that was not a bot', () => {
    const whole = new Whole({ resourceType: 'Parameters', parameter: [{ name: 'secret', valueString: SECRET }] })
    const result = whole.patchedBy([
      { op: 'move', from: '/parameter/0/valueString', path: '/code' },
      { op: 'replace', path: '/resourceType', value: 'Bot' },
    ])
    if ('after' in result) {
      expect(differenceLines(whole.changesTo(result.after), 9).join('\n')).not.toContain(SECRET)
    }
  })

  test('does not show a secret with escaped characters', () => {
    const secret = 'line "one"\nline two'
    const whole = new Whole({ resourceType: 'Parameters', parameter: [{ name: 'secret', valueString: secret }] })
    expect(whole.patchedBy([{ op: 'copy', from: '/parameter/0/valueString', path: '/language' }])).toEqual({
      problem: expect.stringContaining('would show what is hidden'),
    })
  })

  test('does not differ from itself if its addresses are signed again', () => {
    const url = (signature: string) =>
      `https://x.example.com/5a9d0000-0000-4000-8000-000000000011/5a9d0000-0000-4000-8000-000000000012?Signature=${signature}`
    const at = (signature: string) => new Whole({ resourceType: 'Media', content: { url: url(signature) } })
    expect(at('one').changesTo(at('two'))).toEqual([])
  })

  test.each([
    ['another URL', [{ op: 'replace', path: '/extension/0', value: { url: 'x:other', valueString: '(hidden)' } }]],
    ['another URL alone', [{ op: 'replace', path: '/extension/0/url', value: 'x:other' }]],
    ['another element', [{ op: 'copy', from: '/channel', path: '/reason' }]],
    ['another type', [{ op: 'replace', path: '/resourceType', value: 'Basic' }]],
    ['a new element', [{ op: 'move', from: '/channel/header/0', path: '/reason' }]],
  ])('does not take a secret to %s, where it would be shown', (_, patch) => {
    const url = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'
    const whole = new Whole({
      resourceType: 'Subscription',
      channel: { type: 'rest-hook', header: [`Authorization: ${SECRET}`] },
      extension: [{ url, valueString: SECRET }],
    })
    expect(whole.patchedBy(patch)).toEqual({ problem: expect.stringContaining('would show what is hidden') })
  })

  test.each<[string, object, unknown[] | object]>([
    [
      'an item that is added to a list',
      { op: 'add', path: '/secret/0', value: { name: 'A', valueString: '(hidden)' } },
      [],
    ],
    ['an item under another name', [], { secret: [{ name: 'Z', valueString: '(hidden)' }] }],
    ['one of several items without names', [], { header: ['(hidden)'] }],
  ])('does not use a stored value for %s', (_, operation, body) => {
    const whole = new Whole({
      resourceType: 'Endpoint',
      secret: [{ name: 'A', valueString: 'secret-one' }],
      header: ['secret-two', 'secret-three'],
    })
    const result = Array.isArray(operation)
      ? whole.replacedBy({ resourceType: 'Endpoint', ...body })
      : whole.patchedBy([operation])
    expect(result).toEqual({ problem: expect.stringContaining('no stored value to restore') })
  })

  test('finds an item by its name when everything else has changed', () => {
    const whole = new Whole({
      resourceType: 'Project',
      secret: [
        { name: 'A', valueString: 'secret-one' },
        { name: 'B', valueString: 'secret-two' },
      ],
    })
    const result = whole.replacedBy({
      resourceType: 'Project',
      secret: [{ name: 'B', valueString: '(hidden)', id: 'x' }],
    })
    if (!result || 'problem' in result) throw new Error(JSON.stringify(result))
    expect(result.after.into((value) => value)).toMatchObject({ secret: [{ name: 'B', valueString: 'secret-two' }] })
  })

  test('removes a secret whole even if another is part of it', () => {
    const whole = new Whole({ resourceType: 'ClientApplication', secret: 'abcd', retiringSecret: 'abcdef' })
    expect(whole.scrubbed('not abcdef')).toBe('not (hidden)')
  })

  test('removes its secrets from Medplum’s messages about it', () => {
    fc.assert(
      fc.property(RECORD, (record) => {
        expect(new Whole(record).scrubbed(`Invalid: ${JSON.stringify(record)}`)).not.toContain(SECRET)
      }),
    )
  })
})
