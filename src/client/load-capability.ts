// What each Medplum server offers, kept in this isolate's memory for an hour: public, and the same for everybody.
import { type Capability, indexCapability } from '../fhir/capability.ts'
import type { FhirClient } from './client.ts'

const KEPT_MS = 3_600_000
const known = new Map<string, { at: number; capability: Capability }>()

/** What is already known about this server. */
export function knownCapability(fhirBase: URL): Capability | undefined {
  const entry = known.get(fhirBase.href)
  return entry && Date.now() - entry.at < KEPT_MS ? entry.capability : undefined
}

/** What this server offers; undefined if it isn't available now: calls work without it. */
export async function loadCapability(fhirBase: URL, fhir: FhirClient): Promise<Capability | undefined> {
  const already = knownCapability(fhirBase)
  if (already) return already
  try {
    const { body } = await fhir.send({ method: 'GET', path: 'metadata' })
    const capability = indexCapability(body)
    known.set(fhirBase.href, { at: Date.now(), capability })
    return capability
  } catch {
    return undefined
  }
}
