// Files as lines to quote: their words, without markup and secrets, in linear time.
import { describe, expect, test } from 'vitest'
import { bytesInBase64, isReadable, linesOfFile } from '../../../src/text/file-text.ts'
import { LimitedText } from '../../../src/tools/fetch/limited-text.ts'

test.each([
  ['text/plain', true],
  ['text/html', true],
  ['text/csv', true],
  ['application/json', true],
  ['application/fhir+json', true],
  ['application/xml', true],
  ['application/cda+xml', true],
  ['x-application/hl7-v2+er7', true],
  ['application/pdf', false],
  ['image/png', false],
  ['application/fhir+ndjson', false],
  ['application/dicom', false],
])('%s can be read: %s', (contentType, readable) => {
  expect(isReadable(contentType)).toBe(readable)
})

describe('lines', () => {
  test('end at every kind of line end, and contain nothing invisible', () => {
    const text = 'a\r\nb\nc\rd\u2028e\u2029f\u0085g\vh\fi\t\u0007\u200B\u{E0041}\n\n'
    expect(linesOfFile('text/plain', text)).toEqual([
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
      'i\t\\u0007\\u200b\\udb40\\udc41',
    ])
  })

  test('of an empty text are none', () => {
    expect(linesOfFile('text/plain', '')).toEqual([])
    expect(linesOfFile('text/html', '<p> </p>')).toEqual([])
  })

  test.each([
    ['<p>One</p><p>Two</p>', ['One', 'Two']],
    ['H<sub>2</sub>O is <b>water</b>', ['H2O is water']],
    ['One<br>Two<br/>Three', ['One', 'Two', 'Three']],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', ['a b', 'c']],
    ['<head><title>No</title></head><body><script>no("</p>")</script><STYLE>no</STYLE>yes', ['yes']],
    ['a <!-- no --> b', ['a b']],
    [
      'a &lt;b&gt; &amp; &quot;c&quot;&nbsp;&#65;&#x42; &unknown; &#99999999;',
      ['a <b> & "c" AB &unknown; &#99999999;'],
    ],
    ['&lt;script&gt;stays text', ['<script>stays text']],
    ['1 < 2, <i>they</i> say <', ['1 < 2, they say <']],
    ['<script>never closed', []],
    ['<a href="x', []],
    ['line\nbreaks\n  are   spaces', ['line breaks are spaces']],
  ])('of %j: %j', (html, lines) => {
    expect(linesOfFile('text/html', html)).toEqual(lines)
  })

  test('of XML are its words', () => {
    const cda = '<ClinicalDocument><title>Note</title><text><paragraph>Well.</paragraph></text></ClinicalDocument>'
    expect(linesOfFile('application/cda+xml', cda)).toEqual(['Note', 'Well.'])
  })

  test('of JSON hide secrets, and show nothing that can’t be searched for them', () => {
    const bot = JSON.stringify({ resourceType: 'ClientApplication', secret: 'hush', name: 'x' })
    expect(linesOfFile('application/json', bot).join('')).toContain('"secret":"(hidden)"')
    expect(linesOfFile('application/json', '{"secret":"hush"').join('')).not.toContain('hush')
  })

  test('hide signed addresses', () => {
    const url =
      'https://x.org/storage/2a03769f-b8fc-47c4-a6d1-575aafe65350/2a03769f-b8fc-47c4-a6d1-575aafe65351?Signature=abc'
    expect(linesOfFile('text/plain', `see ${url}`)).toEqual(['see Binary/2a03769f-b8fc-47c4-a6d1-575aafe65350'])
  })

  test.each(['<', '<!--', '<script>', '<script ', '\n', ' \n', '&#6', '</p', '-->', '> <'])(
    'of 300 KB of %j take almost no time',
    (piece) => {
      const started = performance.now()
      linesOfFile('text/html', `${piece.repeat(300_000 / piece.length)}x`)
      linesOfFile('text/plain', `${piece.repeat(300_000 / piece.length)}x`)
      expect(performance.now() - started).toBeLessThan(2000)
    },
  )
})

test('Base64 is decoded, or refused', () => {
  expect(bytesInBase64(btoa('words'))).toEqual(new TextEncoder().encode('words'))
  expect(bytesInBase64('???')).toBeUndefined()
})

describe('limited text', () => {
  test('is whole if it fits', () => {
    const text = new LimitedText(1000)
    text.section('', ['a', 'b'], 'of this')
    text.section('Head:', ['c'], 'of that')
    text.section('Alone', [], '')
    expect(text.toString()).toBe('a\nb\n\nHead:\nc\n\nAlone')
  })

  test('is cut between lines, and continues with what fits', () => {
    const text = new LimitedText(1000)
    text.section('First:', ['x'.repeat(300), 'y'.repeat(300), 'z'], 'of this: GET it')
    text.section('Second:', ['short'], 'of that')
    text.section('Third:', ['t'.repeat(2000)], 'of the third')
    expect(text.toString()).toBe(
      `First:\n${'x'.repeat(300)}\n(Left out: 2 of 3 lines of this: GET it.)\n\nSecond:\nshort\n\nThird:\n(Left out: 1 of 1 lines of the third.)`,
    )
  })

  test('never exceeds its limit, and names what doesn’t fit at all', () => {
    const text = new LimitedText(2000)
    for (let n = 0; n < 300; n++) text.section(`Part ${n}:`, [`line ${n}`], 'of it')
    expect(text.toString().length).toBeLessThanOrEqual(2000)
    expect(text.toString()).toMatch(/\n\(Left out: \d+ more parts: Part \d+:; .*; …\)$/)
  })
})
