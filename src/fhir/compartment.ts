// Compartment paths (FHIR R4, section 3.1.0.11.3), which Medplum lacks, as searches with the same result.
import type { Capability } from './capability.ts'
import { criterion, formatPlace, type Place } from './query.ts'

/** Whether a path segment is written as a resource type. */
export function isType(segment: string | undefined): boolean {
  return /^[A-Z][A-Za-z]*$/.test(segment ?? '')
}

/** `Patient/ID/Observation?code=x` as a search by reference; undefined for any other path. */
export function compartmentForm(
  { segments, parameters }: Place,
  capability: Capability | undefined,
): string | undefined {
  const [owner = '', id = '', type = ''] = segments
  if (segments.length !== 3 || !isType(owner) || !isType(type)) return undefined
  const known = capability?.searchParams(type)
  const names = owner === 'Patient' ? ['subject', 'patient'] : [owner.toLowerCase()]
  const fallback = !known && owner === 'Patient' ? 'subject' : '_compartment'
  const name = names.find((one) => known?.has(one)) ?? fallback
  return formatPlace({ segments: [type], parameters: [criterion(name, `${owner}/${id}`), ...parameters] })
}
