// Plans the FHIR searches for the words of a search: people by name, birth date, number and address; organizations by name; documents by
// title and patient.
import { criterion, formatQuery } from '../../fhir/query.ts'
import { asTyped, spellings } from './spelling.ts'
import type { Days, Term, Wanted } from './terms.ts'

/** Types that free words find, in the order in which equal hits are shown. */
export const SOUGHT: readonly string[] = [
  'Patient',
  'Practitioner',
  'RelatedPerson',
  'Organization',
  'DocumentReference',
]

/** How a kind of search looks for a term: alternative lists of parameters; none if it can't. */
type Ask = (term: Term) => string[][]

const MAX_ALTERNATIVES = 4
const COUNT = 20
/** Maximum hits of a search in which only the ranking can tell which ones were meant. */
const MORE = 50

/**
 * Searches in which each hit matches all terms, or nearly all. Names are searched with and without accents at once, so that a search for
 * one of María García and Maria Garcia never finds only the other.
 */
export function searchesFor({ terms, types }: Wanted): string[] {
  if (terms.length === 0) return [...types].map((type) => `${type}?_sort=-_lastUpdated&_count=${COUNT}`)
  const all = WAYS.flatMap(([type, ask]) => combined(terms.map(ask)).map((parameters) => searchOf(type, parameters)))
  return [...new Set([...all, ...documentsOfSomebody(terms)])]
}

/** Searches in which each hit matches any of the terms: not for a year alone, which matches too much, or for a single term. */
export function searchesForAny({ terms }: Wanted): string[] {
  if (terms.length < 2) return []
  const telling = terms.filter(({ kind, text }) => kind !== 'date' || text.length > 4)
  return WAYS.flatMap(([type, ask]) => {
    const asked = telling.flatMap(ask)
    const [single, several] = [asked.filter(({ length }) => length === 1), asked.filter(({ length }) => length > 1)]
    const byName = Map.groupBy(single.flat(), (one) => one.slice(0, one.indexOf('=')))
    const merged = [...byName].map(
      ([name, list]) => `${name}=${list.map((one) => one.slice(name.length + 1)).join(',')}`,
    )
    return [...merged.map((one) => [one]), ...several].map((parameters) => searchOf(type, parameters, MORE))
  })
}

const WAYS: readonly (readonly [type: string, ask: Ask])[] = [
  ['Patient', person('birthdate')],
  ['Practitioner', person(undefined)],
  ['RelatedPerson', person('birthdate')],
  ['Organization', organization],
  ['DocumentReference', documentBy('description:contains')],
  ['DocumentReference', documentBy('type:text')],
  ['DocumentReference', documentBy('category:text')],
  ['DocumentReference', documentOfPatient],
]

function person(birthdate: string | undefined): Ask {
  return (term) => {
    if (term.kind === 'word') return [[parameter('name', spellings(term.text))]]
    if (term.kind === 'date') return birthdate === undefined ? [] : within(birthdate, term.spans)
    if (term.kind === 'phone') return [[parameter('phone', phoneForms(term.text))]]
    if (term.kind === 'email') return [[parameter('email', [term.text])]]
    return byNumber(term)
  }
}

function organization(term: Term): string[][] {
  if (term.kind === 'word') return [[parameter('name:contains', spellings(term.text))]]
  if (term.kind === 'code') return [[parameter('name:contains', [term.text])], ...byNumber(term)]
  return byNumber(term)
}

function documentBy(name: string): Ask {
  return (term) => {
    if (term.kind === 'word') return [[parameter(name, asTyped(term.text))]]
    if (term.kind === 'date') return within('date', term.spans)
    const text = term.kind === 'code' ? [[parameter(name, [term.text])]] : []
    return [...text, ...byNumber(term)]
  }
}

function documentOfPatient(term: Term): string[][] {
  if (term.kind === 'date') return [...within('date', term.spans), ...within('patient.birthdate', term.spans)]
  const asked = person('birthdate')(term)
  return asked.map((parameters) => parameters.map((one) => `patient.${one}`))
}

/** "Diabetes letter Marisol": some words name the person, others the document. The ranking finds out which. */
function documentsOfSomebody(terms: readonly Term[]): string[] {
  const words = terms.filter(({ kind }) => kind === 'word').map(({ text }) => text)
  const spoken = [...words, ...terms.filter(({ kind }) => kind === 'code').map(({ text }) => text)]
  if (words.length === 0 || spoken.length < 2) return []
  const name = parameter('patient.name', words.flatMap(spellings))
  return ['description:contains', 'type:text', 'category:text'].map((element) =>
    searchOf('DocumentReference', [name, parameter(element, spoken)], MORE),
  )
}

function byNumber(term: Term): string[][] {
  if (term.kind === 'id') return [[parameter('_id', [term.text])]]
  if (term.kind === 'token') return [[parameter('identifier', [term.text])]]
  return term.kind === 'code' ? [[parameter('identifier', numberForms(term.text))]] : []
}

/** A record number as it may be kept: in capitals, with or without the letters for "number". */
function numberForms(text: string): string[] {
  const digits = /^mrn\W?(\d+)$/i.exec(text)?.[1]
  return [
    ...new Set([text, text.toUpperCase(), ...(digits ? [digits] : []), ...(/^\d+$/.test(text) ? [`MRN${text}`] : [])]),
  ]
}

/** A telephone number as people write it: Medplum compares it as it was entered. */
function phoneForms(text: string): string[] {
  const digits = text.replaceAll(/\D/g, '')
  const local = digits.replace(/^1(?=\d{10}$)/, '')
  const groups = /^(\d{3})?(\d{3})(\d{4})$/.exec(local)
  const [, area, exchange, line] = groups ?? []
  const whole = [
    `${area}-${exchange}-${line}`,
    `(${area}) ${exchange}-${line}`,
    `+1${local}`,
    `+1-${area}-${exchange}-${line}`,
  ]
  const grouped = groups ? (area ? [...whole, `+1 ${area}-${exchange}-${line}`] : [`${exchange}-${line}`]) : []
  return [...new Set([text, digits, `+${digits}`, local, ...grouped])]
}

function within(name: string, spans: readonly Days[]): string[][] {
  return spans.map(({ start, end }) => [parameter(name, [`ge${start}`]), parameter(name, [`lt${end}`])])
}

/** One parameter with its values, any of which will do. */
function parameter(name: string, values: readonly string[]): string {
  return formatQuery([criterion(name, values.join(','))])
}

function searchOf(type: string, parameters: readonly string[], count = COUNT): string {
  const include = type === 'DocumentReference' ? '&_include=DocumentReference:subject' : ''
  return `${type}?${parameters.join('&')}&_count=${count}${include}`
}

/** All combinations of the terms' alternatives; none if a term has no alternative. */
function combined(asked: readonly string[][][]): string[][] {
  let ways: string[][] = [[]]
  for (const alternatives of asked) {
    ways = ways.flatMap((way) => alternatives.map((parameters) => [...way, ...parameters])).slice(0, MAX_ALTERNATIVES)
  }
  return ways
}
