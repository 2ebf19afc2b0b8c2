// The checks of a request, from its path to its body: each finds one way in which Medplum misreads it.

import { type Capability, nearest } from '../../fhir/capability.ts'
import { compartmentForm, isType } from '../../fhir/compartment.ts'
import {
  type Asked,
  CONTROLS,
  criterion,
  formatPlace,
  formatQuery,
  type Place,
  searchedTypes,
} from '../../fhir/query.ts'
import { type Check, type Checked, none, refuse } from './checked.ts'
import { checkContent, validatedWarnings } from './content-checks.ts'
import { checkPaging, unknownTypes } from './control-checks.ts'
import { checkGraphql } from './graphql-checks.ts'
import { checkOperation } from './operation-checks.ts'
import { checkOutside } from './outside-check.ts'
import { checkSearch } from './search-checks.ts'

export function asDemands(notes: readonly string[]): string {
  return notes.map((note) => note.replace(' was sent as ', ' must be ')).join('\n')
}

const isOperation = ({ segments }: Place) => segments.some((segment) => segment.startsWith('$'))
const isHistory = ({ segments }: Place) => segments.includes('_history')

/** In order: the first refusal ends the checks. */
export const CHECKS: readonly Check[] = [
  checkMethod,
  checkNamed,
  checkOutside,
  checkType,
  checkHistory,
  checkCompartment,
  checkOneOf,
  checkBundleOnly,
  checkOperation,
  checkCriteria,
  checkIgnored,
  checkWrite,
  checkSearchEntry,
  checkGraphqlSearches,
  checkQuery,
]

function checkMethod({ method }: Asked): Checked {
  return method === 'HEAD'
    ? refuse('HEAD is not supported by Medplum (404). Use GET, with _summary=count or _elements=id for a short answer.')
    : none()
}

/** Only a batch goes to the base. */
function checkNamed(
  { method, path }: Asked,
  { segments }: Place,
  _: Capability | undefined,
  inBundle: boolean,
): Checked {
  if (method === 'POST' || inBundle || segments.length > 0 || path.includes('?')) return none()
  return refuse(
    `\`path\` is missing. Give one, such as ${method} Patient/ID. Use an empty path or / only to POST a batch Bundle.`,
  )
}

/** First segments that are routes of Medplum, not types. */
const ROUTES: ReadonlySet<string> = new Set(['metadata', 'job', 'bulkdata', '_search', '_history', '.well-known'])

function checkType({ method }: Asked, place: Place, capability: Capability | undefined): Checked {
  const [type, ...rest] = place.segments
  if (!type || !capability || ROUTES.has(type) || !/^[A-Za-z]+$/.test(type) || !unknownTypes([type], capability))
    return none()
  const same = [...capability.types].find((one) => one.toLowerCase() === type.toLowerCase())
  if (same) {
    return {
      ...none(),
      notes: [`The type \`${type}\` was sent as \`${same}\`: types are case-sensitive.`],
      place: { ...place, segments: [same, ...rest] },
    }
  }
  // A name that resembles no type is left to Medplum, which reports it.
  const near = nearest(type, capability.types)
  if (near.length === 0) return none()
  const examples = near.map((one) => formatPlace({ ...place, segments: [one, ...rest] }))
  return refuse(
    `\`path\`: ${type} is not a resource type on this server. Did you mean ${examples.map((one) => `${method} ${one}`).join(' or ')}?`,
  )
}

function checkHistory(_asked: Asked, { segments }: Place): Checked {
  const at = segments.indexOf('_history')
  if (at !== 0 && at !== 1) return none()
  const type = segments[0] === '_history' ? 'Patient' : segments[0]
  return refuse(
    `\`path\`: Medplum keeps history per resource, not ${at === 0 ? 'for the whole system' : `for the type ${type}`} (404). For one resource use GET ${type}/ID/_history; for recent changes use GET ${type}?_sort=-_lastUpdated&_lastUpdated=ge2024-01-01.`,
  )
}

function checkCompartment({ method }: Asked, place: Place, capability: Capability | undefined): Checked {
  const form = compartmentForm(place, capability)
  if (form === undefined) return none()
  return refuse(`\`path\`: Medplum has no compartment paths (404). Search by reference: ${method} ${form}`)
}

/** Writes to a bare type are conditional: without criteria they change the only resource of that type, if there is just one. */
function checkOneOf({ method }: Asked, place: Place): Checked {
  const { segments, parameters } = place
  const [type] = segments
  if (!['PUT', 'PATCH', 'DELETE'].includes(method) || segments.length !== 1 || !isType(type)) return none()
  if (parameters.some(({ key, value }) => value !== '' && !CONTROLS.has(key.split(':', 1)[0] ?? ''))) return none()
  const why = `Medplum would take ${method} ${type} as a conditional request without criteria: if exactly one ${type} is stored, it changes that one.`
  return refuse(
    `\`path\`: ${why} Name the resource, ${method} ${type}/ID, or criteria, ${method} ${type}?identifier=SYSTEM|VALUE.`,
  )
}

/** Operations that Medplum serves outside the router that handles a Bundle's entries. */
const NOT_IN_BUNDLES: ReadonlySet<string> = new Set(['$csv', '$push', '$execute', '$ai'])

