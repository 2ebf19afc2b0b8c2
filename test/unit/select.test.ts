// Columns by FHIRPath: what models write, what is refused and how, and that no expression or record holds the Worker up.

import { evalFhirPathTyped, toTypedValue } from '@medplum/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSelect, SelectError } from '../../src/answer/select/select.ts'
import { columnsOf } from '../../src/answer/select/select-table.ts'
import { runs } from '../runs.ts'

const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { lastUpdated: '2026-01-02T03:04:05.000Z' },
  text: { status: 'generated', div: '<div>Ann Smith</div>' },
  extension: [
    { url: 'http://example.org/race', valueString: 'none' },
    { url: 'http://example.org/sex', valueCode: 'F' },
  ],
  identifier: [
    { system: 'http://example.org/mrn', value: '123' },
    { system: 'http://example.org/ssn', value: '999' },
  ],
  active: true,
  name: [
    { use: 'official', family: 'Smith', given: ['Ann', 'Bea'] },
    { use: 'nickname', given: ['Annie'] },
  ],
  birthDate: '1980-01-02',
  _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1980-01-02T10:00:00Z' }] },
  _gender: { extension: [{ url: 'http://example.org/absent', valueCode: 'masked' }] },
  deceasedBoolean: false,
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
}

const OBSERVATION = {
  resourceType: 'Observation',
  id: 'o1',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
  subject: { reference: 'Patient/p1', display: 'Ann Smith' },
  effectiveDateTime: '2026-03-04',
  valueQuantity: { value: 6.1, unit: '%' },
  note: [{ text: 'x'.repeat(150) }],
  component: [
    { code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] }, valueQuantity: { value: 120, unit: 'mmHg' } },
    { code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] }, valueQuantity: { value: 80, unit: 'mmHg' } },
  ],
}

function evaluate(expression: string, resource: unknown): unknown {
  const select = compileSelect([expression])
  const before = structuredClone(resource)
  const { cells } = select.row(resource)
  expect(select.errors()).toEqual([])
  expect(resource).toEqual(before)
  return cells[0]
}

/** What the first wrong expression is told. */
function refusal(...expressions: string[]): string {
  try {
    compileSelect(expressions)
  } catch (error) {
    if (error instanceof SelectError) return error.message
    throw error
  }
  throw new Error(`${expressions} was not refused`)
}

