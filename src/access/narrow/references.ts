// References (FHIR R4, section 2.3) in what a limited connection sends and receives. A literal reference names its record. Medplum runs
// a search in place of a reference over everything that the person may see, whatever the limits.
import { isRecord } from '../../base/json.ts'

type Json = Record<string, unknown>

const LITERAL = /^(?!Binary\/)[A-Z][A-Za-z]*\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/
const CONTAINED = /^#[A-Za-z0-9.-]{0,64}$/
/** A reference to another entry of the same Bundle. */
const IN_BUNDLE = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** The elements of a Reference, to tell it from other datatypes that have `identifier`. */
const ELEMENTS = /^(?:id|extension|_?type|identifier|_?display|_reference)$/

/** All objects within a value, including itself. */
function objectsIn(value: unknown): Json[] {
  const found: Json[] = []
  const waiting = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isRecord(next)) found.push(next)
    if (typeof next !== 'object' || next === null) continue
    for (const part of Object.values(next)) if (typeof part === 'object' && part !== null) waiting.push(part)
  }
  return found
}

/** The texts in a value that refer to other resources. */
export function referencesIn(value: unknown): Set<string> {
  return new Set(objectsIn(value).flatMap(({ reference }) => (typeof reference === 'string' ? [reference] : [])))
}

/** Whether an object refers only by identifier, and to which type, if it says so. */
export function byIdentifier(value: Json): { type: string | undefined } | undefined {
  if (!isRecord(value.identifier) || typeof value.reference === 'string') return undefined
  if (!Object.keys(value).every((name) => ELEMENTS.test(name))) return undefined
  return { type: typeof value.type === 'string' ? value.type.split('/').at(-1) : undefined }
}

/** The same value with only those references that were sent. */
export function withOnly(value: unknown, references: ReadonlySet<string>, instead: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withOnly(item, references, instead))
  if (!isRecord(value)) return value
  if (typeof value.reference === 'string' && !references.has(value.reference)) return { display: instead }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withOnly(item, references, instead)]))
}

/** Whether a record contains a search in place of a reference. */
export function asksSearch(value: unknown): boolean {
  return [...referencesIn(value)].some((reference) => reference.includes('?'))
}

export const ASKS_SEARCH = 'the body refers to the result of a search. Search first, then refer by type and id'

/**
 * What is wrong with the references of a record that is to be stored, as part of a sentence; undefined if there is nothing.
 *
 * @param before the record as it is, whose references may stay
 */
export function checkReferences(
  record: unknown,
  { before, inBatch }: { before?: unknown; inBatch: boolean },
): string | undefined {
  if (asksSearch(record)) return ASKS_SEARCH
  const kept = referencesIn(before)
  const isKnown = (one: string) => LITERAL.test(one) || CONTAINED.test(one) || (inBatch && IN_BUNDLE.test(one))
  if ([...referencesIn(record)].some((one) => !kept.has(one) && !isKnown(one))) {
    return 'the body has a reference that is not written as Type/ID, and its target can’t be determined'
  }
  return undefined
}

/** The problem with references by identifier: it is unknown whose record they mean. */
export function checkIdentifiers(record: unknown, before: unknown): string | undefined {
  const of = (value: unknown) => objectsIn(value).filter((one) => [undefined, 'Patient'].includes(meant(one)))
  const kept = new Set(of(before).map((one) => JSON.stringify(one)))
  return of(record).some((one) => !kept.has(JSON.stringify(one)))
    ? 'the body has a reference with only an `identifier`, which may name another patient. Write {"reference":"Type/ID"}, or add the `type` if it isn’t a patient'
    : undefined
}

/** The type that an object refers to by identifier; empty for an object that doesn't. */
function meant(value: Json): string | undefined {
  const found = byIdentifier(value)
  return found ? found.type : ''
}
