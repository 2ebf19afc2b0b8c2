// A record as a person would read it: a title, and a labelled line for each of its elements.

import { isRecord, scalarText } from '../base/json.ts'
import { visible } from '../base/text.ts'
import { conceptText, labelOf, nameText, valueText } from './datatype-text.ts'

type Resource = Record<string, unknown>

/** Elements that are given elsewhere (type, id, version) or repeat others (narrative). */
const UNSAID: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'text', 'implicitRules', 'language'])
const MAX_TITLE = 160

/**
 * One line for each value of each element, in the record's own order: `Birth date: 1961-03-14`.
 *
 * Text of the record is in quotes, so no line can be faked. Nothing is left out but narrative, metadata, and
 * extensions within elements.
 */
export function recordLines(resource: Resource): string[] {
  return Object.entries(resource).flatMap(([name, value]) => {
    if (UNSAID.has(name)) return []
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap((one) => {
      const text = valueText(withoutNarrative(name, one), name)
      return text === '' ? [] : [`${labelOf(name)}: ${text}`]
    })
  })
}

function withoutNarrative(name: string, value: unknown): unknown {
  if (name !== 'contained' || !isRecord(value)) return value
  const { text: _text, meta: _meta, ...rest } = value
  return rest
}

/**
 * A record as a list shows it: `Marisol Vega-Castillo, born 1961-03-14 (Patient)`.
 *
 * @returns one line of visible characters, of at most 160
 */
export function titleOf(resource: Resource): string {
  const type = oneLine(scalarText(resource.resourceType))
  let title = oneLine(ownNameOf(resource))
  // A name may already contain the date and the person: `Progress note 2026-04-22`.
  for (const more of [dateOf(resource), oneLine(aboutWhom(resource))]) {
    if (more !== '' && !title.includes(more))
      title += `${title && ', '}${more === resource.birthDate ? 'born ' : ''}${more}`
  }
  return `${shortened(title || oneLine(scalarText(resource.id)))} (${type})`
}

/** The person that a record is about, as its reference names them. */
function aboutWhom({ subject, patient, beneficiary, for: task }: Resource): string {
  const reference = [subject, patient, beneficiary, task].find(isRecord)
  return reference ? scalarText(reference.display) : ''
}

function ownNameOf(resource: Resource): string {
  const { name } = resource
  const human = Array.isArray(name) ? name.map(nameText).find((text) => text !== '') : undefined
  const named =
    human ?? ([name, resource.title, resource.description].map(scalarText).find((text) => text !== '') || undefined)
  if (named !== undefined) return named
  const user = [resource.firstName, resource.lastName].map(scalarText).filter(Boolean).join(' ')
  if (user !== '') return user
  const concepts = [
    ...['code', 'medicationCodeableConcept', 'vaccineCode', 'serviceType', 'type', 'reasonCode', 'category', 'class'],
  ].map((element) => conceptText(resource[element]))
  return concepts.find((text) => text !== '') ?? ''
}

/** When it happened or will happen; for people, when they were born. */
const DATES = [
  'birthDate',
  'effectiveDateTime',
  'effectivePeriod',
  'onsetDateTime',
  'performedDateTime',
  'performedPeriod',
  'occurrenceDateTime',
  'start',
  'period',
  'date',
  'authoredOn',
  'recordedDate',
  'issued',
  'authored',
  'created',
  'sent',
]

function dateOf(resource: Resource): string {
  const values = DATES.map((name) => resource[name])
  const texts = values.map((value) => scalarText(isRecord(value) ? value.start : value))
  return texts.find((text) => /^\d{4}/.test(text))?.slice(0, 10) ?? ''
}

/** On one line, with invisible characters made visible. */
function oneLine(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ').trim())
}

function shortened(text: string): string {
  const letters = [...text]
  return letters.length <= MAX_TITLE ? text : `${letters.slice(0, MAX_TITLE - 1).join('')}…`
}
