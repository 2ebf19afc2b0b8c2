// The values that records are grouped by: each has a key, which is equal for equal values, and the form in which it is shown.
import { isRecord, scalarText } from '../../base/json.ts'
import { conceptOf, oneLineText } from './subject.ts'

export interface Key {
  /** Equal for values that mean the same, however they are written. */
  key: string
  /** A scalar, a Reference or a Coding. */
  shown: unknown
}

const RELATIVE = /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/

/**
 * The keys of an expression's result, or of an element: one for each value.
 *
 * @param base of the FHIR API, which an absolute reference may begin with
 */
export function keysOf(found: unknown, resource: Record<string, unknown>, base: string): Key[] {
  const keys = [found].flat().flatMap((value) => keyOf(value, resource, base) ?? [])
  return [...new Map(keys.map((one) => [one.key, one])).values()]
}

function keyOf(value: unknown, resource: Record<string, unknown>, base: string): Key | undefined {
  if (!isRecord(value)) return scalarKey(value, base)
  if (typeof value.reference === 'string')
    return referenceKey(value.reference, oneLineText(value.display), resource, base)
  if (isRecord(value.identifier) && typeof value.identifier.value === 'string') {
    const { system, value: own } = value.identifier
    return { key: `identifier ${scalarText(system)}|${own}`, shown: oneLineText(value.display) ?? own }
  }
  const { code, unit, currency, start, end, family, given } = value
  if (typeof value.value === 'number') {
    const measure = oneLineText(unit) ?? oneLineText(code) ?? oneLineText(currency)
    return text(`${value.value}${measure ? ` ${measure}` : ''}`)
  }
  if (start !== undefined || end !== undefined) return text(`${scalarText(start)}/${scalarText(end)}`)
  if (family !== undefined || given !== undefined) {
    return text(oneLineText(value.text) ?? [given, family].flat().map(scalarText).filter(Boolean).join(' '))
  }
  const concept = conceptOf(value, resource)
  if (concept?.code !== undefined) return { key: `code ${concept.system ?? ''}|${concept.code}`, shown: concept }
  return text(concept?.display ?? JSON.stringify(value).slice(0, 80))
}

function scalarKey(value: unknown, base: string): Key | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return { key: `value ${value}`, shown: value }
  const written = oneLineText(value)
  if (written === undefined) return undefined
  const local = relative(written, base)
  return local === undefined ? text(written) : { key: `reference ${local}`, shown: { reference: local } }
}

function text(written: string): Key {
  return { key: `text ${written}`, shown: written }
}

/** The key of a reference. A contained resource is a different one in each record, even under the same id. */
function referenceKey(
  written: string,
  display: string | undefined,
  resource: Record<string, unknown>,
  base: string,
): Key {
  const reference = written.startsWith('#')
    ? `${scalarText(resource.resourceType)}/${scalarText(resource.id)}${written}`
    : (relative(written, base) ?? written)
  return { key: `reference ${reference}`, shown: { reference, ...(display && { display }) } }
}

/** A literal reference without the base and the version that it may name; undefined for any other text. */
function relative(written: string, base: string): string | undefined {
  return RELATIVE.exec(written.startsWith(base) ? written.slice(base.length) : written)?.[1]
}

// ── Whom a record is about ──

/** The elements that say whom a record is about, best first. Other references to a person say who did something. */
const SUBJECTS = ['subject', 'patient', 'for', 'beneficiary', 'candidate', 'individual']
/** Lists of participants; only patients among them count. */
const PARTICIPANTS: readonly (readonly [list: string, element: string])[] = [
  ['participant', 'actor'],
  ['member', 'entity'],
  ['agent', 'who'],
]

/** Whom a record is about. A Patient, and a record about nobody, is about itself. */
export function subjectsOf(resource: Record<string, unknown>, base: string): Key[] {
  const { resourceType, id } = resource
  const named = SUBJECTS.map((name) => resource[name]).find((value) => value !== undefined)
  if (named !== undefined && resourceType !== 'Patient') return keysOf(named, resource, base)
  const actors = PARTICIPANTS.flatMap(([list, element]) =>
    (Array.isArray(resource[list]) ? resource[list] : []).map((one: unknown) => (isRecord(one) ? one[element] : one)),
  )
  const patients = keysOf(actors, resource, base).filter(({ key }) => key.startsWith('reference Patient/'))
  if (patients.length > 0) return patients
  return keysOf(`${scalarText(resourceType)}/${scalarText(id)}`, resource, base)
}

/** Everything that a record refers to, by key. */
export function referredBy(resource: Record<string, unknown>, base: string): string[] {
  const found = new Set<string>()
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 12) return
    if (isRecord(value) && typeof value.reference === 'string') {
      const local = relative(value.reference, base)
      if (local !== undefined) found.add(`reference ${local}`)
    }
    for (const part of Object.values(value)) look(part, depth + 1)
  }
  look(resource, 0)
  return [...found]
}
