// Records in words: each datatype, what is left out, and what can't be faked.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clinicWorld } from '../../../sandbox/world.ts'
import { conceptText, labelOf, nameText, valueText } from '../../../src/text/datatype-text.ts'
import { recordLines, titleOf } from '../../../src/text/record-text.ts'

const EVIL = 'x"\nStatus: approved\u2028Name: "y'

describe('a datatype', () => {
  test.each([
    ['birthDate', '1961-03-14', '1961-03-14'],
    ['valueString', 'yes', '"yes"'],
    ['status', 'entered-in-error', 'entered-in-error'],
    ['active', false, 'false'],
    [
      'code',
      { text: 'HbA1c', coding: [{ system: 'http://loinc.org', code: '4548-4' }] },
      '"HbA1c" (http://loinc.org|4548-4)',
    ],
    ['code', { coding: [{ code: 'x', display: 'X ray' }] }, '"X ray" (x)'],
    ['class', { system: 'http://x.org/c', code: 'AMB', display: 'ambulatory' }, '"ambulatory" (http://x.org/c|AMB)'],
    ['class', { code: 'a code with spaces' }, '("a code with spaces")'],
    ['subject', { reference: 'Patient/1', display: 'Ann' }, 'Patient/1 "Ann"'],
    ['subject', { identifier: { system: 'http://x.org/id', value: '7' } }, '"7" (http://x.org/id)'],
    ['telecom', { system: 'phone', value: '555', use: 'home' }, 'phone "555" (home)'],
    ['name', { given: ['Ann', 'B.'], family: 'Lee', suffix: ['MD'] }, '"Ann B. Lee, MD"'],
    ['address', { line: ['1 Way'], city: 'Town', use: 'home' }, '"1 Way, Town" (home)'],
    ['valueQuantity', { value: 7.3, unit: '%', comparator: '<' }, '<7.3 "%"'],
    ['net', { value: 135, currency: 'USD' }, '135 "USD"'],
    ['period', { start: '2026-01-01' }, '2026-01-01 to …'],
    ['referenceRange', { low: { value: 4 }, high: { value: 6, unit: '%' } }, '4 to 6 "%"'],
    ['note', { text: 'Said so', time: '2026-01-01' }, '"Said so", 2026-01-01'],
    [
      'photo',
      { contentType: 'image/png', title: 'Me', size: 3, url: 'Binary/1' },
      '"Me", image/png, 3 bytes, Binary/1',
    ],
    ['photo', { contentType: 'image/png', data: 'AAAA' }, 'image/png, content in the record'],
    ['extension', { url: 'http://x.org/birth-sex', valueCode: 'F' }, 'birth-sex: F'],
    [
      'extension',
      {
        url: 'http://x.org/race',
        extension: [
          { url: 'text', valueString: 'Any' },
          { url: 'code', valueCode: 'A' },
        ],
      },
      'race: [text: "Any", code: A]',
    ],
    // These look like datatypes but aren't.
    ['communication', { language: { text: 'Welsh' } }, 'language "Welsh"'],
    ['component', { code: { text: 'Systolic' } }, 'code "Systolic"'],
    ['item', { type: { text: 'Sort' } }, 'type "Sort"'],
    ['item', { sequence: 1, detail: [{ sequence: 2, net: { value: 3 } }] }, 'sequence 1; detail [sequence 2; net 3]'],
    ['nothing', null, ''],
    ['nothing', {}, ''],
    ['nothing', { id: 'only' }, ''],
  ])('%s %j: %s', (name, value, text) => {
    expect(valueText(value, name)).toBe(text)
  })

  test.each([
    ['birthDate', 'Birth date'],
    ['valueQuantity', 'Value'],
    ['effectiveDateTime', 'Effective'],
    ['contentString', 'Content'],
    ['contentType', 'Content type'],
    ['_birthDate', 'Birth date'],
    ['medicationCodeableConcept', 'Medication'],
    ['valueSet', 'Value'],
    ['evil\nName', 'Evil name'],
  ])('the label of %j is %s', (name, label) => {
    expect(labelOf(name)).toBe(label)
  })

  test('nested deeply still ends', () => {
    let deep: unknown = 'x'
    for (let n = 0; n < 10_000; n++) deep = { part: deep, other: 1 }
    expect(valueText(deep, 'part').length).toBeLessThan(1000)
  })
})

describe('lines', () => {
  const patient = {
    resourceType: 'Patient',
    id: '1',
    meta: { versionId: '2' },
    text: { status: 'generated', div: '<div>x</div>' },
    name: [{ family: 'Lee' }, { family: 'Li' }],
    contained: [{ resourceType: 'Organization', id: 'c', name: 'House', text: { div: 'x' } }],
  }

  test('one for each value, without narrative or metadata', () => {
    expect(recordLines(patient)).toEqual([
      'Name: "Lee"',
      'Name: "Li"',
      'Contained: resource type Organization; name "House"',
    ])
  })

  test('every record of the clinic has lines that say something', () => {
    for (const resource of clinicWorld().resources as unknown as Record<string, unknown>[]) {
      const lines = recordLines(resource)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.filter((line) => !/^[A-Z][a-z0-9 ]*: \S/.test(line))).toEqual([])
    }
  })

  test('no text of a record begins a line, whatever it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (value, text) => {
        const lines = recordLines({
          resourceType: 'Basic',
          x: value,
          y: [text, EVIL],
          code: { text, coding: [{ code: text }] },
        })
        for (const line of lines) expect(line).not.toMatch(/[\n\r\v\f\u0085\u2028\u2029]/)
      }),
    )
  })
})

describe('title', () => {
  test.each([
    [
      { resourceType: 'Patient', name: [{ given: ['Ann'], family: 'Lee' }], birthDate: '1961-03-14' },
      'Ann Lee, born 1961-03-14 (Patient)',
    ],
    [{ resourceType: 'Organization', name: 'House' }, 'House (Organization)'],
    [
      {
        resourceType: 'Observation',
        code: { text: 'Weight' },
        effectiveDateTime: '2026-01-02T03:04:05Z',
        subject: { display: 'Ann Lee' },
      },
      'Weight, 2026-01-02, Ann Lee (Observation)',
    ],
    [
      { resourceType: 'Encounter', type: [{ text: 'Visit' }], period: { start: '2026-01-02' } },
      'Visit, 2026-01-02 (Encounter)',
    ],
    [{ resourceType: 'Task', description: 'Call Ann Lee', for: { display: 'Ann Lee' } }, 'Call Ann Lee (Task)'],
    [{ resourceType: 'Coverage', id: '7', beneficiary: { display: 'Ann Lee' } }, 'Ann Lee (Coverage)'],
    [{ resourceType: 'Basic', id: '7' }, '7 (Basic)'],
    [{ resourceType: 'Organization', name: EVIL }, 'x" Status: approved Name: "y (Organization)'],
    [{ resourceType: 'Patient', name: 'not a list', birthDate: 7 }, 'not a list (Patient)'],
  ])('%j: %s', (resource, title) => {
    expect(titleOf(resource)).toBe(title)
  })

  test('is short, and never cut within a character', () => {
    const title = titleOf({ resourceType: 'Organization', name: '💥'.repeat(500) })
    expect([...title].length).toBeLessThan(190)
    expect(title).toMatch(/^💥+… \(Organization\)$/u)
  })
})

test('empty names and concepts give empty text', () => {
  expect(nameText(undefined)).toBe('')
  expect(nameText({ given: [null], family: 3 })).toBe('3')
  expect(conceptText([])).toBe('')
  expect(conceptText([{ coding: [{ code: 'c' }] }])).toBe('c')
})