function checkBundleOnly(
  { method }: Asked,
  { segments }: Place,
  _capability: Capability | undefined,
  inBundle: boolean,
): Checked {
  if (!inBundle) return none()
  const last = segments.at(-1) ?? ''
  const upload = method === 'POST' && segments[0] === 'Binary' && segments.length === 1
  if (!upload && !NOT_IN_BUNDLES.has(last)) return none()
  return refuse(`${upload ? 'a Binary upload' : last} cannot run inside a Bundle. Send it as a separate request.`)
}

/** The criteria of a conditional write: a dropped modifier would widen them. */
function checkCriteria(asked: Asked, place: Place, capability: Capability | undefined): Checked {
  if (!['PUT', 'PATCH', 'DELETE'].includes(asked.method) || place.segments.length !== 1) return none()
  return searched(place, place.segments, capability, asked.base)
}

/** Criteria of a write that names its type or record, which Medplum ignores. */
function checkIgnored({ method }: Asked, place: Place): Checked {
  const { segments, parameters } = place
  const [type, id] = segments
  const isCreate = method === 'POST' && segments.length === 1
  const isOne = ['PUT', 'PATCH', 'DELETE'].includes(method) && segments.length === 2
  if (!isType(type) || type === 'Binary' || isOperation(place) || !(isCreate || isOne)) return none()
  const ignored = parameters.filter(({ key }) => key !== '_format' && key !== '_pretty')
  if (ignored.length === 0) return none()
  const names = [...new Set(ignored.map(({ key }) => key))].join(', ')
  return refuse(
    isCreate
      ? `Medplum ignores \`${names}\` in the path of a create. To create ${type} only where a search finds none, write ${method} ${type} with ifNoneExist ${JSON.stringify(formatQuery(ignored))}.`
      : `Medplum ignores \`${names}\` when the path names a record. Write ${method} ${type}/${id}.`,
  )
}

export function searched(
  place: Place,
  types: string[] | undefined,
  capability: Capability | undefined,
  base: string | undefined,
): Checked {
  const { parameters, ...found } = checkSearch({ types, parameters: place.parameters, capability, base })
  return found.notes.length > 0 ? { ...found, place: { ...place, parameters } } : found
}

function checkWrite(
  { method, body }: Asked,
  place: Place,
  _capability: Capability | undefined,
  inBundle: boolean,
): Checked {
  const { segments } = place
  if (isType(segments[0]) && segments[1] === '$validate')
    return { ...none(), warnings: validatedWarnings(segments[0] ?? '', body) }
  if (!isType(segments[0]) || isOperation(place) || segments.length > (method === 'POST' ? 1 : 2)) return none()
  if (!['POST', 'PUT', 'PATCH'].includes(method)) return none()
  return checkContent(method, segments, body, inBundle)
}

/** In a batch, Medplum reads the criteria of POST Type/_search from the entry's resource, where they aren't. */
function checkSearchEntry(
  { method }: Asked,
  { segments, parameters }: Place,
  _capability: Capability | undefined,
  inBundle: boolean,
): Checked {
  if (!inBundle || !isSearchByPost(method, segments)) return none()
  const search = formatPlace({ segments: segments.slice(0, 1), parameters })
  return refuse(
    `Medplum would search without criteria, because it reads only those in the body. Write GET ${search} instead.`,
  )
}

function checkGraphqlSearches({ body, base }: Asked, { segments }: Place, capability: Capability | undefined): Checked {
  return segments[0] === '$graphql' ? checkGraphql(body, capability, base) : none()
}

/** Whether this is a search by POST. Its criteria have been moved to the path by now. */
export function isSearchByPost(method: string, segments: readonly string[]): boolean {
  return method === 'POST' && segments.length === 2 && segments[1] === '_search'
}

function checkQuery({ method, base }: Asked, place: Place, capability: Capability | undefined): Checked {
  const { segments, parameters } = place
  const isByPost = isSearchByPost(method, segments)
  if (!(method === 'GET' || isByPost) || ROUTES.has(segments[0] ?? '')) return none()
  if (isHistory(place)) return checkPaging(parameters)
  if (segments.length === 2 && isType(segments[0]) && !isOperation(place) && !isByPost) return ignoredOnRead(place)
  if (segments.length > 1 && segments[1] !== '$csv' && !isByPost) return none()
  if (segments[0]?.startsWith('$')) return none()
  const found = searched(place, searchedTypes(place), capability, base)
  const types = searchedTypes(place)
  if (segments[0] && types && !types.includes(segments[0])) {
    found.warnings.push(
      `\`_type\` overrides the type in the path: this searches ${types.join(', ')}, not ${segments[0]}.`,
    )
  }
  return found
}

function ignoredOnRead({ segments: [type, id], parameters }: Place): Checked {
  const ignored = parameters.filter(({ key }) => key !== '_format' && key !== '_pretty')
  if (ignored.length === 0 || type === 'Binary') return none()
  const names = [...new Set(ignored.map(({ key }) => key))].join(', ')
  const search = formatPlace({ segments: [type ?? ''], parameters: [criterion('_id', id ?? ''), ...ignored] })
  return {
    ...none(),
    warnings: [`\`${names}\` has no effect when one resource is read. To use it, search: GET ${search}`],
  }
}
