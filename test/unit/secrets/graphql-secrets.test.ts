// Which keys of a GraphQL answer contain secrets, whatever the document calls them.
import { describe, expect, test } from 'vitest'
import { secretKeys } from '../../../src/secrets/graphql-secrets.ts'

const keys = (document: unknown, query = '') => [...secretKeys({ query: document }, query)].sort()

describe('found', () => {
  test.each([
    ['by its own name', '{ ClientApplicationList { secret } }', ['secret']],
    ['under an alias', '{ ClientApplicationList { a: secret b: name } }', ['a']],
    [
      'of any type',
      '{ ClientApplication(id: "1") { identityProvider { s: clientSecret } r: retiringSecret } }',
      ['r', 's'],
    ],
    ['of one type', '{ BotList { x: code } }', ['x']],
    ['under an alias of the root', '{ b: BotList { x: code } }', ['x']],
    ['in a connection', '{ BotConnection { edges { resource { x: code } } } }', ['x']],
    ['in a fragment', '{ BotList { ...f } } fragment f on Bot { x: code }', ['x']],
    ['in a fragment of the root', '{ ...q } fragment q on QueryType { BotList { x: code } }', ['x']],
    ['in a fragment of the mutations', 'mutation { ...m } fragment m on MutationType { BotUpdate { x: code } }', ['x']],
    [
      'in a fragment of a connection',
      '{ BotConnection { ...c } } fragment c on BotConnection { edges { resource { x: code } } }',
      ['x'],
    ],
    [
      'in a fragment of an edge',
      '{ BotConnection { edges { ...e } } } fragment e on BotConnectionEdge { resource { x: code } }',
      ['x'],
    ],
    [
      'in a fragment of a part',
      '{ SubscriptionList { channel { ...c } } } fragment c on SubscriptionChannel { x: header }',
      ['x'],
    ],
    ['in an inline fragment', '{ TaskList { focus { resource { ... on Bot { x: code } } } } }', ['x']],
    ['in an inline fragment without a type', '{ BotList { ... { x: code } } }', ['x']],
    ['in an inline fragment of the root', '{ ... on QueryType { BotList { x: code } } }', ['x']],
    ['in what refers to a resource', '{ PatientList { BotList(_reference: subject) { x: code } } }', ['x']],
    ['in a connection of that', '{ PatientList { BotConnection { edges { resource { x: code } } } } }', ['x']],
    ['in a channel', '{ SubscriptionList { channel { h: header } } }', ['h']],
    ['in an extension without its URL', '{ SubscriptionList { e: extension { valueString } } }', ['e']],
    ['in a mutation', 'mutation { ClientApplicationUpdate(id: "1", res: {}) { s: secret } }', ['s']],
    ['in any of several operations', 'query A { PatientList { id } } query B { BotList { x: code } }', ['x']],
  ])('%s', (_, document, expected) => {
    expect(keys(document)).toEqual(expected)
    expect([...secretKeys(document, '')].sort()).toEqual(expected)
    expect([...secretKeys([{ query: document }], '')].sort()).toEqual(expected)
    expect(keys(undefined, `query=${encodeURIComponent(document)}`)).toEqual(expected)
  })
})

test.each([
  [
    'code of other types',
    '{ ObservationList { code { text } } ConditionConnection { edges { resource { c: code { text } } } } }',
  ],
  ['extensions of other types', '{ PatientList { extension { url valueString } } }'],
  ['nothing', '{ PatientList { id } }'],
  ['what can not be read', '{ BotList { x: code '],
  ['no text', 42],
])('not hidden: %s', (_, document) => {
  expect(keys(document)).toEqual([])
})
