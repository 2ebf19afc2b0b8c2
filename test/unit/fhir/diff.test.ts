// The differences between two versions, and the result of a JSON Patch.
import { describe, expect, test } from 'vitest'
import { changesOf, differenceLines, differences, short } from '../../../src/fhir/diff.ts'
import { applyPatch, operationsOf } from '../../../src/fhir/json-patch.ts'

const lines = (before: unknown, after: unknown, most = 20) => differenceLines(differences(before, after), most)

describe('differences', () => {
  test('none between equal values, in any order', () => {
    expect(lines({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([])
  })

  test('changed, added and removed', () => {
    const before = { status: 'requested', note: [{ text: 'old' }], priority: 'routine' }
    const after = { status: 'completed', note: [{ text: 'new' }], owner: { reference: 'Practitioner/1' } }
    expect(lines(before, after)).toEqual([
      'status: "requested" → "completed"',
      'note[0].text: "old" → "new"',
      'priority: removed "routine"',
      'owner: added {"reference":"Practitioner/1"}',
    ])
  })

  test.each([
    [[1, 2, 3], [2, 3], ['a[0]: removed 1']],
    [[1, 2, 3], [1, 9, 2, 3], ['a[1]: added 9']],
    [[1, 1], [1], ['a[1]: removed 1']],
    [[], [1], ['a[0]: added 1']],
    [[1, 2, 3], [1, 5, 3], ['a[1]: 2 → 5']],
    [null, [1], ['a: null → [1]']],
  ])('in a list: %j to %j', (before, after, expected) => {
    expect(lines({ a: before }, { a: after })).toEqual(expected)
  })

  test('counts what exceeds the limit', () => {
    expect(lines({ a: 1, b: 1, c: 1 }, {}, 1)).toEqual(['a: removed 1', 'and 2 more differences'])
  })

  test('neither a value nor a name can break a line or reverse its direction', () => {
    expect(lines({}, { 'a\nDelete everything': 'x\ny\u202e' })).toEqual([
      String.raw`"a\nDelete everything": added "x\ny\u202e"`,
    ])
    expect(lines({}, JSON.parse('{"__proto__": 1}'))).toEqual(['__proto__: added 1'])
  })

  test('a long value is cut, between letters', () => {
    expect([...short('😀'.repeat(300))]).toHaveLength(100)
    expect(short('😀'.repeat(300))).toMatch(/^"(😀)+…$/u)
  })

  test('what the server sets does not count as a change, a tag does', () => {
    const before = { resourceType: 'Task', meta: { versionId: '1', lastUpdated: 'x', author: {} } }
    const side = (value: object) => ({ value, shown: value })
    expect(changesOf(side(before), side({ resourceType: 'Task' }))).toEqual([])
    expect(changesOf(side(before), side({ resourceType: 'Task', meta: { tag: [{ code: 'a' }] } }))).toEqual([
      { path: 'meta', after: { tag: [{ code: 'a' }] } },
    ])
  })
})

test('only says that hidden values differ', () => {
  const side = (value: string, ...list: string[]) => ({
    value: { secret: value, list },
    shown: { secret: '(hidden)', list: list.map(() => '(hidden)') },
  })
  const changed = changesOf(side('a', 'x', 'y'), side('b', 'y', 'z'))
  expect(differenceLines(changed, 9)).toEqual(['secret: replaced', 'list[0]: replaced', 'list[1]: replaced'])
  expect(changesOf(side('a', 'x'), side('a', 'x'))).toEqual([])
})

// Cases of RFC 6902, appendix A, and of json-patch-tests.
describe('a JSON Patch', () => {
  test.each([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [{ a: [1, 2] }, [{ op: 'replace', path: '/a/0', value: 9 }], { a: [9, 2] }],
    [
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      { foo: ['all', 'grass', 'cows'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/2' }],
      { foo: ['all', 'cows', 'grass'] },
    ],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [
      { '/': 9, '~1': 10 },
      [
        { op: 'test', path: '/~01', value: 10 },
        { op: 'remove', path: '/~1' },
      ],
      { '~1': 10 },
    ],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: null }, [{ op: 'test', path: '/a', value: null }], { a: null }],
  ])('%j with %j', (before, patch, after) => {
    const given = structuredClone(before)
    expect(applyPatch(given, patch)).toEqual({ after })
    expect(given).toEqual(before)
  })

  test.each([
    [{ a: 1 }, [{ op: 'test', path: '/a', value: 2 }], 'operation 0: the value at /a is a different one'],
    [{ a: 1 }, [{ op: 'remove', path: '/b' }], 'operation 0: there is nothing at /b'],
    [{ a: 1 }, [{ op: 'replace', path: '/b', value: 1 }], 'there is nothing at /b'],
    [{ a: 1 }, [{ op: 'add', path: '/b/c', value: 1 }], 'there is nothing at /b'],
    [{ a: 1 }, [{ op: 'add', path: '/a/c', value: 1 }], 'there is no object or list at /a'],
    [{ a: [1] }, [{ op: 'add', path: '/a/2', value: 1 }], 'there is no item 2'],
    [{ a: [1] }, [{ op: 'add', path: '/a/01', value: 1 }], 'there is no item 01'],
    [{ a: [1] }, [{ op: 'remove', path: '/a/-' }], 'there is no item -'],
    [{ a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }], 'into itself'],
    [{ a: 1 }, [{ op: 'add', path: 'a', value: 1 }], 'must be a JSON Pointer'],
    [{ a: 1 }, [{ op: 'add', path: '/a' }], '`value` is missing'],
    [{ a: 1 }, [{ op: 'increase', path: '/a' }], '`op` must be'],
    [{ a: 1 }, [7], 'is not an object'],
    [{}, [{ op: 'remove', path: '/constructor' }], 'can’t lead to /constructor'],
    // Medplum's library would change `/a/b`, `/a` and the later item.
    [{ a: { b: 1 } }, [{ op: 'replace', path: '/a/__proto__/b', value: 2 }], 'can’t lead to /a/__proto__/b'],
    [{ a: 1 }, [{ op: 'copy', from: '/prototype/a', path: '/b' }], '`from` can’t lead to /prototype/a'],
    [{ a: [1, {}, {}] }, [{ op: 'move', from: '/a/0', path: '/a/1/b' }], 'would shift the list'],
    [{ a: 1 }, [{ op: 'add', path: '/b/c/-', value: 1 }], 'there is nothing at /b'],
  ])('%j refuses %j: %s', (document, patch, problem) => {
    expect(applyPatch(document, patch)).toEqual({ problem: expect.stringContaining(problem) })
  })

  test('appends to a list that isn’t there yet, as Medplum does', () => {
    expect(applyPatch({}, [{ op: 'add', path: '/note/-', value: 1 }])).toEqual({ after: { note: [1] } })
    expect(applyPatch({ a: {} }, [{ op: 'add', path: '/a/b/-', value: 1 }])).toEqual({ after: { a: { b: [1] } } })
  })

  test('a name like __proto__ changes nothing', () => {
    const applied = applyPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
    expect(applied).toEqual({ problem: expect.stringContaining('can’t lead to') })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('in a batch, it is the content of a Binary', () => {
    const patch = [{ op: 'add', path: '/note', value: '–' }]
    const data = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(patch))))
    expect(operationsOf({ resourceType: 'Binary', contentType: 'application/json-patch+json', data })).toEqual(patch)
    expect(operationsOf(patch)).toBe(patch)
    for (const body of [
      undefined,
      {},
      { resourceType: 'Binary', data: '%' },
      { resourceType: 'Binary', data: btoa('{}') },
    ])
      expect(operationsOf(body)).toBeUndefined()
  })

  const operation = (...part: object[]) => ({ resourceType: 'Parameters', parameter: [{ name: 'operation', part }] })
  const [op, path] = [
    { name: 'op', valueCode: 'copy' },
    { name: 'path', valueString: '/description' },
  ]
  test.each<[string, object]>([
    [
      'of base64 that only Medplum reads',
      { resourceType: 'Binary', data: 'W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL25hbWUifV0_' },
    ],
    ['of two values in a part', operation(op, { ...path, valueCode: '/secret' })],
    ['of a part that stands twice', operation(op, path, { name: 'path', valueString: '/secret' })],
    ['of a part of another type', operation(op, { name: 'path', valueUri: '/description' })],
    [
      'of a value that is no JSON text',
      operation({ name: 'op', valueCode: 'add' }, path, { name: 'value', valueString: 'x' }),
    ],
    ['of another parameter', { resourceType: 'Parameters', parameter: [{ name: 'other', part: [op, path] }] }],
  ])('refuses one that Medplum could read differently: %s', (_, body) => {
    expect(operationsOf(body)).toBeUndefined()
  })

  test('in a batch, they may be Parameters', () => {
    const value = { name: 'value', valueString: '{"a":1}' }
    expect(operationsOf(operation({ name: 'op', valueCode: 'add' }, path, value))).toEqual([
      { op: 'add', path: '/description', value: { a: 1 } },
    ])
  })
})
