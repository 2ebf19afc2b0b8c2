// Resources for tests of digests.
import fc from 'fast-check'
import { expect } from 'vitest'
import { type DigestRow, digest } from '../../../src/answer/digest/digest.ts'

export const LOINC = 'http://loinc.org'

const weight = { coding: [{ system: LOINC, code: '29463-7', display: 'Body weight' }] }

export function observation(id: string, date: string | undefined, rest: Record<string, unknown> = {}) {
  return {
    ...{ resourceType: 'Observation', id, status: 'final', code: weight },
    ...(date !== undefined && { effectiveDateTime: date }),
    ...rest,
  }
}

export function kg(value: number, comparator?: string) {
  const unit = { unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' }
  return { valueQuantity: { value, ...unit, ...(comparator && { comparator }) } }
}

/** The only row. */
export function one(resources: unknown[]): DigestRow {
  const rows = digest(resources)
  expect(rows).toHaveLength(1)
  return rows[0] as DigestRow
}

// ── Arbitrary JSON ──

/** JSON that resembles resources enough to get far: the names and words that a digest reads, with anything in them. */
const odd = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('2024', '2024-01-01T00:00:00Z', '<', 'entered-in-error', '__proto__', 'constructor', 3, -0.5),
    tie('node'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
  node: fc.dictionary(
    fc.constantFrom(
      ...['resourceType', 'id', 'meta', 'lastUpdated', 'status', 'clinicalStatus', 'verificationStatus', 'code'],
      'coding',
      ...['system', 'display', 'text', 'userSelected', 'type', 'class', 'category', 'medicationReference', 'reference'],
      ...['contained', 'component', 'valueQuantity', 'value', 'unit', 'comparator', 'valueString', 'valueRange', 'low'],
      ...['dataAbsentReason', 'effectiveDateTime', 'period', 'start', 'collection', 'occurrenceTiming', 'event'],
      'total',
      ...['__proto__', 'constructor', 'toString'],
    ),
    tie('value'),
    { maxKeys: 8 },
  ),
})).node

export const resource = fc.oneof(
  odd.map((node) => ({ ...(node as object), resourceType: 'Observation' })),
  odd,
  fc.jsonValue(),
  fc.constantFrom(undefined, null, NaN, Symbol.iterator, [], 'x'),
)
