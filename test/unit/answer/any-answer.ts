import fc from 'fast-check'
import { bundleOf } from '../../calls.ts'

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

export const name = fc.constantFrom(
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
export const rows = fc.dictionary(name, column, { minKeys: 1, maxKeys: 6 }).map((columns) =>
  Array.from({ length: 12 }, (_, row) => {
    const cells = Object.entries(columns).map(([key, cells]) => [key, cells[row]] as const)
    return Object.fromEntries(cells.filter(([, cell]) => cell !== undefined))
  }).filter((row) => Object.keys(row).length > 0),
)

export const json = fc.letrec((tie) => ({
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

export const resource = fc
  .tuple(fc.constantFrom(...TYPES), fc.dictionary(name, json.value, { maxKeys: 6 }))
  .map(([resourceType, rest]) => ({ resourceType, ...rest }))

const entry = fc.record({ resource, search: json.value, response: json.value, fullUrl: word }, { requiredKeys: [] })

export const bundle = fc
  .tuple(fc.array(entry, { minLength: 1, maxLength: 14 }), fc.constantFrom('searchset', 'history', 'batch-response'))
  .map(([entries, type]) => bundleOf(type, entries))

/** What observations of one kind share. */
export const KINDS = ['Body weight', 'Heart rate', 'Glucose', 'Rare'].map((display, kind) => ({
  code: { coding: [{ system: 'http://loinc.org', code: `${kind}-4`, display }], text: display },
  category: [{ coding: [{ system: `http://example.com/category/${kind % 2}`, code: 'vital-signs' }] }],
  referenceRange: [{ low: { value: kind, unit: 'kg' }, text: `usual of ${display}` }],
  method: { text: `how ${display} is measured, at length` },
  bodySite: { text: `where ${display} is measured, at length` },
}))

export function searchset(resources: object[]) {
  return bundleOf(
    'searchset',
    resources.map((resource) => ({ resource })),
  )
}

/** `undefined` as JSON treats it. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
