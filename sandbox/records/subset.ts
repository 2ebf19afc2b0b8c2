/** `_fields`, `_elements` and `_summary`: drop top-level elements, except mandatory ones. */
import { type SearchRequest, tryGetDataType } from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'

const SUBSETTED = { system: 'http://hl7.org/fhir/v3/ObservationValue', code: 'SUBSETTED' }

export function subset<T extends Resource>(resource: T, request: SearchRequest): T {
  const keep = keptElements(resource.resourceType, request)
  if (!keep) {
    return resource
  }
  const entries = Object.entries(resource).filter(([name]) => keep.has(name))
  const meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), SUBSETTED] }
  return { ...Object.fromEntries(entries), meta } as T
}

function keptElements(type: string, request: SearchRequest): Set<string> | undefined {
  const schema = tryGetDataType(type)
  if (!schema || !(request.fields || request.summary)) {
    return undefined
  }
  const kept = Object.entries(schema.elements).filter(([name, element]) => {
    if (element.min > 0 || request.fields?.includes(name.replace('[x]', ''))) {
      return true
    }
    switch (request.summary) {
      case 'true':
        return schema.summaryProperties?.has(name.replace('[x]', ''))
      case 'text':
        return name === 'text'
      case 'data':
        return name !== 'text'
      default:
        return false
    }
  })
  const names = kept.flatMap(([name, element]) =>
    name.endsWith('[x]')
      ? element.type.map((one) => name.replace('[x]', one.code[0]?.toUpperCase() + one.code.slice(1)))
      : name,
  )
  return new Set([
    'resourceType',
    'id',
    'meta',
    ...names,
    ...names.map((name) => `_${name}`),
    ...(request.fields ?? []),
  ])
}
