import { describe, expect, test } from 'vitest'
import { classify } from '../../../src/access/risk/risk.ts'
import type { Kind } from '../../../src/access/risk/routes.ts'
import { bundleOf } from '../../calls.ts'
import { batch, entry, kindOf } from './risks.ts'

describe('a batch', () => {
  test('has the risk of its riskiest entry, in any order', () => {
    const body = batch(entry('GET', 'Patient/1'), entry('DELETE', 'Patient/2'), entry('POST', 'Patient'))
    const risk = classify({ method: 'POST', path: '', body })
    expect(risk.kind).toBe('delete')
    expect(risk.parts?.map(({ kind }) => kind)).toEqual(['read', 'delete', 'write'])
    expect(risk.targets).toEqual(['Patient', 'Patient/1', 'Patient/2'])
  })

  test.each<[string, unknown, Kind]>([
    ['only reads', batch(entry('GET', 'Patient?x=1'), entry('get', '/Observation')), 'read'],
    ['as JSON text', JSON.stringify(batch(entry('DELETE', 'Patient/1'))), 'delete'],
    ['HEAD', batch(entry('HEAD', 'Patient/1')), 'read'],
    ['PATCH by Parameters', batch(entry('PATCH', 'Patient/1', { resourceType: 'Parameters' })), 'write'],
    ['PATCH by Binary', batch(entry('PATCH', 'Patient/1', { resourceType: 'Binary', data: 'W10=' })), 'write'],
    ['conditional', batch(entry('DELETE', 'Patient?identifier=1')), 'delete'],
    ['a bot', batch(entry('GET', 'Bot/1/$execute')), 'operate'],
    ['a batch within', batch(entry('POST', '/', batch(entry('DELETE', 'AccessPolicy/1')))), 'admin'],
    ['a batch without a request within', batch({ resource: batch(entry('DELETE', 'Patient/1')) }), 'delete'],
    [
      'GraphQL within',
      batch(entry('POST', '$graphql', { query: 'mutation { PatientDelete(id: "1") { id } }' })),
      'delete',
    ],
    [
      'GraphQL that would be rewritten',
      batch(entry('POST', '$graphql', { query: '{ Patient(id: "urn:uuid:1") { id } }' })),
      'admin',
    ],
    ['a place that another entry names', batch(entry('PUT', 'urn:uuid:1')), 'operate'],
    ['no entries', batch(), 'write'],
    ['entries that are no array', { resourceType: 'Bundle', type: 'batch', entry: {} }, 'write'],
    ['no Bundle', { resourceType: 'Patient' }, 'write'],
    ['nothing', undefined, 'write'],
    ['an entry without a request', batch({ resource: { resourceType: 'Patient' } }), 'write'],
    ['an entry without a URL', batch({ request: { method: 'GET' } }), 'operate'],
    ['an entry with an odd method', batch(entry(['GET'], 'Patient')), 'operate'],
    ['null entries', batch(null, 1, 'x'), 'write'],
    ['a message', bundleOf('message', [entry('GET', 'Patient')]), 'write'],
    ['a history', bundleOf('history', [entry('DELETE', 'Patient/1')]), 'delete'],
  ])('%s', (_, body, kind) => expect(kindOf('POST', '', body)).toBe(kind))

  test('stored as a Bundle is a plain write', () => {
    const risk = classify({ method: 'POST', path: 'Bundle', body: batch(entry('DELETE', 'Patient/1')) })
    expect(risk).toEqual({ kind: 'write', targets: ['Bundle'], reason: 'creates' })
  })

  test('nested deeper than the stack is admin', () => {
    let body: unknown = batch()
    for (let depth = 0; depth < 100_000; depth++) body = batch(entry('POST', '/', body))
    expect(kindOf('POST', '', body)).toBe('admin')
  })
})

