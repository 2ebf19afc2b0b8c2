// Columns that are wrong, fail or find nothing: what a model is told.
import { describe, expect, test } from 'vitest'
import { compileSelect, SelectError } from '../../../src/answer/select/select.ts'
import { OBSERVATION, PATIENT } from './select-examples.ts'

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
    ['name.family AS last', /can’t be renamed/],
    ['name.family as family', /FHIR type.*can’t be renamed/],
    ["value.ofType('Quantity')", /FHIR type without quotes/],
    ['value.ofType(String)', /lower case: string/],
    ['$.name[0].family', /not FHIRPath; name\.family/],
    ['name[*].family', /not FHIRPath/],
    ['name[0', /ends too early|brackets/],
    ['name.0.family', /name\[0\]\.family/],
    ['value[x]', /written value/],
    ['a..b', /"\." is not allowed at character 3/],
    ['name.trim()', /no function trim\(\).*where\(\)/],
    ['name.constructor()', /no function constructor\(\)/],
    ['name.where()', /where\(\) takes 1 argument; this has 0/],
    ['count(name)', /takes no arguments, as in name\.first\(\)/],
    ['name.given.join(id)', /join\(\) takes quoted text/],
    ['%resource.id', /%resource is not available/],
    ['$index', /\$index is not available/],
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

  test('every wrong expression is named by index and text', () => {
    expect(refusal('id', 'foo(', 'name', ' name ', '')).toMatch(
      /^select\[1\] "foo\(": .*\nselect\[3\] "name": it repeats select\[2\].*\nselect\[4\] "": .*$/,
    )
  })

  test('a long expression', () => {
    expect(compileSelect(['a'.repeat(500)]).expressions).toHaveLength(1)
    expect(refusal('a'.repeat(501))).toMatch(/^select\[0\] "a{80}…": it has 501 characters.* 500;.*name\.family$/)
  })

  test('more than twenty expressions', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => `name[${index}]`)
    expect(compileSelect(twenty).expressions).toEqual(twenty)
    expect(refusal(...twenty, 'id')).toMatch(/^select has 21 expressions.*at most 20/)
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
    ["iif(status, 'a', 'b')", /begin with a comparison/],
    ['today() - 7 days', /only for numbers.*can be compared/],
    ['1 / 0', /not a number/],
    ["'2026-01-31T23:30:00-05:00'.toDate()", /day depends on the time zone/],
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
    ['birthDate.extension.value', /as _birthDate\.extension/],
    ['birthDate > @1980', /differ in precision/],
    ['meta.author.reference', /only a read of one record/],
  ])('%s', (expression, hint) => {
    expect(empty(expression, PATIENT)).toEqual([expect.stringMatching(hint)])
    expect(empty(expression, PATIENT)[0]).toContain(JSON.stringify(expression))
  })

  test.each([
    ['value.code', { valueQuantity: { value: 1 } }, true],
    ['component.value', { component: [{ code: { text: 'a' } }] }, true],
    ['identifier.value', { identifier: [{ system: 'a' }] }, false],
  ])('%s of %j: explains choices only where there is one', (expression, content, isChoice) => {
    const [hint = ''] = empty(expression, { resourceType: 'Observation', ...content })
    expect(hint.includes('a choice is written')).toBe(isChoice)
  })

  test('is reported only if no resource has it', () => {
    expect(empty('gender')).toEqual([])
    expect(empty('gender', PATIENT)).toHaveLength(1)
    expect(empty('gender', PATIENT, { resourceType: 'Patient', gender: 'female' })).toEqual([])
    expect(empty('deceased', PATIENT)).toEqual([])
  })
})
