// Writes out a change for the person who decides about it: every value in full, base64 decoded, and references with names. What can't be
// shown this way can't be confirmed.

import { visible } from '../../base/text.ts'
import type { Difference } from '../../fhir/diff.ts'
import { REFERENCE } from '../../fhir/ids.ts'
import type { Change } from './change.ts'

/** What can't be shown to a person. The message is a part of a sentence. */
export class Unshowable extends Error {
  override readonly name = 'Unshowable'
}

interface Spelling {
  /** Titles by reference. */
  names: ReadonlyMap<string, string>
  /** Characters that may still be shown. */
  room: number
}

/** Longer text, or text of several lines, gets its own lines. */
const MAX_INLINE = 200

/**
 * All lines of a change, the thing itself first.
 *
 * @param isStrict whether binary content must not be skipped, because it could be code
 * @throws {Unshowable} for what is too long, and for binary content
 */
export function spelledOut(
  { head, about = [], details, isNew, loss, problem }: Change,
  spelling: Spelling,
  isStrict: boolean,
): string[] {
  const lines: string[] = []
  /** Adds a line, in which every character is visible. */
  const add = (text: string) => {
    const line = visible(text)
    spelling.room -= line.length + 1
    if (spelling.room < 0) throw new Unshowable('it is more than a person can review at once; split it')
    lines.push(line)
  }
  for (const line of [head, ...about]) add(line)
  if (problem !== undefined) return lines
  if (isMost(loss)) add(`most of the record would be lost: ${loss.values} of its ${loss.of} values`)
  if (head.startsWith('Change') && details.length === 0) add('there are no differences')
  for (const one of details) tell(one, isNew === true, { add, names: spelling.names, isStrict })
  return lines
}

/** Whether most of a record would be lost. */
export function isMost(loss: Change['loss']): loss is NonNullable<Change['loss']> {
  return loss !== undefined && loss.values >= 3 && loss.values * 2 > loss.of
}

interface Telling {
  add(line: string): void
  names: Spelling['names']
  isStrict: boolean
}

function tell({ path, before, after, concealed }: Difference, isNew: boolean, telling: Telling): void {
  const place = path === '' ? 'the whole record' : path
  if (concealed) {
    telling.add(`${place}: replaced`)
    return
  }
  if (isScalar(before) && isScalar(after)) {
    const [was, is] = [inline(before, telling), inline(after, telling)]
    if (was !== undefined && is !== undefined && !isData(place)) {
      telling.add(`${place}: ${was} → ${is}`)
      return
    }
  }
  if (before !== undefined) each(place, before, 'removed', telling)
  if (after !== undefined) each(place, after, isNew ? '' : 'added', telling)
}

/** Adds a line for each value within a value, by its path. */
function each(path: string, value: unknown, word: string, telling: Telling): void {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    for (const [name, one] of Object.entries(value)) {
      const place = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`
      each(place, one, word, telling)
    }
    return
  }
  const label = word === '' ? `${path}:` : `${path}: ${word}`
  const text = typeof value === 'string' && isData(path) ? decoded(value, path, telling.isStrict) : undefined
  if (text?.bytes !== undefined) {
    telling.add(`${label} a file of ${text.bytes} bytes`)
    return
  }
  const shown = text?.text ?? value
  const short = inline(shown, telling)
  telling.add(short === undefined ? label : `${label} ${short}`)
  if (short !== undefined) return
  for (const line of String(shown).split(/\r?\n/)) telling.add(`  | ${line.replaceAll('\t', '  ')}`)
}

/** A value on one line; undefined for text that has to have lines of its own. */
function inline(value: unknown, { names }: Telling): string | undefined {
  if (typeof value === 'string' && (value.length > MAX_INLINE || value.includes('\n'))) return undefined
  const name = typeof value === 'string' ? names.get(value) : undefined
  return (JSON.stringify(value) ?? '') + (name === undefined ? '' : ` (${name})`)
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null)
}

/** Elements that hold base64. */
function isData(path: string): boolean {
  return /(?:^|\.)(?:data|valueBase64Binary)$/.test(path)
}

/** The decoded text, or the number of bytes if it isn't text. */
function decoded(value: string, path: string, isStrict: boolean): { text?: string; bytes?: number } | undefined {
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.from(atob(value), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    if (isStrict) throw new Unshowable(`\`${path}\` contains bytes that are not text`)
    return { bytes: bytes.length }
  }
}

/** The references in a change. */
export function referencesInChange({ details }: Change): string[] {
  return details.flatMap(({ path, before, after }) => [before, after].flatMap((one) => references(one, path)))
}

function references(value: unknown, name: string): string[] {
  if (typeof value === 'string') return /(?:^|\.)reference$/.test(name) && REFERENCE.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => references(one, key))
}
