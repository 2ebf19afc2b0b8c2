// What the words of a search mean, which searches follow from them, and which records match.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify } from '../../../src/access/risk/risk.ts'
import { confine } from '../../../src/fhir/path.ts'
import { contentOf, isSpelledSo, meets } from '../../../src/tools/search/match.ts'
import { SOUGHT, searchesFor, searchesForAny } from '../../../src/tools/search/plan.ts'
import { type Term, understand } from '../../../src/tools/search/terms.ts'
import { runs } from '../../runs.ts'

const day = (text: string, ...starts: [string, string][]) => ({
  kind: 'date',
  text,
  spans: starts.map(([start, end]) => ({ start, end })),
})
const word = (text: string) => ({ kind: 'word', text })
const UUID = '2a03769f-b8fc-47c4-a6d1-575aafe65350'

describe('understands', () => {
  test.each<[string, object[]]>([
    ['Vega-Castillo, Marisol', [word('Vega-Castillo'), word('Marisol')]],
    ['Marisol 1961', [day('1961', ['1961-01-01', '1962-01-01']), word('Marisol')].reverse()],
    ['1961-03-14', [day('1961-03-14', ['1961-03-14', '1961-03-15'])]],
    ['1961/3/14', [day('1961/3/14', ['1961-03-14', '1961-03-15'])]],
    ['1961-03', [day('1961-03', ['1961-03-01', '1961-04-01'])]],
    ['14.3.1961', [day('14.3.1961', ['1961-03-14', '1961-03-15'])]],
    ['03/14/1961', [day('03/14/1961', ['1961-03-14', '1961-03-15'])]],
    ['14-03-1961', [day('14-03-1961', ['1961-03-14', '1961-03-15'])]],
    ['03/04/1961', [day('03/04/1961', ['1961-03-04', '1961-03-05'], ['1961-04-03', '1961-04-04'])]],
    ['04/04/1961', [day('04/04/1961', ['1961-04-04', '1961-04-05'])]],
    ['March 14th, 1961', [day('March 14th, 1961', ['1961-03-14', '1961-03-15'])]],
    ['14. Sept. 1961', [day('14. Sept. 1961', ['1961-09-14', '1961-09-15'])]],
    ['April 1990', [word('April'), day('1990', ['1990-01-01', '1991-01-01'])]],
    ['31.02.1961', [{ kind: 'code', text: '31.02.1961' }]],
    ['MRN 100200', [{ kind: 'code', text: '100200' }]],
    ['http://x.org/mrn|100200', [{ kind: 'token', text: 'http://x.org/mrn|100200' }]],
    ['Ann@Example.com', [{ kind: 'email', text: 'ann@example.com' }]],
    ['+1 (555) 010-0177', [{ kind: 'phone', text: '+1 (555) 010-0177' }]],
    ['555-0177', [{ kind: 'phone', text: '555-0177' }]],
    [UUID.toUpperCase(), [{ kind: 'id', text: UUID }]],
    ['who is the patient', []],
    ['the', [word('the')]],
    ['An', [word('An')]],
    ['constructor __proto__', [word('constructor'), word('proto')]],
    ['type 2 diabetes', [word('type'), { kind: 'code', text: '2' }, word('diabetes')]],
    ['', []],
    ['?! "" ()', []],
  ])('%j', (query, terms) => {
    expect(understand(query).terms).toEqual(terms)
  })

  test.each([
    ['patients', ['Patient']],
    ['Doctor Nguyen', ['Practitioner']],
    ['documents of the organisation', ['DocumentReference', 'Organization']],
    ['patience', []],
  ])('the types in %j', (query, types) => {
    expect([...understand(query).types]).toEqual(types)
  })

  test.each(['1-', '+1 ', 'a@', '1.1.', '(', 'a|', 'May 1, '])('100 KB of %j quickly', (piece) => {
    const started = performance.now()
    searchesFor(understand(piece.repeat(100_000 / piece.length)))
    searchesFor(understand('e'.repeat(100_000)))
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('at most eight terms', () => {
    expect(understand('one two three four five six seven eight nine ten').terms).toHaveLength(8)
  })
})

describe('the searches', () => {
  const BASE = new URL('https://medplum.example/fhir/R4/')

  test('for any words are a few reads below the FHIR base', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.lorem(), fc.string({ unit: 'binary' })), (query) => {
        const wanted = understand(query)
        const paths = [...searchesFor(wanted), ...searchesForAny(wanted)]
        expect(paths.length).toBeLessThan(80)
        for (const path of paths) {
          const url = confine(path, BASE)
          expect(SOUGHT).toContain(url.pathname.slice(BASE.pathname.length))
          expect(classify({ method: 'GET', path }).kind).toBe('read')
          expect(url.searchParams.get('_count')).toMatch(/^(20|50)$/)
        }
      }),
      { numRuns: runs(100) },
    )
  })

  test('for a name search every type, with all spellings', () => {
    const paths = searchesFor(understand('Muller'))
    expect(new Set(paths.map((path) => path.split('?')[0]))).toEqual(new Set(SOUGHT))
    expect(decodeURIComponent(paths[0] ?? '')).toMatch(/^Patient\?name=muller,.*\bmüller,/)
  })

  test('for a date search only the types that have one', () => {
    expect(searchesFor(understand('1961-03-14')).filter((path) => !path.startsWith('DocumentReference'))).toEqual([
      'Patient?birthdate=ge1961-03-14&birthdate=lt1961-03-15&_count=20',
      'RelatedPerson?birthdate=ge1961-03-14&birthdate=lt1961-03-15&_count=20',
    ])
  })

  test('for a number use the forms in which it is stored', () => {
    expect(searchesFor(understand('mrn100200'))[0]).toBe('Patient?identifier=mrn100200,MRN100200,100200&_count=20')
    expect(searchesFor(understand('100200'))[0]).toBe('Patient?identifier=100200,MRN100200&_count=20')
    expect(searchesFor(understand('(555) 010-0177'))[0]).toContain('555-010-0177')
  })

  test('for shorter input use each word alone, but never a year alone', () => {
    expect(searchesForAny(understand('Marisol'))).toEqual([])
    const paths = searchesForAny(understand('Vega 1961'))
    expect(paths.some((path) => path.startsWith('Patient?name='))).toBe(true)
    expect(paths.join()).not.toContain('birthdate')
    expect(searchesForAny(understand('Vega 1961-03-14')).join()).toContain('Patient?birthdate=ge1961-03-14')
  })
})

