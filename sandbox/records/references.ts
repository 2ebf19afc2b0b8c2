/**
 * Conditional references: `Patient?identifier=…` in a written resource becomes the reference of the one match. As in Medplum,
 * anything with a question mark is one, even with a slash, a server or a line end around it, and nothing of what was sent stays.
 */
import {
  badRequest,
  createReference,
  OperationOutcomeError,
  parseSearchRequest,
  type SearchRequest,
} from '@medplum/core'
import type { Reference, Resource } from '@medplum/fhirtypes'

/** @param search finds the candidates; two are enough to know that there isn't one */
export function resolveConditionalReferences<T>(value: T, search: (request: SearchRequest) => Resource[]): T {
  if (Array.isArray(value)) {
    return value.map((one) => resolveConditionalReferences(one, search)) as T
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  const { reference } = value as Reference
  if (typeof reference === 'string' && reference.includes('?')) {
    return createReference(theOne(reference, search)) as T
  }
  const entries = Object.entries(value).map(([name, child]) => [name, resolveConditionalReferences(child, search)])
  return Object.fromEntries(entries) as T
}

function theOne(reference: string, search: (request: SearchRequest) => Resource[]): Resource {
  const [match, ...others] = search({ ...parseSearchRequest(reference), count: 2 })
  if (!match || others.length > 0) {
    throw new OperationOutcomeError(
      badRequest(`Conditional reference '${reference}' ${match ? 'matched multiple' : 'did not match any'} resources`),
    )
  }
  return match
}
