// What a request would do: every line of the table, every way to hide one thing as another, and that nothing is put too low.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { classify, MAX_TARGETS } from '../../src/access/risk/risk.ts'
import { GOVERNING_TYPES, KINDS, type Kind, ROUTES } from '../../src/access/risk/routes.ts'
import type { Method } from '../../src/client/request.ts'
import { confine, relativeTo } from '../../src/fhir/path.ts'
import { bundleOf } from '../calls.ts'

const BASE = new URL('https://api.medplum.com/fhir/R4/')
const rank = (kind: Kind) => KINDS.indexOf(kind)
const kindOf = (method: string, path: string, body?: unknown) => classify({ method: method as Method, path, body }).kind
const filled = (path: string) =>
  path
    .replace('{type}', 'Observation')
    .replace('{id}', 'abc-1')
    .replace('{version}', '2')
    .replace('?upload', '?upload=true')
const entry = (method: unknown, url: unknown, resource?: unknown) => ({ request: { method, url }, resource })
const batch = (...entries: unknown[]) => bundleOf('batch', entries)

const LINES = ROUTES.flatMap(({ methods, paths, kind }) =>
  methods.flatMap((method) => paths.map((path) => ({ method, path, kind }))),
)

describe('every line of the table', () => {
  test.each(LINES)('$method $path: $kind', ({ method, path, kind }) => {
    const place = filled(path)
    const sent = relativeTo(BASE, confine(place, BASE))
    expect(classify({ method, path: sent })).toMatchObject({ kind })
    expect(classify({ method: 'POST', path: '', body: batch(entry(method, `${place}`)) }).parts).toMatchObject([
      { kind },
    ])
  })

  test('has no route twice, and a reason for each', () => {
    const keys = LINES.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { why } of ROUTES) expect(why).not.toBe('')
  })

  test('takes as read no operation by a method, place or letter case of its own', () => {
    const listed = new Set(LINES.map(({ method, path }) => `${method} ${path}`))
    for (const { method, path } of LINES.filter((line) => line.path.includes('$') && !line.path.includes('?'))) {
      for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (listed.has(`${other} ${path}`)) continue
        expect(rank(kindOf(other, filled(path))), `${other} ${path}`).toBeGreaterThanOrEqual(rank('operate'))
      }
      if (path === '$versions') continue
      for (const moved of [`${filled(path)}/more`, `Nope/1/2/${filled(path)}`, filled(path).toUpperCase()]) {
        const kind = kindOf(method, moved)
        expect(rank(kind), `${method} ${moved}`).toBeGreaterThanOrEqual(rank('operate'))
        expect(rank(kind), `${method} ${moved}`).toBeGreaterThanOrEqual(rank(kindOf(method, filled(path))))
      }
    }
  })
})

describe('types that govern access or run code', () => {
  test.each(Object.keys(GOVERNING_TYPES))('%s', (type) => {
    expect(kindOf('GET', `${type}/1`)).toBe('read')
    expect(kindOf('GET', type)).toBe('read')
    expect(kindOf('POST', `${type}/_search`)).toBe('read')
    expect(kindOf('POST', `${type}/$validate`)).toBe('read')
    expect(kindOf('POST', type)).toBe('admin')
    expect(kindOf('POST', `${type}/1/$refresh-reference-display`)).toBe('admin')
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      for (const path of [type, `${type}/1`, `${type}?name=x`, type.toLowerCase(), `${type}/1/2/3`]) {
        expect(kindOf(method, path), `${method} ${path}`).toBe('admin')
      }
    }
    for (const verb of ['Create', 'Update', 'Patch', 'Delete']) {
      expect(kindOf('POST', '$graphql', { query: `mutation { ${type}${verb}(id: "1") { id } }` })).toBe('admin')
    }
    expect(kindOf('POST', '', batch(entry('GET', 'Patient/1'), entry('PATCH', `${type}/1`)))).toBe('admin')
  })
})

