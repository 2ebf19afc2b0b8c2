import { expect, test } from 'vitest'
import { fetchRecord } from '../../../src/tools/fetch/tool.ts'
import { fhirDelete } from '../../../src/tools/fhir-delete.ts'
import { fhirDigest } from '../../../src/tools/fhir-digest.ts'
import { fhirOperate } from '../../../src/tools/fhir-operate.ts'
import { fhirRead } from '../../../src/tools/fhir-read.ts'
import { fhirRequest } from '../../../src/tools/fhir-request.ts'
import { fhirWrite } from '../../../src/tools/fhir-write.ts'
import { understand } from '../../../src/tools/kit/schema.ts'
import type { Tool } from '../../../src/tools/kit/tool.ts'
import { search } from '../../../src/tools/search/tool.ts'
import { show } from '../../../src/tools/show/tool.ts'
import { whoami } from '../../../src/tools/whoami.ts'

const TOOLS: Tool[] = [
  fhirRequest,
  fhirRead,
  fhirWrite,
  fhirDelete,
  fhirOperate,
  fhirDigest,
  show,
  search,
  fetchRecord,
  whoami,
]
const RIGHT: Record<string, Record<string, unknown>> = {
  'fhir-request': { method: 'GET', path: 'Patient' },
  'fhir-read': { path: 'Patient' },
  'fhir-write': { method: 'POST', path: 'Patient', body: { resourceType: 'Patient' } },
  'fhir-delete': { path: 'Task/1' },
  'fhir-operate': { method: 'POST', path: 'Claim/$submit' },
  'fhir-digest': { path: 'Patient' },
  show: { view: 'summary', patient: 'Patient/1' },
  search: { query: 'smith' },
  fetch: { id: 'Patient/1' },
  whoami: {},
}

function refusal(tool: Tool, args: unknown): string {
  const understood = understand(tool, args)
  if (!('issues' in understood)) throw new Error(`taken: ${JSON.stringify(understood.value)}`)
  return understood.issues.map(({ message }) => message).join('\n')
}

test.each(TOOLS.map((tool) => [tool.name, tool] as const))('%s refuses unknown input', (name, tool) => {
  expect(understand(tool, RIGHT[name])).toHaveProperty('value')
  const text = refusal(tool, { ...RIGHT[name], surprise: 1 })
  expect(text).toContain(`${name} has no argument \`surprise\`.`)
  expect(text).toContain('Nothing was sent.')
  // An empty argument is left out.
  expect(understand(tool, { ...RIGHT[name], surprise: null })).toHaveProperty(
    /^(fhir|show)/.test(name) ? 'value' : 'issues',
  )
})

test('every argument is recognized by its letters, however it is written', () => {
  for (const tool of TOOLS) {
    for (const name of Object.keys(tool.input.shape)) {
      const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      for (const other of [snake, snake.replaceAll('_', '-'), name.toUpperCase(), `${name}_`]) {
        if (other === name) continue
        expect(refusal(tool, { ...RIGHT[tool.name], [other]: 'x' }), `${tool.name} ${other}`).toContain(
          `Write \`${name}\`.`,
        )
      }
    }
  }
})

const write = { method: 'PUT', path: 'Task/1', body: {} }
test.each<[Tool, Record<string, unknown>, string]>([
  [fhirRequest, { ...write, dry_run: true, if_match: 'x' }, 'Write `dryRun`.'],
  [fhirRequest, { ...write, dry_run: true, if_match: 'x' }, 'Write `ifMatch`.'],
  [fhirRequest, { ...write, headers: { 'If-None-Exist': 'a=b' } }, 'Instead of If-None-Exist, write `ifNoneExist`.'],
  [fhirRequest, { ...write, headers: { 'if-match': 'W/"1"', prefer: 'x' } }, 'Instead of if-match, write `ifMatch`.'],
  [fhirRequest, { ...write, headers: 'Authorization: Bearer x' }, 'Headers cannot be set.'],
  [fhirRequest, { ...write, dryrn: true }, 'Did you mean `dryRun`?'],
  [fhirRequest, { ...write, resource: {} }, 'Write `body`.'],
  [fhirRequest, { ...write, params: { a: 'b' } }, 'It belongs in `path`'],
  [fhirRequest, { method: 'GET', path: 'Patient', query: 'name=smith' }, 'It belongs in `path`'],
  [fhirRequest, { method: 'GET', path: 'Patient', url: 'Task' }, 'Write `path`.'],
  [fhirDigest, { path: 'Condition', limit: 5 }, 'It belongs in `path`'],
  [fhirRead, { path: 'Patient/1', method: 'DELETE' }, 'fhir-read has no argument `method`'],
  [search, { query: 'smith', type: 'Patient' }, 'It has: `query`.'],
  [whoami, { verbose: true }, 'It takes no arguments.'],
])('%o with %j: %s', (tool, args, advice) => {
  expect(refusal(tool, args)).toContain(advice)
})

test('does not repeat a value, which may be a secret', () => {
  expect(refusal(fhirRequest, { ...write, headers: { authorization: 'Bearer hush' } })).not.toContain('hush')
})

test('a method that only repeats what the tool does is accepted', () => {
  for (const [tool, args] of [
    [fhirRead, { method: 'get', path: 'Patient' }],
    [fhirRead, { method: 'POST', path: 'Patient/_search', form: 'name=smith' }],
    [fhirDigest, { method: 'GET', path: 'Patient' }],
    [fhirDelete, { method: 'DELETE', path: 'Task/1' }],
  ] as [Tool, Record<string, unknown>][])
    expect(understand(tool, args)).toHaveProperty('value')
})

test('what Cursor fills in for a tool without arguments is not an argument', () => {
  expect(understand(whoami, { random_string: 'dummy' })).toHaveProperty('value')
})

function taken(tool: Tool, args: unknown): { path: unknown; notes: string[] } {
  const understood = understand(tool, args)
  if (!('value' in understood)) throw new Error(understood.issues.map(({ message }) => message).join('\n'))
  return { path: (understood.value.args as Record<string, unknown>).path, notes: understood.value.notes }
}

test.each<[Tool, Record<string, unknown>, string]>([
  [fhirRequest, { method: 'GET', path: 'Condition', params: { patient: 'Patient/1' } }, 'Condition?patient=Patient/1'],
  [fhirRequest, { method: 'get', path: 'Condition?_count=5', query: { code: 'a|b' } }, 'Condition?_count=5&code=a|b'],
  [
    fhirRead,
    { path: 'Condition', params: { patient: 'Patient/1', _count: 5 } },
    'Condition?patient=Patient/1&_count=5',
  ],
  [fhirDigest, { path: 'Condition', query: { patient: 'Patient/1' } }, 'Condition?patient=Patient/1'],
  [fhirRead, { path: 'Patient', params: { phone: '+1 555', active: true } }, 'Patient?phone=%2B1%20555&active=true'],
])('%o accepts a query beside the path, and says so: %j', (tool, args, path) => {
  expect(taken(tool, args)).toEqual({ path, notes: [expect.stringContaining(path)] })
})

test.each([
  ['a list: all of it, or any', { patient: ['Patient/1', 'Patient/2'] }],
  ['a parameter that the path has', { name: 'x' }],
  ['what may be encoded', { code: 'a%7Cb' }],
  ['an empty value', { code: '' }],
  ['nothing', {}],
  ['an object', { code: { system: 'x' } }],
  ['a name that is none', { 'a&b': 'x' }],
])('an ambiguous query beside the path is refused: %s', (_, params) => {
  expect(refusal(fhirRead, { path: 'Patient?name=smith', params })).toContain('It belongs in `path`')
})
