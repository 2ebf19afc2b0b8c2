/**
 * Conditional references: `Patient?identifier=…` in a written resource becomes a reference to the one match. As in Medplum, any
 * reference with a question mark is conditional, even with a slash, a server or a line end in it, and is replaced entirely.
 */
import {
  badRequest,
  createReference,
  OperationOutcomeError,
  parseSearchRequest,
  type SearchRequest,
} from '@medplum/core'
import type { Reference, Resource } from '@medplum/fhirtypes'

/** @param search finds the matches; it is asked for two, since two are already ambiguous */
export function resolveConditionalReferences<T>(value: T, search: (request: SearchRequest) => Resource[]): T {
  if (Array.isArray(value)) {
    return value.map((one) => resolveConditionalReferences(one, search)) as T
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  const { reference } = value as Reference
  if (typeof reference === 'string' && reference.includes('?')) {
    return createReference(onlyMatch(reference, search)) as T
  }
  const entries = Object.entries(value).map(([name, child]) => [name, resolveConditionalReferences(child, search)])
  return Object.fromEntries(entries) as T
}

function onlyMatch(reference: string, search: (request: SearchRequest) => Resource[]): Resource {
  const [match, ...others] = search({ ...parseSearchRequest(reference), count: 2 })
  if (!match || others.length > 0) {
    throw new OperationOutcomeError(
      badRequest(`Conditional reference '${reference}' ${match ? 'matched multiple' : 'did not match any'} resources`),
    )
  }
  return match
}