describe('operations that nobody listed', () => {
  test.each([
    ['GET', 'Patient/1/$nope'],
    ['DELETE', '$nope'],
    ['GET', 'Bot/$execute/appended/path'],
    ['GET', 'bot/1/$EXECUTE'],
    ['GET', 'Patient/1/$everything/$nope'],
    ['GET', '$nope/Patient/1'],
    ['GET', 'Patient/$expand'],
    ['GET', 'Patient/1?x=/$nope'],
    ['GET', 'Patient?_tag=http://x/$nope'],
    ['HEAD', 'Bot/1/$execute'],
    ['DELETE', 'Job/1/STATUS'],
  ])('%s %s operates', (method, path) => expect(kindOf(method, path)).toBe('operate'))

  test.each([
    ['GET', 'Patient/1/$expunge'],
    ['POST', 'Patient/$expunge'],
    ['POST', '$expunge'],
    ['POST', 'Patient/1/$EXPUNGE'],
    ['GET', '$db-anything-new'],
    ['POST', 'Patient/1/$validate/$deploy'],
  ])('%s %s is as much as its namesake', (method, path) => expect(kindOf(method, path)).toBe('admin'))
})

describe('another spelling of a path', () => {
  const ways: [string, (path: string) => string][] = [
    ['leading slash', (path) => `/${path}`],
    ['base path', (path) => `fhir/R4/${path}`],
    ['base path and slash', (path) => `/fhir/R4/${path}`],
    ['base path of a proxy', (path) => `/medplum/fhir/R4/${path}`],
    ['full URL', (path) => `https://api.medplum.com/fhir/R4/${path}`],
    ['double slashes', (path) => `//${path.replaceAll('/', '//')}`],
    ['escaped dollar', (path) => path.replaceAll('$', '%24')],
    ['escaped letters', (path) => path.replace(/^[A-Z]/, (char) => `%${char.charCodeAt(0).toString(16)}`)],
    ['trailing slash', (path) => path.replace(/(\?|$)/, '/$1')],
    ['fragment', (path) => `${path}#x`],
  ]
  test.each(ways)('%s', (_, rewrite) => {
    for (const { method, path } of LINES) {
      const plain = rank(kindOf(method, filled(path)))
      const other = rewrite(filled(path))
      expect(rank(kindOf(method, other)), `${method} ${other}`).toBeGreaterThanOrEqual(plain)
      const wrapped = kindOf('POST', '', batch(entry(method.toLowerCase(), other)))
      expect(rank(wrapped), `entry ${method} ${other}`).toBeGreaterThanOrEqual(path === '' ? 0 : plain)
    }
  })

  test.each([
    '..',
    'Patient/../Bot',
    'Patient/1;x',
    'urn:uuid:5',
    'Patient/%zz',
    'Patient\\1',
    'https://evil.example/x',
  ])('%s is odd and operates', (path) => expect(kindOf('GET', path)).toBe('operate'))

  test('a method that FHIR does not have operates', () => expect(kindOf('TRACE', 'Patient/1')).toBe('operate'))
})

