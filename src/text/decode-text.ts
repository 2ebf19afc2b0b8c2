// Decodes text in its own encoding: with a wrong one, micrograms become `5 �g`, which could also be milligrams.

/** Text, and notes on how it was decoded. */
export interface Decoded {
  text: string
  note?: string
}

/** Encodings by the bytes that a text begins with (WHATWG Encoding Standard, section 6.1). */
const MARKS: readonly (readonly [string, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
]

/** The encoding that a text's first bytes or its media type name, as the WHATWG Encoding Standard calls it; `utf-8` without either. */
export function encodingOf(beginning: Uint8Array, charset: string | undefined): string {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => beginning[at] === byte))?.[0]
  return marked ?? decoderOf(charset ?? 'utf-8')?.encoding ?? 'utf-8'
}

/**
 * Bytes as text.
 *
 * @param encoding from {@link encodingOf}
 * @param charset as the media type names it
 */
export function decodeText(bytes: Uint8Array, encoding: string, charset: string | undefined): Decoded {
  const text = (decoderOf(encoding) ?? new TextDecoder()).decode(bytes)
  if (charset !== undefined && decoderOf(charset) === undefined) {
    return {
      text,
      note: `This text says that its charset is ${charset}, which cannot be read here; it is shown as UTF-8.`,
    }
  }
  if (!text.includes('\ufffd') || includes(bytes, REPLACEMENT)) return { text }
  const advice = charset === undefined ? ' Its media type names no charset.' : ''
  return {
    text,
    note: `Some of this text is not valid ${encoding.toUpperCase()}: each � stands for bytes that cannot be read.${advice}`,
  }
}

/** U+FFFD in UTF-8: the text may contain this character itself, without an error in decoding. */
const REPLACEMENT = [0xef, 0xbf, 0xbd]

function includes(bytes: Uint8Array, [first = 0, ...rest]: readonly number[]): boolean {
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (rest.every((byte, index) => bytes[at + 1 + index] === byte)) return true
  }
  return false
}

function decoderOf(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal: false, ignoreBOM: true })
  } catch {
    return undefined
  }
}
