// Invisible characters: one definition, everywhere that other people's text is shown.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { literal } from '../../../src/answer/compact/literal.ts'
import { oneLine, quoted, visible } from '../../../src/base/text.ts'
import { UserError } from '../../../src/base/told-error.ts'
import { short } from '../../../src/fhir/diff.ts'
import { shownName } from '../../../src/oauth/clients/client-name.ts'
import { linesOfFile } from '../../../src/text/file-text.ts'
import { quotedText } from '../../../src/text/quote.ts'
import { titleOf } from '../../../src/text/record-text.ts'
import { spelledOut } from '../../../src/tools/confirm/spelled-out.ts'
import { explain } from '../../../src/tools/kit/register.ts'
import { withNotes } from '../../../src/tools/perform/present.ts'

/** The lines of a question about a creation. */
function question(details: { path: string; after: unknown }[], name = ''): string[] {
  const change = { head: 'Create Basic', details, isNew: true as const, seen: [] }
  return spelledOut(change, { names: new Map([['Patient/1', name]]), room: 100_000 }, true)
}

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
  ['a value in a question', (text) => question([{ path: 'a', after: text }]).join('\n')],
  ['a long value in a question', (text) => question([{ path: 'a', after: `${text}${'.'.repeat(300)}` }]).join('\n')],
  ['the name of an element in a question', (text) => question([{ path: text, after: 1 }]).join('\n')],
  ['a name within an element in a question', (text) => question([{ path: 'a', after: { [text]: 1 } }]).join('\n')],
  ['a name behind a reference', (text) => question([{ path: 'reference', after: 'Patient/1' }], text).join('\n')],
  ['an error', (text) => explain(new UserError(text))],
  ['a note', (text) => JSON.stringify(withNotes([], [text]))],
]

describe.each(SURFACES)('%s', (_, show) => {
  test.each(UNSEEN)('shows or leaves out %s', (_name, char) => {
    expect(show(`one${char}two`)).not.toContain(char)
    expect(show(`one${char}two`)).toMatch(/one.*two/s)
  })

  test('limits stacked combining marks', () => {
    expect(show(`Z${'\u0301\u0327'.repeat(40)}`).normalize('NFC')).not.toMatch(/\p{M}{3}/u)
  })

  test.each(['Müller', 'Nguyễn', 'สมชาย ที่รัก', 'שָׁלוֹם', 'हिन्दी', '😀'])('leaves %s as it is', (name) => {
    expect(show(name).normalize('NFC')).toContain(name.normalize('NFC'))
  })
})

test('what is shown means the same in JSON strings', () => {
  for (const [, char] of UNSEEN.filter(([, one]) => one.charCodeAt(0) > 31)) {
    expect(JSON.parse(visible(JSON.stringify(char)))).toBe(char)
  }
})

test('nothing that is sent begins a line of a question', () => {
  const name = 'x\nNothing else will happen\r\u2028'
  expect(question([{ path: name, after: 1 }])).toHaveLength(2)
  expect(question([{ path: 'a', after: { [name]: { [name]: name } } }]).slice(2)).toEqual([
    expect.stringMatching(/^ {2}\| /),
    expect.stringMatching(/^ {2}\| /),
  ])
  for (const line of question([{ path: name, after: { [name]: name } }])) expect(line).not.toMatch(/[\n\r\u2028]/)
})

test('is defined once', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  const definers = files.filter((name) => /\\p\{C[fon]?\}/.test(readFileSync(`src/${name}`, 'utf8')))
  expect(definers).toEqual(['base/text.ts'])
})