describe('a batch', () => {
  test('is as much as the highest of its entries, each in its order', () => {
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

  test('an operation named in a query runs, however it is written', () => {
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
  ])('%s %s operates', (method, path) => expect(kindOf(method, path, { query: '{ x }' })).toBe('operate'))

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

describe('targets', () => {
  test.each([
    ['', '*'],
    ['?_type=Patient,Task', '*'],
    ['Patient/123?name=Doe', 'Patient/123'],
    ['Patient?name=Doe', 'Patient'],
    ['Patient/123/_history/4', 'Patient/123'],
    ['Patient/_search', 'Patient'],
    ['Patient/123/$everything?start=2020-01-01', 'Patient/123/$everything'],
    ['Bot/$execute/more/and?identifier=x', 'Bot/$execute'],
    ['$export', '$export'],
    ['Patient/a b/Jane Doe', 'Patient/?/?'],
    ['job/1/status', 'job/1/status'],
  ])('of %s: %s', (path, target) => {
    expect(classify({ method: 'GET', path }).targets).toEqual([target])
  })

  test('are bounded', () => {
    const ids = Array.from({ length: MAX_TARGETS + 1 }, (_, index) => entry('GET', `Patient/${1000 + index}`))
    const whole = classify({ method: 'POST', path: '', body: batch(...ids.slice(1)) }).targets
    expect(whole).toHaveLength(MAX_TARGETS)
    const cut = classify({ method: 'POST', path: '', body: batch(entry('POST', '/', batch(...ids))) }).targets
    expect(cut).toHaveLength(MAX_TARGETS + 1)
    expect(cut.at(-1)).toBe('…')
  })
})

/** Numbers that are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

describe('any input', () => {
  const next = numbers(20260728)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const PIECES = [
    'Patient',
    'Bot',
    '$execute',
    '$expunge',
    '$graphql',
    '%24',
    '%',
    '/',
    '//',
    '?',
    '&',
    '=',
    '#',
    '..',
    '_history',
  ]
  const MORE = [
    '\\',
    ' ',
    '\u0000',
    'é',
    '\ud800',
    '1',
    'urn:uuid:1',
    'fhir',
    'R4',
    'https:',
    ':',
    '$',
    '~',
    '{id}',
    '',
  ]
  const text = () => Array.from({ length: Math.floor(next() * 7) }, () => pick([...PIECES, ...MORE])).join('')
  const word = () => pick(['Bundle', 'batch', 'GET', 'delete', 'mutation{PatientDelete(id:"1"){id}}', '{x}', text()])
  const KEYS = ['resourceType', 'type', 'entry', 'request', 'method', 'url', 'resource', 'query', 'operationName', 'x']
  const value = (depth: number): unknown => {
    const simple = [undefined, null, true, 0, Number.NaN, Symbol.iterator, () => 1, 10n, word(), word()]
    if (depth === 0) return pick(simple)
    const list = () => Array.from({ length: Math.floor(next() * 4) }, () => value(depth - 1))
    const record = () => Object.fromEntries(KEYS.filter(() => next() < 0.5).map((key) => [key, value(depth - 1)]))
    return pick([() => pick(simple), list, record, record, () => batch(...list())])()
  }
  const hostile = {
    get resourceType(): string {
      throw new Error('no')
    },
  }

  test('has a kind and targets', () => {
    for (let run = 0; run < 10_000; run++) {
      const given = {
        method: pick(['GET', 'POST', value(1)]),
        path: pick([text(), '', '$graphql', value(1)]),
        body: value(4),
      }
      const { kind, targets, reason } = classify(given as Parameters<typeof classify>[0])
      const sound = KINDS.includes(kind) && targets.length > 0 && targets.length <= MAX_TARGETS + 1 && reason !== ''
      if (!sound) expect.fail(`${String(given.method)} ${String(given.path)}: ${kind} ${targets.length} ${reason}`)
    }
  })

  test('that throws when it is read is admin', () => {
    expect(kindOf('POST', '', hostile)).toBe('admin')
    expect(classify({ method: Object.create(null), path: 'Patient' }).kind).toBe('admin')
    expect(classify(undefined as unknown as Parameters<typeof classify>[0]).kind).toBe('admin')
  })

  test('never decreases when a batch grows', () => {
    for (let run = 0; run < 2_000; run++) {
      const lines = [pick(LINES), pick(LINES), pick(LINES)].filter(({ path }) => path !== '')
      const whole = kindOf('POST', '', batch(value(3), ...lines.map(({ method, path }) => entry(method, filled(path)))))
      for (const { kind } of lines) expect(rank(whole)).toBeGreaterThanOrEqual(rank(kind))
    }
  })
})

/** A table as Biome formats it, with a heading row. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const [heading, ...lines] = rows.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  )
  return [heading, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines].join('\n')
}

// Rewritten by `npx vitest run --project node test/unit/risk.test.ts -u`.
test('docs/risk.md shows the tables as they are', async () => {
  const code = (words: string[]) => words.map((word) => `\`${word || '(base)'}\``).join(' ')
  const groups = [...new Set(ROUTES.map((route) => route.group))].map((group) => {
    const rows = ROUTES.filter((route) => route.group === group).map(({ methods, paths, kind, why }) => [
      methods.join(' '),
      code(paths),
      kind,
      why,
    ])
    return `### ${group}\n\n${table([['method', 'path', 'kind', 'because it'], ...rows])}`
  })
  const tables = {
    routes: groups.join('\n\n'),
    types: table([['type', 'because it'], ...Object.entries(GOVERNING_TYPES)]),
  }
  let document: string = readFileSync('docs/risk.md', 'utf8')
  for (const [name, text] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- ${name} -->\n+)[^]*?(\n+<!-- end of ${name} -->)`)
    expect(document).toMatch(place)
    document = document.replace(place, (_, start: string, end: string) => start + text + end)
  }
  await expect(document).toMatchFileSnapshot('../../docs/risk.md')
})
