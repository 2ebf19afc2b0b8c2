// Columns with any input: no expression or record blocks the Worker or makes it throw.
import { evalFhirPathTyped, toTypedValue } from '@medplum/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSelect, SelectError } from '../../../src/answer/select/select.ts'
import { runs } from '../../runs.ts'
import { OBSERVATION } from './select-examples.ts'

describe('no expression or record blocks the Worker', () => {
  const doubled = (step: string, times: number) => `id${`.select(${step})`.repeat(times)}`
  const entries = Array.from({ length: 3000 }, (_, index) => ({ id: `${index}`, code: { text: `${index % 7}` } }))
  const bundle = { resourceType: 'Bundle', id: 'b', entry: entries, text: { div: 'a'.repeat(1_000_000) } }

  test.each([
    ['texts that double', doubled("$this | ($this & 'x')", 16)],
    ['a text that doubles', `text.div${'.select($this & $this)'.repeat(20)}`],
    ['unions that grow', `(${Array(40).fill('entry').join('|')}).count()`],
    ['each compared with each', '(entry.id | entry.code).count()'],
    ['each told from each', 'entry.id.distinct().count() + entry.id.distinct().count()'],
    ['comparing everything', Array(30).fill('$this=$this').join(' and ')],
    ['a long text, again and again', `text.div${'.upper().lower()'.repeat(30)}`],
  ])('%s', (_, expression) => {
    const select = compileSelect([expression, 'id'])
    const started = performance.now()
    for (let row = 0; row < 100; row++) expect(select.row(bundle).cells[1]).toBe('b')
    expect(select.errors()).toEqual([expect.stringMatching(/too much work.* \(100 of 100 resources\)/)])
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('four hundred characters are handled one by one', () => {
    const select = compileSelect([`${'-'.repeat(400)}1`])
    expect(select.row(bundle).cells).toEqual([1])
  })

  test('an answer has its own limit', () => {
    const select = compileSelect(['entry.code.text.count()', 'entry.id.count()'])
    const counts = Array.from({ length: 300 }, () => select.row(bundle).cells[0])
    expect(counts[0]).toBe(3000)
    expect(counts.at(-1)).toBeUndefined()
    expect(select.errors()).toEqual([
      expect.stringMatching(/all expressions together/),
      expect.stringMatching(/all expressions together/),
    ])
  })

  test('a thousand resources of an ordinary answer stay below the limit', () => {
    const select = compileSelect([
      ...['id', 'status', 'code.text', 'subject.reference', 'effective', 'value.ofType(Quantity).value', 'note.text'],
      ...Array.from({ length: 13 }, (_, index) => `component.where(code.coding.code='8480-6').value.value + ${index}`),
    ])
    for (let row = 0; row < 1000; row++) select.row(OBSERVATION)
    expect(select.row(OBSERVATION).cells.at(-1)).toBe(132)
    expect(select.errors()).toEqual([])
  })

  test('deep records', () => {
    let deep: unknown = { end: 1 }
    for (let level = 0; level < 20_000; level++) deep = { e: deep }
    const select = compileSelect(['$this = $this', 'e.e.exists()', 'e | e.e'])
    expect(select.row(deep).cells).toEqual([undefined, true, undefined])
    expect(select.errors()).toHaveLength(2)
  })
})

/** A value as parsed from an answer: `__proto__` is a property like any other, and there is no -0. */
function asParsed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

describe('odd resources', () => {
  const names = fc.constantFrom(
    ...['resourceType', 'id', 'value', 'valueQuantity', 'valueString', 'valueHumanName', 'unit', 'code', 'coding'],
    ...['name', 'given', '_given', 'family', '_family', 'url', 'extension', 'type', 'reference', 'toString', 'valueOf'],
    ...['constructor', '__proto__', 'length'],
  )
  const odd = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(null, true, false, 0, 1.5, '', 'a', 'Patient', '2026-01-02', 'http://a'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(names, tie('any'), { maxKeys: 5 }).map(asParsed),
    ),
  })).any
  const EXPRESSIONS = [
    'name.family',
    'value',
    'value.given | name.given',
    'value.ofType(Quantity).value',
    "name.where(use = 'official').given.first()",
    "extension('http://a').value",
    'code ~ value',
    'value = value.value',
    'type.value.unit',
    'reference.getReferenceKey()',
    'name.given.count() + value',
    "name.given.join(' ')",
    ...['Patient.extension.value', 'constructor.name', 'length', '$this', 'code.coding.exists(code = value)'],
    'value.toString()',
    'name.select(given.first() & family)',
  ]

  test('never throw, and give JSON', () => {
    fc.assert(
      fc.property(fc.oneof(odd, fc.jsonValue().map(asParsed)), (resource) => {
        const select = compileSelect(EXPRESSIONS)
        const { cells } = select.row(resource)
        expect(cells).toHaveLength(EXPRESSIONS.length)
        for (const cell of cells) if (cell !== undefined) expect(JSON.parse(JSON.stringify(cell))).toEqual(cell)
        expect(select.errors().join()).not.toMatch(/TypeError|Cannot|undefined|\[object/)
        select.empty()
      }),
      { numRuns: runs(1000) },
    )
  })

  /** By the library alone; undefined if it fails. */
  function foundByLibrary(expression: string, resource: unknown): unknown[] | undefined {
    try {
      const found = evalFhirPathTyped(expression, [toTypedValue(resource)])
      return found.flatMap(({ value }) => (value === undefined || value === null ? [] : [value]))
    } catch {
      return undefined
    }
  }

  test('skips only what the library finds nothing in', () => {
    fc.assert(
      fc.property(
        odd,
        fc.constantFrom('value', 'name.given', 'value.value', 'code.coding.code', 'Patient.id'),
        (resource, expression) => {
          const found = foundByLibrary(expression, resource)
          if (found)
            expect(compileSelect([expression]).row(resource).cells).toEqual([found.length > 1 ? found : found[0]])
        },
      ),
      { numRuns: runs(1000) },
    )
  })

  test('any text is refused, or evaluated', () => {
    const pieces = fc.constantFrom(
      ...`name value . ( ) [ ] 0 'a' " \` \\ | = ~ & - + @2026 where select first() ofType(Quantity)`.split(' '),
      ...['$this', '%', '/*', '//', '{}', ',', ' ', ' as ', ' in ', '5 days'],
    )
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (expression) => {
        try {
          expect(compileSelect([expression]).row(OBSERVATION).cells).toHaveLength(1)
        } catch (error) {
          expect(error).toBeInstanceOf(SelectError)
        }
      }),
      { numRuns: runs(5000) },
    )
  })
})