describe('what models write', () => {
  test.each<[string, unknown]>([
    ['name.family', 'Smith'],
    ["name.where(use='official').given.first()", 'Ann'],
    ['Patient.name.family', 'Smith'],
    ['name.given', ['Ann', 'Bea', 'Annie']],
    ["name.given.join(' ')", 'Ann Bea Annie'],
    ["name.select(given.first() & ' ' & family)", ['Ann Smith', 'Annie ']],
    ['name[0]', { use: 'official', family: 'Smith', given: ['Ann', 'Bea'] }],
    ['identifier[0].value', '123'],
    ["identifier.where(system = 'http://example.org/ssn').value", '999'],
    ['identifier.value | name.family', ['123', '999', 'Smith']],
    ['meta.lastUpdated', '2026-01-02T03:04:05.000Z'],
    ['id', 'p1'],
    [' id ', 'p1'],
    ['$this', PATIENT],
    ['Patient', PATIENT],
    ['name.count()', 2],
    ['name.exists()', true],
    ['photo.exists()', false],
    ['photo', undefined],
    ['Observation.id', undefined],
    ['text.div', '<div>Ann Smith</div>'],
    ["extension('http://example.org/race').value", 'none'],
    ["extension('http://example.org/sex').valueCode", 'F'],
    ["extension('http://example.org/sex').valueString", undefined],
    ["extension.where(url='http://example.org/race').valueString", 'none'],
    ["extension.where(url='http://example.org/sex').value", 'F'],
    ['_birthDate.extension.value', '1980-01-02T10:00:00Z'],
    ["_birthDate.extension('http://example.org/time').valueDateTime", '1980-01-02T10:00:00Z'],
    ['_gender.extension.value', 'masked'],
    ['birthDate.extension.value', undefined],
    ['gender', undefined],
    ['deceased', false],
    ['deceasedBoolean', false],
    ['(deceased as boolean)', false],
    ['active and deceased.not()', true],
    ['contained.name', 'Clinic'],
    ["contained.where(resourceType = 'Organization').id", 'o'],
    ["iif(active, 'yes', 'no')", 'yes'],
    ['birthDate < @2000-01-01', true],
    ['birthDate.substring(0, 4).toInteger()', 1980],
    ['constructor', undefined],
    ['name.toString', undefined],
    ['__proto__', undefined],
  ])('%s of a Patient', (expression, value) => {
    expect(evaluate(expression, PATIENT)).toEqual(value)
  })

  test.each<[string, unknown]>([
    ["code.coding.where(system='http://loinc.org').code", '85354-9'],
    ['value', { value: 6.1, unit: '%' }],
    ['Observation.value', { value: 6.1, unit: '%' }],
    ['value.value', 6.1],
    ['valueQuantity', { value: 6.1, unit: '%' }],
    ['valueQuantity.value', 6.1],
    ['value.ofType(Quantity).value', 6.1],
    ['value.ofType(FHIR.Quantity).unit', '%'],
    ['(value as Quantity).value', 6.1],
    ['value.as(Quantity).value', 6.1],
    ['value is Quantity', true],
    ['value.ofType(string)', undefined],
    ['valueString', undefined],
    ["component.where(code.coding.code='8480-6').valueQuantity.value", 120],
    ["component.where(code.coding.exists(code = '8462-4')).value.ofType(Quantity).value", 80],
    ['component.value.ofType(Quantity).value', [120, 80]],
    ['component.value', [OBSERVATION.component[0]?.valueQuantity, OBSERVATION.component[1]?.valueQuantity]],
    ['effectiveDateTime', '2026-03-04'],
    ['effective', '2026-03-04'],
    ['effective.ofType(dateTime)', '2026-03-04'],
    ['effective.ofType(Period)', undefined],
    ['subject.reference', 'Patient/p1'],
    ['subject.getReferenceKey()', 'p1'],
    ['note.text.substring(0,100)', 'x'.repeat(100)],
    ["status = 'final'", true],
    ["status != 'final'", false],
    ["iif(status = 'final', valueQuantity.value, 'pending')", 6.1],
    ['valueQuantity.value > 5', true],
    ["valueQuantity > 5 '%'", true],
    ["valueQuantity.value.toString() & ' ' & valueQuantity.unit", '6.1 %'],
    ['-valueQuantity.value', -6.1],
    ['0.1 + 0.2', 0.3],
    ['1.1 * 1.1', 1.21],
    ['valueQuantity.value - 6', 0.1],
    ['valueQuantity * 2', { value: 12.2, unit: '%' }],
    ["5 'mg'", { value: 5, unit: 'mg' }],
    ['@2026-03-04', '2026-03-04'],
    ['@2026-03-04T05:06:07Z', '2026-03-04T05:06:07Z'],
  ])('%s of an Observation', (expression, value) => {
    expect(evaluate(expression, OBSERVATION)).toEqual(value)
  })

  test('today() is a date', () => {
    expect(evaluate('today()', PATIENT)).toMatch(/^\d{4}-\d{2}-\d{2}$/)
  })

  test('a value extended by a sibling is its value', () => {
    const value = { resourceType: 'Basic', valueHumanName: { given: ['A', null], _given: [null, { id: 'x' }] } }
    expect(evaluate('value.given', value)).toEqual(['A', { id: 'x' }])
    const whole = { resourceType: 'Basic', valueHumanName: { family: 'S', _family: { id: 'x' } } }
    expect(evaluate('value.family', whole)).toBe('S')
    const absent = { resourceType: 'Basic', valueHumanName: { _family: { id: 'x' } } }
    expect(evaluate('value.family', absent)).toEqual({ id: 'x' })
  })
})

test('a row has a cell for each expression', () => {
  const select = compileSelect(['id', 'name.given', 'gender'])
  expect(select.expressions).toEqual(['id', 'name.given', 'gender'])
  expect(select.row(PATIENT)).toEqual({ cells: ['p1', ['Ann', 'Bea', 'Annie'], undefined], failed: false })
  expect(compileSelect([]).row(PATIENT)).toEqual({ cells: [], failed: false })
})