describe('GraphQL', () => {
  test.each<[string, unknown, Kind]>([
    ['query', '{ PatientList(name: "x") { id } }', 'read'],
    ['query that speaks of a mutation', '{ PatientList(name: "mutation PatientDelete") { id } }', 'read'],
    ['alias', 'query { PatientDelete: Patient(id: "1") { id } }', 'read'],
    ['introspection', 'query IntrospectionQuery { __schema { types { name } } }', 'read'],
    ['create', 'mutation { PatientCreate(res: {}) { id } }', 'write'],
    ['update', 'mutation { PatientUpdate(id: "1", res: {}) { id } }', 'write'],
    ['patch', 'mutation { PatientPatch(id: "1", patch: []) { id } }', 'write'],
    ['delete', 'mutation { PatientDelete(id: "1") { id } }', 'delete'],
    ['delete under an alias', 'mutation { Patient: PatientDelete(id: "1") { id } }', 'delete'],
    ['delete after a create', 'mutation { PatientCreate(res: {}) { id } PatientDelete(id: "1") { id } }', 'delete'],
    [
      'delete in a fragment',
      'mutation { ...F } fragment F on MutationType { PatientDelete(id: "1") { id } }',
      'delete',
    ],
    [
      'delete in an inline fragment',
      'mutation { ... { ... on MutationType { PatientDelete(id: "1") { id } } } }',
      'delete',
    ],
    ['delete that is skipped', 'mutation { PatientDelete(id: "1") @skip(if: true) { id } }', 'delete'],
    ['fragments in a circle', 'mutation { ...A } fragment A on X { ...B } fragment B on X { ...A }', 'write'],
    [
      'several operations',
      'query A { Patient(id: "1") { id } } mutation B { PatientDelete(id: "1") { id } }',
      'delete',
    ],
    ['several operations, the other first', 'mutation B { PatientDelete(id: "1") { id } } query A { x }', 'delete'],
    ['unknown mutation', 'mutation { PatientErase(id: "1") { id } }', 'admin'],
    ['subscription', 'subscription { Patient { id } }', 'operate'],
    ['comments and commas', '#x\n,,mutation#y\n{,PatientDelete(id:"1"){id}}', 'delete'],
    ['escaped word in a string', '{ PatientList(name: "\\u006dutation") { id } }', 'read'],
    ['unreadable', '{ Patient(', 'read'],
    ['unreadable with a mutation', 'mutation { PatientDelete(', 'admin'],
    ['unreadable with a mutation after a comment', '# a\n mutation { PatientDelete(', 'admin'],
    ['of a great length', `mutation { PatientCreate(res: {}) { ${'id '.repeat(60_000)} } }`, 'write'],
    ['of a great length, with what no mutation is called', `mutation { ${'x '.repeat(60_000)} }`, 'admin'],
    ['only a fragment', 'fragment F on Patient { id }', 'read'],
    ['empty', '', 'read'],
    ['no text', { query: 1 }, 'operate'],
    ['missing', undefined, 'operate'],
  ])('%s', (_, query, kind) => {
    expect(kindOf('POST', '$graphql', { query })).toBe(kind)
    if (typeof query !== 'string') return
    expect(kindOf('POST', '$graphql', JSON.stringify({ query }))).toBe(kind)
    expect(kindOf('POST', '$graphql', [{ query }])).toBe(kind)
    expect(kindOf('GET', `$graphql?query=${encodeURIComponent(query)}`)).toBe(kind)
  })

  const two = 'query A { Patient(id: "1") { id } } mutation B { PatientDelete(id: "1") { id } }'
  test.each<[unknown, Kind]>([
    ['A', 'read'],
    ['B', 'delete'],
    ['C', 'delete'],
    [1, 'delete'],
    [null, 'delete'],
  ])('operationName %s chooses', (operationName, kind) => {
    expect(kindOf('POST', '$graphql', { query: two, operationName })).toBe(kind)
  })

  test('an operation named in a query is run, however it is written', () => {
    for (const name of ['$run', '%24run']) expect(kindOf('GET', `Patient?x=/${name}`)).toBe('operate')
  })

  test('a document in the query counts beside the one in the body', () => {
    const path = `$graphql?query=${encodeURIComponent('mutation { PatientDelete(id: "1") { id } }')}`
    expect(kindOf('POST', path, { query: '{ x }' })).toBe('delete')
  })

  test.each([
    ['PUT', '$graphql'],
    ['POST', '$GraphQL'],
    ['POST', 'Patient/$graphql'],
  ])('%s %s is an operation', (method, path) => expect(kindOf(method, path, { query: '{ x }' })).toBe('operate'))

  test('targets are types, and the ids that mutations name', () => {
    const query =
      'mutation ($id: ID!) { a: PatientDelete(id: $id) { id } b: TaskUpdate(id: "t1", res: {}) { id } c: NoteDelete(id: "a b") { id } }'
    const body = { query, variables: { id: 'p1' } }
    expect(classify({ method: 'POST', path: '$graphql', body }).targets).toEqual(['Note', 'Patient/p1', 'Task/t1'])
    const read = { query: '{ PatientList(name: "Doe") { id } Observation(id: "1") { id } __typename }' }
    expect(classify({ method: 'POST', path: '$graphql', body: read }).targets).toEqual([
      '$graphql',
      'Observation',
      'Patient',
    ])
  })
})
