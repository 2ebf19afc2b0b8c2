// The regular expressions of programs count their steps, and find what the engine finds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matcherOf } from '../../src/compute/regular-expression.ts'
import { runs } from '../runs.ts'

const native = RegExp.prototype.exec

/** A result as values that can be compared. */
function plain(found: unknown): unknown {
  if (!Array.isArray(found)) return found
  const { index, groups } = found as RegExpExecArray
  return { parts: [...found], index, groups: groups && { ...groups } }
}

function compare(source: string, flags: string, text: string): void {
  const matcher = matcherOf(RegExp, () => {})
  const [ours, theirs] = [new RegExp(source, flags), new RegExp(source, flags)]
  for (let turn = 0; turn < 3; turn++) {
    const where = `/${source}/${flags} on ${JSON.stringify(text)}, turn ${turn}`
    expect(plain(matcher(ours, source, flags, text)), where).toEqual(plain(native.call(theirs, text)))
    expect(ours.lastIndex, where).toBe(theirs.lastIndex)
  }
}

test.each([
  ['^(\\d{4})-(\\d\\d)', '', '2024-05-06'],
  ['(?<year>\\d+)-(?<month>\\d+)', 'g', '2024-05 2023-01'],
  ['glucose|a1c', 'i', 'Hemoglobin A1C'],
  ['\\bmg\\/dL\\b', '', '5 mg/dL.'],
  ['(a)|(b)', 'g', 'ab'],
  ['(?:(a)|b)*', '', 'ab'],
  ['(z)((a+)?(b+)?(c))*', '', 'zaacbbbcac'],
  ['(?=(a+))a*b\\1', '', 'baaabac'],
  ['(.*?)a(?!(a+)b\\2c)\\2(.*)', '', 'baaabaac'],
  ['(?<=\\$)\\d+', '', 'costs $42'],
  ['(?<!\\$)\\b\\d+', '', 'costs $42 or 17'],
  ['^.*$', 'gm', 'one\ntwo\r\nthree'],
  ['.', 's', '\n'],
  ['^\\p{Lu}\\p{L}+$', 'u', 'Äpfel'],
  ['😀.', 'u', '😀😀'],
  ['[^\\]a-c]+', '', ']abcxyz'],
  ['a{2,3}?', 'g', 'aaaaa'],
  ['x{0}y', '', 'xy'],
  ['a{,2}', '', 'a{,2}'],
  ['\\x41\\u0042\\u{43}\\cJ\\0', 'u', 'ABC\n\0'],
  ['(a)\\1|\\k<n>', '', 'aa k<n>'],
  ['(?<n>a)\\k<n>', 'i', 'aA'],
  ['\\12', '', '\n'],
  ['o', 'y', 'foo'],
  ['(?:)', 'g', 'ab'],
  ['[]', '', 'a'],
  ['[^]', '', '\n'],
  ['a|', '', 'b'],
  ['}', '', '}'],
  ['(((a)|b)+?)$', '', 'abab'],
])('/%s/%s finds what the engine finds in %j', (source, flags, text) => compare(source, flags, text))

test('whatever an expression is made of, it finds what the engine finds', () => {
  const atom = fc.constantFrom(
    ...['a', 'b', 'A', '.', '\\d', '\\w', '\\b', '^', '$', '[ab]', '[^a]', '\\s', '1', '(?=a)', '(?!b)'],
  )
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      atom,
      fc.tuple(tie('tree'), tie('tree')).map((both) => both.join('')),
      fc.tuple(tie('tree'), tie('tree')).map((both) => `(?:${both.join('|')})`),
      tie('tree').map((one) => `(${one})`),
      fc
        .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{1,2}', '*?', '+?', '??'))
        .map(([one, sign]) => `(?:${one})${sign}`),
    ),
  }))
  const flags = fc.constantFrom('', 'i', 'g', 'm', 'u', 'y', 'gi')
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '1', ' ', '\n'), maxLength: 12 })
  fc.assert(
    fc.property(tree, flags, text, (source, flag, given) => compare(source, flag, given)),
    { numRuns: runs(5000) },
  )
})

test('every search counts, so that none is endless', () => {
  let steps = 0
  const matcher = matcherOf(RegExp, (count) => {
    steps += count
    if (steps > 1e6) throw new Error('enough')
  })
  for (const source of ['(a+)+$', '^(a|a)*$', '(a*)*b', '(?:a?){30}a{50}b', 'a*a*a*a*a*b', '((a{1,9}){1,9}){1,9}b']) {
    steps = 0
    expect(() => matcher(new RegExp(source), source, '', `${'a'.repeat(60)}!`), source).toThrow('enough')
  }
})
