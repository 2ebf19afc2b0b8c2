// The words of a file, as lines that can be quoted: plain text as it is, HTML and XML without their markup, JSON without secrets.
import { visible } from '../base/text.ts'
import { redactText } from '../secrets/redact-text.ts'
import { type Decoded, decodeText, encodingOf } from './decode-text.ts'

/** Whether {@link linesOfFile} can read a file of this media type. */
export function isReadable(contentType: string): boolean {
  return /^text\/|[/+](json|xml)$|hl7-v2/.test(contentType)
}

/**
 * The lines of a file. They are split at every kind of line end and contain no invisible characters, so that with a mark before
 * each, none can look like a line of ours.
 *
 * @param contentType media type, in lower case, without parameters
 */
export function linesOfFile(contentType: string, content: string): string[] {
  const text = redactText(contentType, content)
  const words = contentType === 'text/html' || /xml$/.test(contentType) ? withoutMarkup(text) : text
  const lines = words.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)
  const last = lines.findLastIndex((line) => line.trim() !== '')
  return lines.slice(0, last + 1).map((line) => withVisibleParts(line).trimEnd())
}

/** Base64 as bytes; undefined if it isn't valid. */
export function bytesInBase64(data: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** A text, or its first part, decoded. */
export function decodedText(bytes: Uint8Array, charset: string | undefined): Decoded {
  return decodeText(bytes, encodingOf(bytes, charset), charset)
}

/** Elements that begin a line, and those that hold no words. */
const BLOCKS: ReadonlySet<string> = new Set(
  (
    'address article blockquote br caption div dd dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p paragraph ' +
    'pre section table text title tr ul'
  ).split(' '),
)
const WORDLESS: ReadonlySet<string> = new Set(['head', 'script', 'style', 'template'])

/**
 * The words of HTML or XML: blocks become lines. Step by step from the first character to the last, because expressions for
 * whole elements would take quadratic time on a file made for that.
 */
function withoutMarkup(markup: string): string {
  const lower = markup.toLowerCase()
  let words = ''
  for (let at = 0; at < markup.length; ) {
    const open = markup.indexOf('<', at)
    words += markup.slice(at, open < 0 ? undefined : open).replaceAll(/\s+/g, ' ')
    if (open < 0) break
    if (!/[a-z/!?]/.test(lower[open + 1] ?? '')) {
      words += '<'
      at = open + 1
      continue
    }
    const isComment = markup.startsWith('<!--', open)
    const end = isComment ? markup.indexOf('-->', open + 4) : markup.indexOf('>', open)
    if (end < 0) break
    at = end + (isComment ? 3 : 1)
    const name = /^<\/?([a-z][a-z0-9]*)/.exec(lower.slice(open, open + 24))?.[1] ?? ''
    if (BLOCKS.has(name)) words += '\n'
    else if (name === 'td' || name === 'th') words += ' '
    else if (WORDLESS.has(name) && lower[open + 1] !== '/') {
      const close = lower.indexOf(`</${name}`, at)
      at = close < 0 ? markup.length : close
    }
  }
  return withoutEntities(words)
    .split('\n')
    .map((line) => line.replaceAll(/[ \t]+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function withoutEntities(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|([a-z]{2,4}));/gi,
    (entity, decimal?: string, hex?: string, name = '') => {
      const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16)
      return Number.isNaN(code) ? (ENTITIES[name.toLowerCase()] ?? entity) : String.fromCodePoint(code)
    },
  )
}

/** Makes invisible characters visible, except tabs. */
function withVisibleParts(line: string): string {
  return line.split('\t').map(visible).join('\t')
}
