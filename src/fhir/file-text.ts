// The words of a file, as lines that can be quoted: plain text as it is, HTML and XML without their markup, JSON without secrets.
import { redact, withoutSignedUrls } from './redact.ts'

/** Whether {@link linesOfFile} makes something of a file of this media type. */
export function isReadable(contentType: string): boolean {
  return /^text\/|[/+](json|xml)$|hl7-v2/.test(contentType)
}

/**
 * The lines of a file. They end at every kind of line end and hold no invisible character, so that behind a mark at the
 * beginning of each, none can be taken for a line of somebody else.
 *
 * @param contentType media type, in lower case, without parameters
 */
export function linesOfFile(contentType: string, content: string): string[] {
  const text = /json$/.test(contentType) ? withoutSecrets(content) : withoutSignedUrls(content)
  const words = contentType === 'text/html' || /xml$/.test(contentType) ? withoutMarkup(text) : text
  return words
    .replace(/(?:\r\n|[\n\r\v\f\u0085\u2028\u2029])+$/, '')
    .split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)
    .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}]/gu, visible).trimEnd())
}

/** Base64 as text; undefined for what is none. */
export function textInBase64(data: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

/** Secrets in FHIR JSON that is kept as a file; JSON that can't be read as a value is not shown. */
function withoutSecrets(content: string): string {
  try {
    return JSON.stringify(redact(JSON.parse(content)), undefined, 1)
  } catch {
    return '(JSON that cannot be read)'
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** The words of HTML or XML: blocks become lines, scripts and styles go. */
function withoutMarkup(markup: string): string {
  return markup
    .replaceAll(/<!--[\s\S]*?-->|<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<\/?(p|div|br|tr|li|ul|ol|table|h[1-6]|section|article|title|paragraph)\b[^>]*>/gi, '\n')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(
      /&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w{2,6}));/gi,
      (entity, decimal?: string, hex?: string, name?: string) => {
        const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined
        if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : entity
        return ENTITIES[(name ?? '').toLowerCase()] ?? entity
      },
    )
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ ?\n[\n ]*/g, '\n')
    .trim()
}

function visible(char: string): string {
  return char === '\t' ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
