// The compact form loses nothing: a decoder that knows only the documented rules turns it back.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withoutNoise } from '../../src/fhir/noise.ts'
import { compact } from '../../src/fhir/shape.ts'
import { writeTable } from '../../src/fhir/table.ts'
import { decode } from './decode.ts'
import { recordings } from './recordings.ts'

const NASTY = [
  '',
  '-',
  'true',
  'null',
  '12',
  '1e5',
  '*1',
  '&1 x',
  '# Patient (2)',
  'same: a=b',
  'a|b',
  'a"b',
  'line\nreturned: 0\n## Patient',
  '\u2028x\u0085y\u202Ez\u{E0041}',
  '\uE0000\uE001',
  '{a:1}',
  '[1]',
  'x, y=z',
  '=*',
  'Patient/7f2d',
  '2026-01-01T00:00:00Z',
  '2026-01-01T10:00:00Z',
  'http://loinc.org',
  'ü',
]
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 8 }),
)
const word = fc.constantFrom('final', 'H', '4548-4', 'Patient/1', 'Patient/2', 'Practitioner/long-enough-to-be-named')
const name = fc.constantFrom(
  'id',
  'status',
  'code',
  'text',
  'display',
  'value',
  '_birthDate',
  'name',
  'entry',
  'item',
  'meta',
)
/** The datatypes that have a short form, and what merely looks like them. */
const datatype = fc.oneof(
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
  .map(([entries, type]) => ({ resourceType: 'Bundle', type, entry: entries }))

/** Undefined goes as JSON has it. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function expectSame(value: unknown): void {
  const { value: clean } = withoutNoise(plain(value))
  const written = compact(clean)
  expect(decode(written), written).toEqual(clean)
}

describe('the compact form', () => {
  it('of any JSON turns back', () => {
    fc.assert(
      fc.property(json.value, (value) => expectSame(value)),
      { numRuns: 2000 },
    )
  })

  it('of any resource turns back', () => {
    fc.assert(
      fc.property(resource, (value) => expectSame(value)),
      { numRuns: 2000 },
    )
  })

  it('of any Bundle turns back, in its order', () => {
    fc.assert(
      fc.property(bundle, (value) => expectSame(value)),
      { numRuns: 1000 },
    )
  })

  it('of any list of rows turns back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(name, json.value, { minKeys: 1 }), { minLength: 2, maxLength: 20 }),
        (rows) => {
          const written = writeTable('rows', rows)
          expect(decode(written.replace('# rows', '#')), written).toEqual(plain(rows))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('of what a real Medplum answered turns back', () => {
    const bodies = recordings.filter(({ response }) => typeof response.body === 'object' && response.body !== null)
    expect(bodies.length).toBeGreaterThan(300)
    for (const { name, response } of bodies) {
      const { value } = withoutNoise(response.body)
      const written = compact(value)
      expect(decode(written), `${name}\n${written}`).toEqual(value)
    }
  })
})
