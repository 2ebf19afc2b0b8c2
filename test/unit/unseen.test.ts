// What can't be seen: one definition, everywhere where text of somebody else is shown.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { literal } from '../../src/answer/compact/literal.ts'
import { oneLine, quoted, visible } from '../../src/base/text.ts'
import { short } from '../../src/fhir/diff.ts'
import { shownName } from '../../src/oauth/clients/client-name.ts'
import { linesOfFile } from '../../src/text/file-text.ts'
import { quotedText } from '../../src/text/quote.ts'
import { titleOf } from '../../src/text/record-text.ts'

const UNSEEN: [string, string][] = [
  ['a variation selector', '\ufe0f'],
  ['a supplementary variation selector', '\u{e0100}'],
  ['a Hangul filler', '\u3164'],
  ['a halfwidth filler', '\uffa0'],
  ['a grapheme joiner', '\u034f'],
  ['private use', '\ue000'],
  ['supplementary private use', '\u{f0000}'],
  ['a tag', '\u{e0041}'],
  ['a zero width space', '\u200b'],
  ['a byte order mark', '\ufeff'],
  ['a soft hyphen', '\u00ad'],
  ['a mark of direction', '\u202e'],
  ['an isolate', '\u2066'],
  ['a line separator', '\u2028'],
  ['a C1 control', '\u0085'],
  ['an escape', '\u001b'],
  ['a blank braille pattern', '\u2800'],
  ['not assigned', '\u0378'],
  ['a noncharacter', '\uffff'],
  ['an interlinear mark', '\ufff9'],
]

const SURFACES: [string, (text: string) => string][] = [
  ['an answer', (text) => literal(text, 'text')],
  ['a quoted word', quoted],
  ['a line of advice', (text) => oneLine(text, 1000)],
  ['a question about a change', (text) => short(text)],
  ['a file by fetch', (text) => linesOfFile('text/plain', text).join('\n')],
  ['a file by fhir-request', (text) => quotedText(text, '')],
  ['a title', (text) => titleOf({ resourceType: 'Organization', id: '1', name: text })],
  ["a client's name", shownName],
]

describe.each(SURFACES)('%s', (_, show) => {
  test.each(UNSEEN)('shows or leaves out %s', (_name, char) => {
    expect(show(`one${char}two`)).not.toContain(char)
    expect(show(`one${char}two`)).toMatch(/one.*two/s)
  })

  test('has no heap of combining marks', () => {
    expect(show(`Z${'\u0301\u0327'.repeat(40)}`).normalize('NFC')).not.toMatch(/\p{M}{3}/u)
  })

  test.each(['Müller', 'Nguyễn', 'สมชาย ที่รัก', 'שָׁלוֹם', 'हिन्दी', '😀'])('leaves %s as it is', (name) => {
    expect(show(name).normalize('NFC')).toContain(name.normalize('NFC'))
  })
})

test('what is shown means the same in the strings of JSON', () => {
  for (const [, char] of UNSEEN.filter(([, one]) => one.charCodeAt(0) > 31)) {
    expect(JSON.parse(visible(JSON.stringify(char)))).toBe(char)
  }
})

test('is defined once', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  const definers = files.filter((name) => /\\p\{C[fon]?\}/.test(readFileSync(`src/${name}`, 'utf8')))
  expect(definers).toEqual(['base/text.ts'])
})
