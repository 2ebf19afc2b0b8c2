// Decides which search terms a record contains: Medplum found it by one parameter, but it may contain the other words as well.

import { isRecord } from '../../base/json.ts'
import { folded } from './spelling.ts'
import type { Term } from './terms.ts'

/** A record's content, in comparable form. */
interface Content {
  /** All words, folded. */
  text: string
  /** All words as they are spelled, in lower case. */
  spelled: string
  /** All dates, to the day. */
  days: string[]
  /** The digits of every value that has any. */
  numbers: string[]
  id: string
}

/** Elements without human words: a clinic's name would match the addresses of code systems. */
const UNREAD: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'meta',
  'text',
  'url',
  'system',
  'reference',
  'data',
  'contentType',
  'hash',
])

/** @param resources the record and those that it refers to, the record first */
export function contentOf(...resources: readonly Record<string, unknown>[]): Content {
  const texts = resources.flatMap((resource) => [...leaves(resource)])
  return {
    text: texts.map(folded).join(' '),
    // Without URLs and email addresses, which have no accents.
    spelled: texts
      .filter((text) => !text.includes('@'))
      .join(' ')
      .toLowerCase()
      .normalize('NFC'),
    days: texts.flatMap((text) => /^\d{4}(?:-\d\d){0,2}/.exec(text)?.[0] ?? []),
    numbers: texts.map((text) => text.replaceAll(/\D/g, '')).filter((digits) => digits !== ''),
    id: String(resources[0]?.id ?? ''),
  }
}

function* leaves(value: unknown, top = true): Generator<string> {
  if (typeof value === 'string') yield value
  else if (Array.isArray(value)) for (const item of value) yield* leaves(item, false)
  else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value)) {
      // The `text` of the resource itself is the narrative, which is skipped; a concept's `text` is its content.
      if (!UNREAD.has(name) || (name === 'text' && !top)) yield* leaves(item, false)
    }
  }
}

/** Whether the record contains a term. */
export function meets({ text, days, numbers, id }: Content, term: Term): boolean {
  switch (term.kind) {
    case 'word':
      return folded(term.text)
        .split(/[\s'-]+/)
        .every((part) => holds(text, part))
    case 'code':
      return isWhole(text, term.text) || isNumber(numbers, term.text)
    case 'token':
      return isWhole(text, term.text.slice(term.text.indexOf('|') + 1))
    case 'date':
      return (
        term.spans.some(({ start, end }) => days.some((day) => day >= start && day < end)) || holds(text, term.text)
      )
    case 'phone':
      return numbers.some((digits) => digits.length >= 7 && term.text.replaceAll(/\D/g, '').endsWith(digits.slice(-10)))
    case 'email':
      return text.includes(folded(term.text))
    case 'id':
      return id === term.text
  }
}

/** Whether the record contains it exactly as typed, with accents. */
export function isSpelledSo({ spelled }: Content, { text }: Term): boolean {
  return spelled.includes(text.toLowerCase())
}

/** Whether a text contains the part at the beginning of a word, or, if the part is long enough not to match by chance, anywhere. */
function holds(text: string, part: string): boolean {
  if (part.length >= 4) return text.includes(part)
  return text.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(part))
}

/** Whether a text contains the number between spaces or punctuation, since part of a number is another number. */
function isWhole(text: string, sought: string): boolean {
  return wordsIn(text).includes(wordsIn(folded(sought)))
}

function wordsIn(text: string): string {
  return ` ${text
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .join(' ')} `
}

function isNumber(numbers: readonly string[], text: string): boolean {
  return /^(?:mrn\W?)?\d{4,}$/i.test(text) && numbers.includes(text.replaceAll(/\D/g, ''))
}
