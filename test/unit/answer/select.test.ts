// Columns by FHIRPath: what models write, and what the specification says.
import { describe, expect, test } from 'vitest'
import { compileSelect } from '../../../src/answer/select/select.ts'
import { columnsOf } from '../../../src/answer/select/select-table.ts'
import { OBSERVATION, PATIENT } from './select-examples.ts'

function evaluate(expression: string, resource: unknown): unknown {
  const select = compileSelect([expression])
  const before = structuredClone(resource)
  const { cells } = select.row(resource)
  expect(select.errors()).toEqual([])
  expect(resource).toEqual(before)
  return cells[0]
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

  test('a value with an extension beside it is just its value', () => {
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
    ['birthDate <= today() - 18 years', /only for numbers/],
    ['birthDate + 7 days', /only for numbers/],
    ["birthDate.extension('u')", /_birthDate\.extension/],
    ['gender.is(code)', /cannot be determined here/],
    ['active.not()', undefined],
    ['id.not()', /after a comparison/],
    ['birthDate.hasValue()', /exists\(\)/],
  ])('%s is refused, with an alternative', (expression, reason) => {
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
    expect(shown(expression, weight('lbs', '[lb_av]'))).toMatch(/same unit|by its number/)
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

  test('says that only their order distinguishes them, and how to get one, which works', () => {
    const [remark = ''] = remarksOn('component.valueQuantity.value')
    const one = /write (.+)\.$/.exec(remark)?.[1] ?? ''
    expect(compileSelect([one]).row(pressure).cells).toEqual([120])
    expect(remarksOn(one)).toEqual([])
  })
})
