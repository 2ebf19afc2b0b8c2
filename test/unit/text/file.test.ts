// Files as MCP content, whole and in parts.
import { describe, expect, test } from 'vitest'
import { type FilePart, fileContent, MAX_PART } from '../../../src/text/file.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** What is shown of a file from an offset, read as the client reads it. */
function part(file: Uint8Array, contentType: string, from?: number, size: number | undefined = file.byteLength) {
  const start = from ?? 0
  const bytes = file.subarray(start, start + MAX_PART.bytes)
  const more = start + MAX_PART.bytes < file.byteLength
  const given: FilePart = { path: 'Binary/1', contentType, bytes, from, size, more, before: file[start - 1] }
  const content = fileContent(given)
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  const next = /offset=(\d+)/.exec(texts.at(-1) ?? '')?.[1]
  return { content, texts, next: next === undefined ? undefined : Number(next) }
}

/** All parts of a text, by following each part's note. */
function allParts(file: Uint8Array, contentType: string): string[] {
  const parts: string[] = []
  for (let from: number | undefined; ; ) {
    const { texts, next } = part(file, contentType, from)
    parts.push(texts[0] ?? '')
    if (next === undefined) return parts
    expect(next).toBeGreaterThan(from ?? 0)
    from = next
  }
}

describe('text', () => {
  test('that is short comes whole, with nothing added', () => {
    expect(part(encode('Grüße\n'), 'text/plain').texts).toEqual(['Grüße\n'])
  })

  test('that is long comes in parts cut at line ends, which join to the original', () => {
    const text = Array.from({ length: 40_000 }, (_, n) => `line ${n} with ü and 😀 in it\r\n`).join('')
    const parts = allParts(encode(text), 'text/csv')
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.join('')).toBe(text)
    for (const one of parts) expect(one.endsWith('\n')).toBe(true)
  })

  test.each([0, 1, 2, 3])('without lines is never cut within a character (shifted by %s)', (shift) => {
    const text = 'x'.repeat(shift) + '😀'.repeat(100_000)
    const parts = allParts(encode(text), 'text/plain')
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.join('')).toBe(text)
    for (const one of parts) expect(one).not.toContain('\ufffd')
  })

  test('that is not UTF-8 also ends', () => {
    expect(allParts(new Uint8Array(250_000).fill(0x80), 'text/plain')).toHaveLength(3)
  })

  test('keeps its byte order mark', () => {
    expect(part(encode('\ufeffa,b'), 'text/csv').texts).toEqual(['\ufeffa,b'])
  })

  test('says which part it is, and when the end is reached', () => {
    const file = encode('one\ntwo\n')
    expect(part(file, 'text/plain', 4).texts).toEqual(['two\n', 'Bytes 4 to 7 of 8 of Binary/1. That is the end.'])
    expect(part(file, 'text/plain', 8).texts[1]).toBe('There is nothing at offset 8: Binary/1 ends before, at 8 bytes.')
    expect(part(file, 'text/plain', 99).texts[1]).toContain('There is nothing at offset 99')
  })
})

describe('records of an export', () => {
  const SECRET = 'very-secret-value'
  const record = (n: number) => JSON.stringify({ resourceType: 'ClientApplication', id: String(n), secret: SECRET })
  const type = 'application/fhir+ndjson'

  test('are shown without their secrets', () => {
    const { texts } = part(encode(`${record(1)}\n${record(2)}\n`), type)
    expect(texts[0]).toBe(`${record(1)}\n${record(2)}\n`.replaceAll(SECRET, '(hidden)'))
  })

  test('show no secret from any offset', () => {
    const file = encode(`${record(1)}\n${record(2)}\n${record(3)}\n`)
    for (let from = 0; from <= file.byteLength; from++) {
      const shown = part(file, type, from).texts.join('\n')
      expect(shown, `offset ${from}`).not.toContain('very')
      expect(shown, `offset ${from}`).not.toContain('-value')
    }
    expect(part(file, type, record(1).length + 1).texts[0]).toContain('"id":"2"')
    expect(part(file, type, record(1).length).texts).toContainEqual(expect.stringContaining('left out'))
  })

  test('are whole in each part', () => {
    const lines = Array.from({ length: 8000 }, (_, n) => record(n))
    const parts = allParts(encode(`${lines.join('\n')}\n`), type)
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.join('')).toBe(`${lines.join('\n')}\n`.replaceAll(SECRET, '(hidden)'))
  })

  test('are whole even if one is longer than a part', () => {
    const long = JSON.stringify({ resourceType: 'Bot', code: SECRET, description: 'x'.repeat(300_000) })
    const parts = allParts(encode(`${record(1)}\n${long}\n${record(2)}\n`), type)
    expect(parts.join('')).toBe(`${record(1)}\n${long}\n${record(2)}\n`.replaceAll(SECRET, '(hidden)'))
  })

  test('are left out if longer than what is read, and what follows is shown', () => {
    const huge = JSON.stringify({ resourceType: 'Bot', description: 'x'.repeat(1_500_000), code: SECRET })
    const parts = allParts(encode(`${huge}\n${record(2)}\n`), type)
    expect(parts.join('')).toBe(`${record(2)}\n`.replaceAll(SECRET, '(hidden)'))
  })
})

describe('JSON that is a file', () => {
  test('over several lines has its secrets hidden', () => {
    const text = JSON.stringify({ resourceType: 'ClientApplication', secret: 'a"b', name: 'kept' }, null, 2)
    const shown = part(encode(text), 'application/json').texts[0]
    expect(shown).toContain('"secret": "(hidden)"')
    expect(shown).toContain('"name": "kept"')
    expect(shown).not.toContain('a\\"b')
  })

  test('has its signed addresses hidden', () => {
    const url =
      'https://s.example.com/5a9d0000-0000-4000-8000-000000000001/5a9d0000-0000-4000-8000-000000000002?Signature=x'
    for (const type of ['application/json', 'text/plain', 'application/xml']) {
      expect(part(encode(`{\n"url": "${url}"\n}`), type).texts[0]).toContain(
        '"Binary/5a9d0000-0000-4000-8000-000000000001"',
      )
    }
  })
})

