// Interprets the words of a search: names, dates, numbers, addresses, and the types of record that they name.
import { parseSearchDate } from '../../fhir/search-dates.ts'
import { isUuid } from './record-id.ts'

/** Days, from the first to the one after the last, as search values. */
export interface Days {
  start: string
  end: string
}

/** One search term. */
export type Term =
  | { kind: 'word'; text: string }
  /** Has digits: a number of some kind, or a word such as HbA1c. */
  | { kind: 'code'; text: string }
  /** `system|value` */
  | { kind: 'token'; text: string }
  /** Several where the notation is ambiguous: 03/04/1961. */
  | { kind: 'date'; text: string; spans: Days[] }
  | { kind: 'phone'; text: string }
  | { kind: 'email'; text: string }
  | { kind: 'id'; text: string }

export interface Wanted {
  terms: Term[]
  /** Types that are named, such as by "patient". */
  types: ReadonlySet<string>
}

const MAX_TERMS = 8
/** Maximum characters that are read; a person's question is shorter. */
const MAX_QUERY = 1000

/** Reads the words of a search. Never throws; without anything to search by, `terms` is empty. */
export function understand(query: string): Wanted {
  const terms: Term[] = []
  let rest = ` ${query.slice(0, MAX_QUERY).normalize('NFC').replaceAll('\\', ' ')} `
  for (const [pattern, read] of PATTERNS) {
    rest = rest.replaceAll(pattern, (...match: string[]) => {
      const term = read(match)
      if (!term) return match[0] ?? ''
      terms.push(term)
      return ' '
    })
  }
  const words = rest
    .split(/[\s,;()[\]{}"“”<>]+/)
    .map(trimmed)
    .filter((word) => word !== '')
  const types = new Set(words.flatMap(typesNamedBy))
  const telling = words.filter((word) => !isUnsaid(word))
  // "An" and "Will" are names too.
  const chosen = telling.length + terms.length + types.size > 0 ? telling : words
  terms.push(...chosen.map(termOf))
  return { terms: terms.slice(0, MAX_TERMS), types }
}

function trimmed(word: string): string {
  return /[\p{L}\p{N}](?:.*[\p{L}\p{N}])?/su.exec(word)?.[0] ?? ''
}

function termOf(text: string): Term {
  const year = /^(?:18|19|20)\d\d$/.test(text) ? daysOf(text) : undefined
  if (year) return { kind: 'date', text, spans: [year] }
  return { kind: /\d/.test(text) ? 'code' : 'word', text }
}

/** Months, only with a day next to them: April and May are also names. */
const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

type Read = (match: string[]) => Term | undefined

/** In order: each pattern sees only what the earlier ones left. */
const PATTERNS: readonly (readonly [RegExp, Read])[] = [
  [
    /(?<=[\s<>,;"()])[^\s<>,;"()@]+@[^\s<>,;"()@]+/g,
    ([text = '']) => (/@[^.@]+\../.test(text) ? { kind: 'email', text: text.toLowerCase() } : undefined),
  ],
  [/(?<=\s)[^\s,;"()|]*\|[^\s,;"()|]+/g, ([text = '']) => ({ kind: 'token', text })],
  [
    /(?<=[\s"(/])[0-9a-f]{8}-[0-9a-f-]{27}(?=[\s")])/gi,
    ([text = '']) => (isUuid(text) ? { kind: 'id', text: text.toLowerCase() } : undefined),
  ],
  [
    /(?<=\s)(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:T[\d:.+Z-]*)?(?=[\s,;)?!])/g,
    ([text, year, month, day]) => dated(text, [[year, month, day]]),
  ],
  [
    /(?<=\s)(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?=[\s,;)?!.])/g,
    ([text, day, month, year]) => dated(text, [[year, month, day]]),
  ],
  [
    /(?<=\s)(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?=[\s,;)?!.])/g,
    ([text, one, other, year]) =>
      dated(text, [
        [year, one, other],
        [year, other, one],
      ]),
  ],
  [
    new RegExp(`(?<=\\s)(\\d{1,2})(?:st|nd|rd|th|\\.)? (?:of )?${MONTH},? (\\d{4})(?=[\\s,;)?!.])`, 'gi'),
    ([text, day, month, year]) => dated(text, [[year, monthNumber(month), day]]),
  ],
  [
    new RegExp(`(?<=\\s)${MONTH} (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})(?=[\\s,;)?!.])`, 'gi'),
    ([text, month, day, year]) => dated(text, [[year, monthNumber(month), day]]),
  ],
  [
    /(?<=[\s])\+?\(?\d{1,4}\)?(?:[\s.-]{0,2}\(?\d{2,5}\)?){1,5}(?=[\s,;?!])/g,
    ([text = '']) => (isPhone(text) ? { kind: 'phone', text: text.trim() } : undefined),
  ],
]

/** Whether a text is a phone number: seven digits or more, in a notation that other numbers don't have. */
function isPhone(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '').length
  return digits >= 7 && digits <= 15 && !/^\d+$|^\d{4}-\d\d-\d\d$|^\d\d?[.-]\d\d?[.-]\d{4}$/.test(text.trim())
}

function monthNumber(name = ''): string {
  return String(MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1)
}

function dated(text: string | undefined, readings: (string | undefined)[][]): Term | undefined {
  const spans = readings.flatMap((parts) => {
    const iso = parts.filter((part) => part !== undefined).map((part, at) => part.padStart(at === 0 ? 4 : 2, '0'))
    return daysOf(iso.join('-')) ?? []
  })
  const different = spans.filter(({ start }, at) => spans.findIndex((one) => one.start === start) === at)
  return different.length > 0 ? { kind: 'date', text: text ?? '', spans: different } : undefined
}

/** @param date year, year and month, or day. @returns undefined for a day that doesn't exist */
function daysOf(date: string): Days | undefined {
  const parsed = parseSearchDate(date)
  return parsed && { start: parsed.start, end: parsed.end }
}

/** Words that name a type rather than a record. */
const TYPE_WORDS: readonly (readonly [type: string, words: RegExp])[] = [
  ['Patient', /^patients?$/i],
  ['Practitioner', /^(?:practitioner|doctor|physician)s?$/i],
  ['RelatedPerson', /^relatives?$/i],
  ['Organization', /^organi[sz]ations?$/i],
  ['DocumentReference', /^documents?$/i],
]

function typesNamedBy(word: string): string[] {
  return TYPE_WORDS.filter(([, words]) => words.test(word)).map(([type]) => type)
}

/** Words of a question, and labels before values, that occur in no record. */
const UNSAID: ReadonlySet<string> = new Set(
  (
    'a about all an and any are at birthdate born by called date dob doctor dr e-mail email find for from get has have how id ' +
    'identifier in is list md me mr mrn mrs ms named of on or phone please prof record records show tel that the their there ' +
    'to was were what when which who whose with'
  ).split(' '),
)

function isUnsaid(word: string): boolean {
  return UNSAID.has(word.toLowerCase()) || typesNamedBy(word).length > 0
}
