// A request in FHIR's terms (FHIR R4, section 3.1.0): which interaction with which type. Anything else is `other`. Search parameters
// that could reach beyond the records searched are named, so that a limited connection can refuse both.

import { isType } from '../../fhir/compartment.ts'
import { ID } from '../../fhir/ids.ts'
import { CONTROLS, type Place, type QueryParameter } from '../../fhir/query.ts'

export type Interaction =
  /** Describes the server itself. */
  | { kind: 'server' | 'job' | 'batch' | 'other' }
  | { kind: 'search'; types: string[] }
  /** `read` includes reading one version. */
  | { kind: 'read' | 'history'; type: string; id: string }
  | { kind: 'create' | 'validate'; type: string }
  | { kind: 'terminology'; type: string }
  /** Without an id, a conditional interaction: the query finds the record. */
  | { kind: 'update' | 'patch' | 'delete'; type: string; id?: string }
  | { kind: 'everything' | 'summary'; id: string }

const isId = (segment: string | undefined) => ID.test(segment ?? '') && !/^\.+$/.test(segment ?? '')

const SERVER: ReadonlySet<string> = new Set([
  'metadata',
  '$versions',
  '.well-known/smart-configuration',
  '.well-known/smart-styles.json',
])
/** Operations on code tables, which contain no patient data. */
const TERMINOLOGY: Record<string, readonly string[]> = {
  ValueSet: ['$expand', '$validate-code'],
  CodeSystem: ['$lookup', '$validate-code', '$subsumes'],
  ConceptMap: ['$translate'],
}
const CHANGES = { PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const

/** What a request does, by its method (in capitals) and place. */
export function interactionOf(method: string, place: Place): Interaction {
  const { segments } = place
  const [type = '', id = '', third, fourth] = segments
  if (segments.length === 0) return method === 'POST' ? { kind: 'batch' } : searchIn(method, place)
  if (SERVER.has(segments.join('/'))) return { kind: method === 'GET' ? 'server' : 'other' }
  if (/^(?:job\/[^/]+\/status|bulkdata\/export\/[^/]+)$/.test(segments.join('/'))) return { kind: 'job' }
  if (!isType(type) || segments.length > 4) return { kind: 'other' }
  if (segments.length === 1 && method === 'GET') return searchIn(method, place)
  if (segments.length === 1 && method === 'POST') return { kind: 'create', type }
  const change = Object.hasOwn(CHANGES, method) ? CHANGES[method as keyof typeof CHANGES] : undefined
  if (segments.length === 1 && change) return { kind: change, type }
  const operation = operationOf(method, segments)
  if (operation) return operation
  if (!isId(id)) return { kind: 'other' }
  if (segments.length === 2 && change) return { kind: change, type, id }
  if (method !== 'GET') return { kind: 'other' }
  if (segments.length === 2) return { kind: 'read', type, id }
  if (third === '_history') {
    if (segments.length === 3) return { kind: 'history', type, id }
    if (isId(fourth)) return { kind: 'read', type, id }
  }
  return { kind: 'other' }
}

function searchIn(method: string, { segments, parameters }: Place): Interaction {
  const named = parameters.filter(({ key }) => key === '_type').flatMap(({ value }) => value.split(','))
  // `_type` overrides the type in the path; Medplum's links to several types name a type that doesn't exist.
  const [type] = segments
  const types = [...new Set(named.length > 0 || type === undefined ? named : [type])]
  return method === 'GET' && types.length > 0 && types.every(isType) ? { kind: 'search', types } : { kind: 'other' }
}

function operationOf(method: string, segments: readonly string[]): Interaction | undefined {
  const [type = '', id = '', third] = segments
  if (method !== 'GET' && method !== 'POST') return undefined
  if (segments.length === 2 && id === '$validate' && method === 'POST') return { kind: 'validate', type }
  const name = segments.length === 2 ? id : segments.length === 3 && isId(id) ? (third ?? '') : ''
  if (Object.hasOwn(TERMINOLOGY, type) && TERMINOLOGY[type]?.includes(name)) return { kind: 'terminology', type }
  if (type !== 'Patient' || segments.length !== 3 || !isId(id)) return undefined
  if (third === '$everything') return { kind: 'everything', id }
  return third === '$summary' ? { kind: 'summary', id } : undefined
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*(?::[A-Za-z-]+)?$/
const OF_ITSELF: ReadonlySet<string> = new Set([
  ...CONTROLS,
  '_compartment',
  '_deleted',
  '_id',
  '_lastUpdated',
  '_profile',
  '_security',
  '_since',
  '_source',
  '_tag',
])

/** The first parameter that could make a search depend on records other than those it finds; undefined if there is none. */
export function reachingParameter(parameters: readonly QueryParameter[]): string | undefined {
  return parameters.find(({ key, value }) => !isConfined(key, value))?.key
}

function isConfined(key: string, value: string): boolean {
  // Medplum also looks for custom operations in the query.
  if (!PLAIN_NAME.test(key) || /\/(?:\$|%24)/i.test(value)) return false
  const [name = ''] = key.split(':')
  if (name === '_sort') return /^[A-Za-z0-9_,-]*$/.test(value)
  return !name.startsWith('_') || OF_ITSELF.has(name)
}
