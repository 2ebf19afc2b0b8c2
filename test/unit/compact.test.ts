// The compact form loses nothing: a decoder that knows only the documented rules restores the JSON.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answer } from '../../src/answer/answer.ts'
import { compact } from '../../src/answer/compact/compact.ts'
import { writeTable } from '../../src/answer/compact/table.ts'
import { withoutNoise } from '../../src/answer/noise.ts'
import { compileSelect } from '../../src/answer/select/select.ts'
import { columnsOf } from '../../src/answer/select/select-table.ts'
import { bundleOf } from '../calls.ts'
import { atLeast, runs } from '../runs.ts'
import { EXAMPLES } from './answer-examples.ts'
import { decode } from './decode.ts'
import { recordings } from './recordings.ts'

const NASTY = [
  ...['', '-', 'true', 'null', '12', '1e5', '*1', '&1 x', '# Patient (2)', 'same: a=b', 'a|b', 'a"b'],
  ...['line\nreturned: 0\n## Patient', '\u2028x\u0085y\u202Ez\u{E0041}', '\uE0000\uE001', '{a:1}', '[1]', 'x, y=z'],
  ...['=*', '=…', '…', 'Patient/7f2d', '2026-01-01T00:00:00Z', '2026-01-01T10:00:00Z', 'http://loinc.org', 'ü'],
]
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 8 }),
)
const word = fc.constantFrom('final', 'H', '4548-4', 'Patient/1', 'Patient/2', 'Practitioner/long-enough-to-be-named')
const name = fc.constantFrom(
  ...['id', 'status', 'code', 'text', 'display', 'value', '_birthDate', 'name', 'entry', 'item', 'meta'],
)
/** The datatypes that have a short form, and values that only look like them. */
const datatype = fc
  .oneof(
    fc.record({ reference: fc.oneof(word, text), display: text }, { requiredKeys: ['reference'] }),
    fc.record(
      { system: fc.oneof(fc.constant('http://loinc.org'), text), code: fc.oneof(word, text), display: text },
      { requiredKeys: ['system', 'code'] },
    ),
    fc.record(
      {
        coding: fc.array(
          fc.record(
            { system: fc.constant('http://loinc.org'), code: fc.oneof(word, text), display: text },
            { requiredKeys: ['system', 'code'] },
          ),
          { maxLength: 3 },
        ),
        text,
      },
      { requiredKeys: ['coding'] },
    ),
    fc.record(
      {
        value: fc.oneof(fc.integer(), text),
        unit: fc.oneof(fc.constant('%'), text),
        system: fc.constant('http://unitsofmeasure.org'),
        code: fc.oneof(fc.constant('%'), text),
        comparator: fc.constant('<'),
      },
      { requiredKeys: ['value', 'unit', 'system', 'code'] },
    ),
    fc.record({ value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), text), unit: text }),
    fc.record(
      {
        start: fc.oneof(fc.constantFrom('2026', '2026-01-01T00:00:00+02:00'), text),
        end: fc.constantFrom('2026-12', '2026-1'),
      },
      { requiredKeys: ['start'] },
    ),
  )
  .map((value) => plain(value))
/** Columns: values of one kind, most of them alike, some absent. */
const unit = fc.constantFrom('kg', 'mm[Hg]', '10*3/uL', 'a…b', '"', 'tablet')
const moment = fc.constantFrom(
  '2026-01-01',
  '2026-01-01T10:00:00Z',
  '2026-02-03T10:00:00Z',
  '2026-02-03T11:30:00Z',
  '2026',
)
const display = fc.constantFrom('Ann', 'Dr. Ben, MD', 'a|b', '; =', '"quoted"', '<x>', '*1', '…')
const coding = fc.record(
  { system: fc.constantFrom('http://loinc.org', 'urn:x'), code: fc.constantFrom('a', '4548-4', '12', 'x y'), display },
  { requiredKeys: ['system', 'code'] },
)
const concept = fc
  .tuple(fc.array(coding, { minLength: 1, maxLength: 2 }), fc.constantFrom('same', 'own', 'none'), display)
  .map(([codings, kind, words]) => ({
    coding: codings,
    ...(kind === 'own' && { text: words }),
    ...(kind === 'same' && codings[0]?.display !== undefined && { text: codings[0].display }),
  }))
const CELLS: Record<string, fc.Arbitrary<unknown>> = {
  quantity: fc
    .tuple(fc.integer({ min: -3, max: 300 }), unit, fc.boolean())
    .map(([value, one]) => ({ value, unit: one, system: 'http://unitsofmeasure.org', code: one })),
  amount: fc.tuple(fc.integer({ min: -3, max: 3 }), unit).map(([value, one]) => ({ value, unit: one })),
  reference: fc.record(
    { reference: fc.constantFrom('Patient/1', 'Patient/2', 'Practitioner/long-enough-to-be-named', '#1'), display },
    { requiredKeys: ['reference'] },
  ),
  period: fc.record({ start: moment, end: moment }, { requiredKeys: ['start'] }),
  coding,
  concept,
  moment,
  number: fc.integer(),
  text: display,
}
const column = fc.tuple(fc.constantFrom(...Object.keys(CELLS)), fc.boolean()).chain(([kind, isList]) => {
  const cell = CELLS[kind] as fc.Arbitrary<unknown>
  const one = isList ? fc.array(cell, { minLength: 1, maxLength: 2 }) : cell
  return fc.array(fc.oneof({ weight: 9, arbitrary: one }, { weight: 2, arbitrary: fc.constant(undefined) }), {
    minLength: 12,
    maxLength: 12,
  })
})
/** Twelve rows of such columns. */
const rows = fc.dictionary(name, column, { minKeys: 1, maxKeys: 6 }).map((columns) =>
  Array.from({ length: 12 }, (_, row) => {
    const cells = Object.entries(columns).map(([key, cells]) => [key, cells[row]] as const)
    return Object.fromEntries(cells.filter(([, cell]) => cell !== undefined))
  }).filter((row) => Object.keys(row).length > 0),
)
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      text,
      word,
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    datatype,
    fc.dictionary(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: text }), tie('value'), {
      maxKeys: 5,
    }),
  ),
}))
const TYPES = ['Patient', 'Observation', 'Bundle', 'OperationOutcome']
const resource = fc
  .tuple(fc.constantFrom(...TYPES), fc.dictionary(name, json.value, { maxKeys: 6 }))
  .map(([resourceType, rest]) => ({ resourceType, ...rest }))
