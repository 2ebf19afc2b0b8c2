// One value on one line: JSON without redundant punctuation (docs/answers.md). Text from a record is in quotes, with every control and
// invisible character escaped, so that no record can end its line or fake a heading.
import { quoted } from '../../base/text.ts'

import { datatype } from './short-datatype.ts'

/** Elements that hold what people wrote: quoted even where one word would need no quotes. */
const FREE_TEXT: ReadonlySet<string> = new Set([
  'answer',
  'city',
  'comment',
  'conclusion',
  'data',
  'description',
  'details',
  'diagnostics',
  'display',
  'div',
  'family',
  'given',
  'instruction',
  'instructions',
  'label',
  'line',
  'name',
  'note',
  'patientInstruction',
  'prefix',
  'prompt',
  'reasonText',
  'sender',
  'suffix',
  'summary',
  'text',
  'title',
  'valueMarkdown',
  'valueString',
])

/** A string that can be told from every other value without quotes: ASCII, one word, not a number, no punctuation of ours. */
const BARE = /^[A-Za-z0-9#/%_.+-][A-Za-z0-9_.:/#%+@=?^~$*-]*$/
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const WORD: ReadonlySet<string> = new Set(['true', 'false', 'null', '-'])
const BARE_KEY = /^[@A-Za-z_][\w-]*$/

/** A word that at the beginning of a line would look like one of ours: a heading or a remark. */
const OURS = /^(?:#|(?:bundle|total|returned|next|link|same|dropped|note):)/

/** Whether a text at the beginning of a line would look like a line of ours. */
export function isLikeOurs(text: string): boolean {
  return OURS.test(text)
}

/**
 * A JSON value on one line.
 *
 * @param key the property that holds it, which decides whether one word is text or a code
 * @param written literals of objects, which are looked up here first and kept here: they don't depend on the key
 */
export function literal(value: unknown, key = '', written?: Map<object, string>): string {
  if (typeof value === 'string') return text(value, key)
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, key, written)).join(',')}]`
  if (typeof value !== 'object' || value === null) return String(JSON.stringify(value) ?? null)
  const known = written?.get(value)
  if (known !== undefined) return known
  const own = datatype(value as Record<string, unknown>) ?? object(value, written)
  written?.set(value, own)
  return own
}

function object(value: object, written: Map<object, string> | undefined): string {
  let out = ''
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) out += `${out && ','}${keyLiteral(name)}:${literal(item, name, written)}`
  }
  return `{${out}}`
}

function text(value: string, key: string): string {
  const bare = BARE.test(value) && !isFreeText(key) && !NUMBER.test(value) && !WORD.has(value) && !isLikeOurs(value)
  return bare ? value : quoted(value)
}

/** Also of the column of a FHIRPath, such as `note.text.substring(0,80)`. */
function isFreeText(key: string): boolean {
  return FREE_TEXT.has(key) || (/\W/.test(key) && key.split(/\W+/).some((name) => FREE_TEXT.has(name)))
}

/** A property's name as it is, where it is one word, else quoted. */
export function keyLiteral(name: string): string {
  return BARE_KEY.test(name) ? name : quoted(name)
}

/** One step of a path below another: a property, or the index of an array's item. */
export function below(path: string, step: string | number): string {
  const own = typeof step === 'number' ? String(step) : keyLiteral(step)
  return path === '' ? own : `${path}.${own}`
}