describe('a record matches', () => {
  const content = contentOf(
    {
      resourceType: 'DocumentReference',
      id: UUID,
      description: 'Überweisung to the Echocardiogram laboratory',
      type: { coding: [{ system: 'http://clinic.example/hospital', code: '1', display: 'Letter' }], text: 'Note' },
      date: '2026-07-15T10:00:00Z',
      text: { div: '<div>narrative</div>' },
    },
    {
      resourceType: 'Patient',
      name: [{ family: 'Müller' }],
      birthDate: '1961-03-14',
      telecom: [{ system: 'phone', value: '(555) 010-0177' }, { value: 'm@x.org' }],
      identifier: [{ value: 'MRN100200' }],
    },
  )
  const one = (query: string): Term => understand(query).terms[0] as Term

  test.each([
    'Letter',
    'letters'.slice(0, 6),
    ...['uberweisung', 'cardio', 'Muller', 'Mueller', 'note', '2026-07-15', '1961', '14.03.1961', 'MRN100200'],
    ...['100200', 'http://x.org/a|MRN100200', '+1 555 010 0177', 'M@x.org'],
    UUID,
  ])('%s', (query) => {
    expect(meets(content, one(query))).toBe(true)
  })

  test.each([
    ...['hospital', 'narrative', 'Möller', 'ter', '2026-07-16', '1962', 'MRN1002', '555-0178', 'n@x.org'],
    UUID.replace('2', '3'),
  ])('not: %s', (query) => {
    expect(meets(content, one(query))).toBe(false)
  })

  test('letter by letter or not', () => {
    expect(isSpelledSo(content, one('Müller'))).toBe(true)
    expect(isSpelledSo(content, one('Muller'))).toBe(false)
  })
})