const entry = fc.record({ resource, search: json.value, response: json.value, fullUrl: word }, { requiredKeys: [] })
const bundle = fc
  .tuple(fc.array(entry, { minLength: 1, maxLength: 14 }), fc.constantFrom('searchset', 'history', 'batch-response'))
  .map(([entries, type]) => bundleOf(type, entries))

/** What observations of one kind share. */
const KINDS = ['Body weight', 'Heart rate', 'Glucose', 'Rare'].map((display, kind) => ({
  code: { coding: [{ system: 'http://loinc.org', code: `${kind}-4`, display }], text: display },
  category: [{ coding: [{ system: `http://example.com/category/${kind % 2}`, code: 'vital-signs' }] }],
  referenceRange: [{ low: { value: kind, unit: 'kg' }, text: `usual of ${display}` }],
  method: { text: `how ${display} is measured, at length` },
  bodySite: { text: `where ${display} is measured, at length` },
}))

function searchset(resources: object[]) {
  return bundleOf(
    'searchset',
    resources.map((resource) => ({ resource })),
  )
}

/** `undefined` as JSON treats it. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function expectSame(value: unknown): void {
  const { value: clean } = withoutNoise(plain(value))
  const written = compact(clean)
  expect(decode(written), written).toEqual(clean)
}

describe('the compact form', () => {
  it('of any JSON can be decoded', () => {
    fc.assert(
      fc.property(json.value, (value) => expectSame(value)),
      { numRuns: runs(2000) },
    )
  })

  it('of any resource can be decoded', () => {
    fc.assert(
      fc.property(resource, (value) => expectSame(value)),
      { numRuns: runs(2000) },
    )
  })

  it('of any Bundle can be decoded, in order', () => {
    fc.assert(
      fc.property(bundle, (value) => expectSame(value)),
      { numRuns: runs(1000) },
    )
  })

  it('of any list of rows can be decoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(name, json.value, { minKeys: 1 }), { minLength: 2, maxLength: 20 }),
        (rows) => {
          const written = writeTable('rows', rows)
          expect(decode(written.replace('# rows', '#')), written).toEqual(plain(rows))
        },
      ),
      { numRuns: runs(1000) },
    )
  })

  it('of rows with columns of datatypes can be decoded', () => {
    fc.assert(
      fc.property(rows, (rows) => {
        fc.pre(rows.length > 1)
        const written = writeTable('rows', rows)
        expect(decode(written.replace('# rows', '#')), written).toEqual(rows)
      }),
      { numRuns: runs(2000) },
    )
  })

  it('of Bundles with columns of datatypes can be decoded, in order', () => {
    const types = fc.array(fc.constantFrom('Observation', 'Task'), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(rows, types, (rows, types) => {
        expectSame(searchset(rows.map((row, at) => ({ resourceType: types[at], ...row }))))
      }),
      { numRuns: runs(1000) },
    )
  })

  it('of Bundles in parts by code can be decoded, in order', () => {
    const kinds = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 24, maxLength: 24 })
    let divided = 0
    fc.assert(
      fc.property(rows, kinds, (rows, kinds) => {
        const bundle = searchset(
          kinds.map((kind, at) => ({ resourceType: 'Observation', ...KINDS[kind], ...rows[at % rows.length] })),
        )
        expectSame(bundle)
        if (/^### \(/m.test(compact(bundle))) divided++
      }),
      { numRuns: runs(300) },
    )
    expect(divided).toBeGreaterThan(atLeast(50))
  })

  it('of an object with only a long list can be decoded', () => {
    const item = [1, 2, 3].map((n) => ({ text: `${n} ${'long '.repeat(30)}` }))
    for (const name of ['item', '', '(3)']) expectSame({ [name]: item })
  })

  it('of a real Medplum’s answers can be decoded', () => {
    const bodies = recordings.filter(({ response }) => typeof response.body === 'object' && response.body !== null)
    expect(bodies.length).toBeGreaterThan(300)
    for (const { name, response } of bodies) {
      const { value } = withoutNoise(response.body)
      const written = compact(value)
      expect(decode(written), `${name}\n${written}`).toEqual(value)
    }
  })
})

describe('docs/answers.md', () => {
  const page = readFileSync(new URL('../../docs/answers.md', import.meta.url).pathname, 'utf8')

  it.each(Object.keys(EXAMPLES))('shows %s as the code writes it', (name) => {
    const { body, options, select } = EXAMPLES[name] ?? {}
    const columns = select && columnsOf(compileSelect(select), 1000)
    const { text } = answer(body, { format: 'compact', maxChars: 60_000, ...options, ...(columns && { columns }) })
    expect(page).toContain(`\n\`\`\`\n${text}\n\`\`\`\n`)
    if (!select && !options) expect(decode(text)).toEqual(withoutNoise(body).value)
  })
})
