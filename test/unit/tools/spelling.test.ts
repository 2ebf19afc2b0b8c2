// Names with and without accents.
import { describe, expect, test } from 'vitest'
import { FAMILY, FEMALE, MALE } from '../../../sandbox/clinic/names.ts'
import { asTyped, folded, MAX_SPELLINGS, spellings, withoutAccents } from '../../../src/tools/search/spelling.ts'

const WORDS = [
  ...new Set([
    ...[...FAMILY, ...FEMALE, ...MALE].flatMap((name) => name.split(' ')),
    ...['Sørensen', 'Großmann', 'Nguyễn', 'Hélène', 'François', 'Łukasz', 'Çelik', 'Siobhán', 'Ørsted', 'Hernández'],
  ]),
]

test.each(WORDS)('%s is found without accents', (word) => {
  expect(spellings(withoutAccents(word))).toContain(word.toLowerCase())
  expect(folded(withoutAccents(word))).toBe(folded(word))
})

test.each([
  ['Müller', 'muller'],
  ['Nuñez', 'núñez'],
  ['Mueller', 'müller'],
  ['Soerensen', 'sørensen'],
  ['Grossmann', 'großmann'],
  ['O’Malley', "o'malley"],
])('%s may be written %s', (typed, written) => {
  expect(spellings(typed)).toContain(written)
})

test('the typed spelling comes first, and there are never too many', () => {
  expect(spellings('Müller').slice(0, 2)).toEqual(['müller', 'muller'])
  expect(spellings('a'.repeat(60)).length).toBe(MAX_SPELLINGS)
  expect(spellings('a'.repeat(100_000)).length).toBe(1)
  expect(spellings('')).toEqual([''])
  expect(spellings('田中')).toEqual(['田中'])
})

describe('as typed', () => {
  test.each([
    ['Smith', ['Smith']],
    ['Müller', ['Müller', 'muller']],
    ['O’Malley', ["O'Malley"]],
    ['Mu\u0308ller', ['Müller', 'muller']],
  ])('%s: %j', (typed, forms) => {
    expect(asTyped(typed)).toEqual(forms)
  })
})

test('different names stay different', () => {
  expect(folded('Müller')).not.toBe(folded('Möller'))
  expect(folded('Jon')).not.toBe(folded('Jan'))
})