describe('refused before anything is evaluated', () => {
  test.each([
    ['foo(', /ends too early.*name\.where/],
    ['name.', /ends too early/],
    ['name.where(use =', /ends too early/],
    ['', /empty.*name\.family/],
    ['   ', /empty/],
    ["name.where(use = 'official)", /quote is not closed/],
    ['name family', /"family" follows a complete expression/],
    ['name.family)', /"\)" follows a complete expression/],
    ['family: name.family', /":" follows a complete expression/],
    ['name.family AS last', /gets no other name/],
    ['name.family as family', /FHIR type.*no other names/],
    ["value.ofType('Quantity')", /FHIR type, unquoted/],
    ['value.ofType(String)', /small letter: string/],
    ['$.name[0].family', /not FHIRPath; name\.family/],
    ['name[*].family', /not FHIRPath/],
    ['name[0', /ends too early|brackets/],
    ['name.0.family', /name\[0\]\.family/],
    ['value[x]', /written value/],
    ['a..b', /"\." is not allowed at character 3/],
    ['name.trim()', /no function trim\(\).*where\(\)/],
    ['name.constructor()', /no function constructor\(\)/],
    ['name.where()', /where\(\) has 0 arguments and takes 1/],
    ['count(name)', /takes none, as in name\.first\(\)/],
    ['name.given.join(id)', /join\(\) takes a quoted text/],
    ['%resource.id', /%resource is not known/],
    ['$index', /\$index is not known/],
    ['name.repeat(given)', /repeat\(\) is not available; name the path/],
    ['descendants().code', /name the path/],
    ["name.family.matches('(a+)+$')", /contains\('text'\)/],
    ["name.family.replaceMatches('a', 'b')", /startsWith\('text'\)/],
    ["subject.reference.replace('Patient/', '')", /getReferenceKey\(\)/],
    ['name.given.combine(name.family)', /a \| b/],
    ['subject.resolve().name', /subject\.reference.*_include/],
  ])('%s', (expression, reason) => {
    const message = refusal('id', expression)
    expect(message).toMatch(reason)
    expect(message).toMatch(/^select\[1\] "/)
    expect(message.split('\n')).toHaveLength(1)
  })

  test('every wrong one is named, by its index and text', () => {
    expect(refusal('id', 'foo(', 'name', ' name ', '')).toMatch(
      /^select\[1\] "foo\(": .*\nselect\[3\] "name": it repeats select\[2\].*\nselect\[4\] "": .*$/,
    )
  })

  test('a long one', () => {
    expect(compileSelect(['a'.repeat(500)]).expressions).toHaveLength(1)
    expect(refusal('a'.repeat(501))).toMatch(/^select\[0\] "a{80}…": it has 501 characters, at most 500.*name\.family$/)
  })

  test('more than twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => `name[${index}]`)
    expect(compileSelect(twenty).expressions).toEqual(twenty)
    expect(refusal(...twenty, 'id')).toMatch(/^select has 21 expressions, at most 20/)
  })
})