describe('JSON in parts', () => {
  const SECRET = 'very-secret-value'
  const key = { resourceType: 'JsonWebKey', kty: 'RSA', d: SECRET }
  const file = encode(JSON.stringify({ resourceType: 'Bundle', entry: Array(9000).fill({ resource: key }) }, null, 2))
  const read = (from: number | undefined, more: boolean) =>
    fileContent({ path: 'Binary/1', contentType: 'application/json', bytes: file, from, size: undefined, more })

  test('is cut after secrets are hidden', () => {
    let shown = ''
    for (let from: number | undefined = 0; from !== undefined; ) {
      const [text, about]: string[] = read(from, false).map((block) => (block.type === 'text' ? block.text : ''))
      shown += text
      from = /offset=(\d+)/.exec(about ?? '')?.map(Number)[1]
    }
    expect(JSON.parse(shown).entry).toHaveLength(9000)
    expect(shown).not.toContain(SECRET)
  })

  test('is not shown where only a part of it was read', () => {
    expect(read(0, true)).toEqual([{ type: 'text', text: expect.stringContaining('It is not shown, because secrets') }])
  })
})

describe('a charset', () => {
  const text = (bytes: number[], charset?: string, from?: number) =>
    fileContent({
      path: 'Binary/1',
      contentType: 'text/plain',
      bytes: new Uint8Array(bytes),
      from,
      size: bytes.length,
      more: false,
      charset,
    }).map((block) => (block.type === 'text' ? block.text : ''))

  test.each([
    ['iso-8859-1', [0x35, 0x20, 0xb5, 0x67], '5 µg'],
    ['windows-1252', [0x80, 0x35], '€5'],
    ['utf-16le', [0x35, 0, 0xb5, 0], '5µ'],
    ['UTF-16BE', [0, 0x35, 0, 0xb5], '5µ'],
    ['utf-8', [0x35, 0xc2, 0xb5], '5µ'],
    [undefined, [0xff, 0xfe, 0x35, 0, 0xb5, 0], '\ufeff5µ'],
    [undefined, [0xef, 0xbf, 0xbd], '\ufffd'],
  ])('%s is read', (charset, bytes, shown) => {
    expect(text(bytes, charset)).toEqual([shown])
  })

  test.each([
    [undefined, [0x35, 0x20, 0xb5, 0x67], /not valid UTF-8.*names no charset/],
    ['utf-8', [0x35, 0x20, 0xb5, 0x67], /not valid UTF-8/],
    ['x-unheard-of', [0x35], /charset is x-unheard-of, which cannot be read/],
  ])('%s that can’t be read is told', (charset, bytes, note) => {
    expect(text(bytes, charset).at(-1)).toMatch(note)
  })

  test('with two bytes a character is not cut within one', () => {
    const bytes = new Uint8Array(300_001).map((_, n) => (n % 2 === 0 ? 0xb5 : 0))
    const content = {
      path: 'Binary/1',
      contentType: 'text/plain',
      bytes,
      size: undefined,
      more: false,
      charset: 'utf-16le',
    }
    const [first] = fileContent({ ...content, from: undefined, maxText: 99_999 })
    expect(first).toEqual({ type: 'text', text: 'µ'.repeat(49_999) })
  })
})

describe('bytes', () => {
  const small = new Uint8Array([0, 255, 128, 7])

  test('of an image are an image, with its type and size beside it', () => {
    expect(part(small, 'image/png').content).toEqual([
      { type: 'text', text: 'Binary/1: image/png, 4 bytes.' },
      { type: 'image', data: 'AP+ABw==', mimeType: 'image/png' },
    ])
  })

  test.each([
    ['application/pdf', 'application/pdf'],
    ['', 'application/octet-stream'],
  ])('of type %j are an embedded resource', (contentType, mimeType) => {
    expect(part(small, contentType).content[1]).toEqual({
      type: 'resource',
      resource: { uri: 'fhir:///Binary/1', mimeType, blob: 'AP+ABw==' },
    })
  })

  test('too many for one answer are announced first, and come in parts that join to the original', () => {
    const file = Uint8Array.from({ length: 2_500_000 }, (_, n) => (n * 7919) % 251)
    const first = part(file, 'application/pdf')
    expect(first.content).toHaveLength(1)
    expect(first.texts[0]).toMatch(/application\/pdf, 2500000 bytes.*too large for one answer.*offset=0/)
    let joined = ''
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { content, next } = part(file, 'application/pdf', from)
      // The text stands first.
      const [about, block] = content
      if (block?.type !== 'resource' || !('blob' in block.resource)) throw new Error('no bytes')
      joined += atob(block.resource.blob)
      from = about?.type === 'text' && next === undefined ? /offset=(\d+)/.exec(about.text)?.map(Number)[1] : next
    }
    const original = Array.from(file, (byte) => String.fromCharCode(byte)).join('')
    // Not toBe: showing the difference of two such texts takes long.
    expect(joined === original).toBe(true)
  })

  test('of an unknown size', () => {
    const file = new Uint8Array(1_200_000)
    const content = fileContent({
      path: 'Binary/1',
      contentType: 'image/png',
      bytes: file.subarray(0, MAX_PART.bytes),
      from: undefined,
      size: undefined,
      more: true,
    })
    expect(content).toEqual([{ type: 'text', text: expect.stringContaining('more than 1048576 bytes') }])
  })
})
