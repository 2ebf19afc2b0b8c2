// The regular expressions of programs count their steps, and find what the engine finds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expressionPartsOf } from '../../../src/compute/isolate/expression-parts.ts'
import { matcherOf } from '../../../src/compute/isolate/regular-expression.ts'
import { runs } from '../../runs.ts'

const native = RegExp.prototype.exec

const counting = (step: (count: number) => void) => ({ step, parsed: (source: string) => source })

/** A result as values that can be compared. */
function plain(found: unknown): unknown {
  if (!Array.isArray(found)) return found
  const { index, groups, indices } = found as RegExpExecArray
  const places = indices && { ...indices, groups: indices.groups && { ...indices.groups } }
  return { parts: [...found], index, groups: groups && { ...groups }, places }
}

function compare(source: string, flags: string, text: string): void {
  const matcher = matcherOf(
    RegExp,
    counting(() => {}),
    expressionPartsOf,
  )
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
  ['(?<n>a)(x)?b', 'd', 'cab'],
])('/%s/%s finds what the engine finds in %j', (source, flags, text) => compare(source, flags, text))

test('any expression finds what the engine finds', () => {
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
  const flags = fc.constantFrom('', 'i', 'g', 'm', 'u', 'y', 'gi', 'd')
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '1', ' ', '\n'), maxLength: 12 })
  fc.assert(
    fc.property(tree, flags, text, (source, flag, given) => compare(source, flag, given)),
    { numRuns: runs(5000) },
  )
})

test('every search is counted, so none is endless', () => {
  let steps = 0
  const count = (more: number) => {
    steps += more
    if (steps > 1e6) throw new Error('enough')
  }
  const matcher = matcherOf(RegExp, counting(count), expressionPartsOf)
  for (const source of ['(a+)+$', '^(a|a)*$', '(a*)*b', '(?:a?){30}a{50}b', 'a*a*a*a*a*b', '((a{1,9}){1,9}){1,9}b']) {
    steps = 0
    expect(() => matcher(new RegExp(source), source, '', `${'a'.repeat(60)}!`), source).toThrow('enough')
  }
})

test.each([
  ['groups', `a${'()'.repeat(1000)}`, 'b'.repeat(500), 500_000],
  ['groups that are kept', `(?=b)${'()'.repeat(1000)}c`, 'b', 1000],
  ['groups in what is repeated', `(?:b${'()'.repeat(100)})*c`, 'bbb', 500],
  ['assertions', `${'\\b'.repeat(1000)}c`, 'b', 1000],
  ['empty groups', `${'(?:)'.repeat(1000)}c`, 'b', 1000],
  ['references to nothing', `(z)?${'\\1'.repeat(1000)}c`, 'b', 1000],
  ['the characters of a long expression', 'a'.repeat(100_000), 'b', 5000],
])('%s count by their number', (_, source, text, least) => {
  let steps = 0
  const matcher = matcherOf(
    RegExp,
    counting((more) => (steps += more)),
    expressionPartsOf,
  )
  matcher(new RegExp(source), source, '', text)
  steps = 0
  matcher(new RegExp(source), source, '', text)
  expect(steps).toBeGreaterThanOrEqual(least)
})