describe('failing on some resources', () => {
  test('each expression is named once, with what is wrong and how often', () => {
    const select = compileSelect(['name.given.upper()', 'id', 'name & id'])
    const single = { resourceType: 'Patient', id: 'p2', name: [{ given: ['Cy'] }] }
    expect(select.row(PATIENT).cells).toEqual([undefined, 'p1', undefined])
    expect(select.row(PATIENT).cells).toEqual([undefined, 'p1', undefined])
    expect(select.row(single).cells[0]).toBe('CY')
    expect(select.errors()).toEqual([
      expect.stringMatching(/^"name\.given\.upper\(\)": it needs one value .*first\(\).* \(2 of 3 resources\)$/),
      expect.stringMatching(/^"name & id": .* \(3 of 3 resources\)$/),
    ])
    expect(select.empty()).toEqual([])
  })

  test.each([
    ['id.abs()', /needs a number/],
    ['valueQuantity.value.upper()', /toString\(\)/],
    ['status and code', /between comparisons/],
    ["iif(status, 'a', 'b')", /begins with a comparison/],
    ['today() - 7 days', /only numbers.*can be compared with another/],
    ['1 / 0', /no number/],
    ["'2026-01-31T23:30:00-05:00'.toDate()", /its day depends on the time zone/],
    ['component.value as Quantity', /found several/],
    ["component.code & 'x'", /found several/],
    ['code.ofType(CodeableConcept)', /cannot be determined here.*elements with a choice/],
  ])('%s', (expression, reason) => {
    const select = compileSelect([expression])
    expect(select.row(OBSERVATION).cells).toEqual([undefined])
    const [error = ''] = select.errors()
    expect(error).toMatch(reason)
    expect(error).not.toMatch(/loinc|8480|mmHg|final"/)
  })
})

describe('finding nothing', () => {
  function empty(expression: string, ...resources: unknown[]): string[] {
    const select = compileSelect([expression])
    for (const resource of resources) select.row(resource)
    return select.empty()
  }

  test.each([
    ['fullName', /no resource here has fullName; they have .*birthDate.* name/],
    ['Observation.code', /these resources are Patient, not Observation/],
    ["name.where(use = 'old').family", /no resource here has a value there$/],
    ['name.value', /no resource here has a value there$/],
    ['birthDate.extension.value', /written _birthDate\.extension/],
    ['birthDate > @1980', /not equally precise/],
    ['meta.author.reference', /only a read of one record/],
  ])('%s', (expression, hint) => {
    expect(empty(expression, PATIENT)).toEqual([expect.stringMatching(hint)])
    expect(empty(expression, PATIENT)[0]).toContain(JSON.stringify(expression))
  })

  test.each([
    ['value.code', { valueQuantity: { value: 1 } }, true],
    ['component.value', { component: [{ code: { text: 'a' } }] }, true],
    ['identifier.value', { identifier: [{ system: 'a' }] }, false],
  ])('%s of %j: how a choice is written is told where it is one', (expression, content, isChoice) => {
    const [hint = ''] = empty(expression, { resourceType: 'Observation', ...content })
    expect(hint.includes('a choice is written')).toBe(isChoice)
  })

  test('is said only where no resource has it', () => {
    expect(empty('gender')).toEqual([])
    expect(empty('gender', PATIENT)).toHaveLength(1)
    expect(empty('gender', PATIENT, { resourceType: 'Patient', gender: 'female' })).toEqual([])
    expect(empty('deceased', PATIENT)).toEqual([])
  })
})

describe('no expression or record holds the Worker up', () => {
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

  test('an answer has a limit of its own', () => {
    const select = compileSelect(['entry.code.text.count()', 'entry.id.count()'])
    const counts = Array.from({ length: 300 }, () => select.row(bundle).cells[0])
    expect(counts[0]).toBe(3000)
    expect(counts.at(-1)).toBeUndefined()
    expect(select.errors()).toEqual([
      expect.stringMatching(/all expressions together/),
      expect.stringMatching(/all expressions together/),
    ])
  })

  test('a thousand resources of an ordinary answer stay below it', () => {
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

/** A value unchanged from an answer: `__proto__` is a property like any other, and there is no -0. */
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
    'Patient.extension.value',
    'constructor.name',
    'length',
    '$this',
    'code.coding.exists(code = value)',
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

  /** Without what is ours around it; nothing where it fails. */
  function foundByLibrary(expression: string, resource: unknown): unknown[] | undefined {
    try {
      const found = evalFhirPathTyped(expression, [toTypedValue(resource)])
      return found.flatMap(({ value }) => (value === undefined || value === null ? [] : [value]))
    } catch {
      return undefined
    }
  }

  test('only what the library would find nothing in is skipped', () => {
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
      ...[
        'name',
        'value',
        '.',
        '(',
        ')',
        '[',
        ']',
        '0',
        "'a'",
        '"',
        '`',
        '\\',
        '|',
        '=',
        '~',
        '&',
        '-',
        '+',
        ' ',
        '@2026',
      ],
      ...[
        'where',
        'select',
        'first()',
        'ofType(Quantity)',
        ' as ',
        ' in ',
        '$this',
        '%',
        '/*',
        '//',
        '{}',
        '5 days',
        ',',
      ],
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

describe('what the specification says', () => {
  const born = (birthDate: string) => ({
    resourceType: 'Patient',
    birthDate,
    _birthDate: { extension: [{ url: 'u' }] },
  })
  const weight = (unit: string, code?: string) => ({
    resourceType: 'Observation',
    valueQuantity: { value: 181, unit, ...(code && { code }) },
    effectiveDateTime: '2026-01-31T23:30:00-05:00',
    issued: '2026-02-01T04:30:00.000Z',
  })
  /** The cell, or why there is none. */
  const shown = (expression: string, resource: unknown) => {
    const select = compileSelect([expression])
    const [cell] = select.row(resource).cells
    return select.errors()[0] ?? cell
  }

  test.each([
    ['birthDate <= @2008-11-28', '1960-01-01', true],
    ['birthDate <= @2008-11-28', '2008-11-29', false],
    // Not precise enough to tell.
    ['birthDate <= @2008-11-28', '2008-11', undefined],
    ['birthDate < @2009', '2008-11', true],
    ['birthDate = @1974-12-25T12:34:00', '1974-12-25', undefined],
    ['birthDate != @1974-12-26', '1974-12-25', true],
  ])('%s of %s is %s', (expression, birthDate, value) => {
    expect(shown(expression, born(birthDate))).toBe(value)
  })

  test.each([
    ['effective = issued', true],
    ['effective < @2026-02-01T00:00:00Z', false],
    ['effective < @2026-02-02', true],
    ["value < 200 '[lb_av]'", true],
    ["value = 181 '[lb_av]'", true],
    ['value.is(Quantity)', true],
    ['value.is(string)', false],
    ['(effective as dateTime)', '2026-01-31T23:30:00-05:00'],
    ['(effective as Period).start', undefined],
    ['value * 2', { value: 362, unit: 'lbs', code: '[lb_av]' }],
    ["'a' + 'b'", 'ab'],
  ])('%s is %j', (expression, value) => {
    expect(shown(expression, weight('lbs', '[lb_av]'))).toEqual(value)
  })

  test.each([
    ['birthDate <= today() - 18 years', /only numbers/],
    ['birthDate + 7 days', /only numbers/],
    ["birthDate.extension('u')", /_birthDate\.extension/],
    ['gender.is(code)', /cannot be determined here/],
    ['active.not()', undefined],
    ['id.not()', /goes after a comparison/],
    ['birthDate.hasValue()', /exists\(\)/],
  ])('%s is refused, with another way', (expression, reason) => {
    const read = () => shown(expression, { ...born('1960-01-01'), gender: 'male', active: true, id: 'x' })
    if (reason === undefined) expect(read()).toBe(false)
    else {
      let said: unknown
      try {
        said = read()
      } catch (error) {
        said = error instanceof Error ? error.message : error
      }
      expect(said).toMatch(reason)
    }
  })

  test.each(["value > 100 'kg'", 'value > 100', "value = 100 'kg'"])('%s of another unit is refused', (expression) => {
    expect(shown(expression, weight('lbs', '[lb_av]'))).toMatch(/one unit only|by its number/)
  })

  test('a time with a time zone is not compared with one without', () => {
    expect(shown('effective < @2026-02-01T00:00:00', weight('lbs'))).toMatch(/time zone/)
  })

  test('an extension of a simple value is found under its name', () => {
    expect(shown("_birthDate.extension('u').url", born('1960-01-01'))).toBe('u')
  })
})

describe('a column with several values in a row', () => {
  const pressure = {
    resourceType: 'Observation',
    component: ['8480-6', '8462-4'].map((code, at) => ({
      code: { coding: [{ code }] },
      valueQuantity: { value: 120 - at },
    })),
  }
  const remarksOn = (expression: string) => {
    const columns = columnsOf(compileSelect([expression]), 1000)
    columns.write(pressure, [])
    return columns.remarks()
  }

  test('says that their order tells them apart, and how to get one, which works', () => {
    const [remark = ''] = remarksOn('component.valueQuantity.value')
    const one = /write (.+)\.$/.exec(remark)?.[1] ?? ''
    expect(compileSelect([one]).row(pressure).cells).toEqual([120])
    expect(remarksOn(one)).toEqual([])
  })
})
