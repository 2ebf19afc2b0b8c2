// Secrets in text: JSON files, lines of an export, parts of either. Values are redacted as in any other answer. What can't be parsed is
// searched string by string; it is better to hide too much than too little.
import { HIDDEN, isSecretField, redact, SECRET_FIELDS_OF, withoutSignedUrls } from './redact.ts'

/** A text of this media type as it may be shown. Text without secrets stays unchanged, to the byte. */
export function redactText(contentType: string, text: string): string {
  if (!/json$/.test(contentType)) return withoutSignedUrls(text)
  return contentType.endsWith('ndjson') ? text.split('\n').map(redactJson).join('\n') : redactJson(text)
}

function redactJson(text: string): string {
  return text.trim() === '' ? text : (redactValue(text) ?? redactFragment(text))
}

/** Redacts JSON text; undefined if it is not a JSON value. */
function redactValue(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const shown = JSON.stringify(redact(value))
  if (shown === JSON.stringify(value)) return text
  const indent = /^[{[]\r?\n([ \t]+)/.exec(text)?.[1]
  return (
    (indent === undefined ? shown : JSON.stringify(JSON.parse(shown), undefined, indent)) +
    text.slice(text.trimEnd().length)
  )
}

const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\],]/gs

/** Truncated or malformed JSON: each string below the name of a secret is hidden, at any depth. */
function redactFragment(text: string): string {
  const isSecret = secretNamesIn(text)
  let depth = 0
  /** The depth below which everything is hidden. */
  let hidden = Number.POSITIVE_INFINITY
  let isNext = false
  return text.replace(TOKEN, (token, at: number) => {
    if (token === ',') isNext = false
    else if (token === '{' || token === '[') {
      depth++
      if (isNext && hidden > depth) hidden = depth
      isNext = false
    } else if (token === '}' || token === ']') {
      depth--
      if (depth < hidden) hidden = Number.POSITIVE_INFINITY
    } else if (/^\s*:/.test(text.slice(at + token.length, at + token.length + 100))) {
      isNext = isSecret(token.slice(1, -1))
    } else if (isNext || depth >= hidden) {
      isNext = false
      return `"${HIDDEN}"`
    } else return withoutSignedUrls(token)
    return token
  })
}

/** The names that may hold secrets in this text: those of all types, and of the types that it names. */
function secretNamesIn(text: string): (name: string) => boolean {
  const named = Object.entries(SECRET_FIELDS_OF).filter(([type]) => text.includes(type))
  const names = new Set(named.flatMap(([, fields]) => [...fields]))
  const hasSigningSecret = text.includes('subscription-secret')
  return (name) => isSecretField(name) || names.has(name) || (hasSigningSecret && name.startsWith('value'))
}
