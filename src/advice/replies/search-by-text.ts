// Advice about searches, by the text of an issue.

import { type Capability, nearest } from '../../fhir/capability.ts'
import { criterion, formatPlace, meaningOf, type QueryParameter, searchedTypes } from '../../fhir/query.ts'
import { boundsOf, parseSearchDate } from '../../fhir/search-dates.ts'
import type { FailedRequest } from './exchange.ts'

/** What to say to an issue whose text matched. */
export type Say = (failed: FailedRequest, match: RegExpExecArray) => string | undefined

/** Texts of Medplum 5.1; the first that matches and has something to say decides. */
export const SEARCH_ADVICE: readonly (readonly [RegExp, Say])[] = [
  [/^Invalid (?:date value|format for date search parameter): (.*)$/, dateAdvice],
  [/^Unknown search parameter: (.+)$/, unknownParameter],
  [
    /^Invalid search parameter (?:in|at end of) chain: (\w+)\?(.+)$/,
    (failed, [, type = '', name = '']) => unknownIn(name, [type], failed.capability),
  ],
  [/^Unable to identify next resource type for search parameter: (\w+)\?(.+)$/, chainType],
  [
    /^Invalid reverse chain link/,
    () => 'Write _has:TYPE:REFERENCE:PARAMETER=value, for example Patient?_has:Observation:subject:code=4548-4.',
  ],
  [
    /is not supported as a value for search inclusion/,
    (failed) =>
      `Name each reference, for example ${example(failed, '_include', `${searchedType(failed, 'Observation')}:subject`)}.`,
  ],
  [
    /^Invalid include (?:value|parameter)/,
    (failed) =>
      `Write TYPE:PARAMETER of a reference, for example ${example(failed, '_include', `${searchedType(failed, 'Observation')}:subject`)}; for _revinclude the type is the one that refers.`,
  ],
  [
    /^Search offset exceeds maximum/,
    (failed) =>
      `Search with ${example(failed, '_sort', '_lastUpdated', '_offset')}&_count=1000 and follow the Bundle's next links: those have no limit.`,
  ],
  [
    /^Cannot use both offset and cursor/,
    (failed) => `Follow the next link as it was given: ${formatPlace(without(failed, '_offset'))}.`,
  ],
  [
    /^Cannot search on Binary resource type/,
    () =>
      'Read a Binary by its id (Binary/ID). To find files, search DocumentReference, or Media, and read the attachment it refers to.',
  ],
  [/^Unknown resource type|^Unknown data type: /, unknownType],
  [/^Boolean search value must be/, () => 'Write true or false, for example active=true.'],
  [
    /^Unsupported string search operator|^Unknown FHIR operator|^Invalid (?:modifier|operator) /,
    () =>
      'The modifier or prefix does not fit this parameter. Strings take :exact and :contains; dates, numbers and quantities take a prefix before the value, as in date=ge2024-01-01.',
  ],
  [
    /^Search chains longer than three links/,
    () =>
      'Search in two steps: first find the ids of the more distant resources, then the resources that refer to them.',
  ],
  [
    /reached query scope limit/,
    () => 'Narrow the search, lower _count or leave out :iterate: at most 1,000 entries and 5 steps are followed.',
  ],
  [
    /^Failed to decode param/,
    () => 'A percent sign in the path or query must be followed by two hexadecimal digits; write % itself as %25.',
  ],
]

// ── Examples made from the request ──

export function searchedType({ place }: FailedRequest, otherwise = 'Patient'): string {
  const [type = ''] = place.segments
  return /^[A-Z][A-Za-z]*$/.test(type) ? type : otherwise
}

export function resourceTypeOf(body: unknown): string | undefined {
  return typeof body === 'object' && body !== null && 'resourceType' in body && typeof body.resourceType === 'string'
    ? body.resourceType
    : undefined
}

export function without({ place }: FailedRequest, ...keys: string[]): FailedRequest['place'] {
  return { ...place, parameters: place.parameters.filter(({ key }) => !keys.includes(key.split(':', 1)[0] ?? '')) }
}

/** The request with one parameter set, and others left out. */
export function example(failed: FailedRequest, key: string, value: string, ...leftOut: string[]): string {
  const { segments, parameters } = without(failed, key, ...leftOut)
  return formatPlace({ segments, parameters: [...parameters, criterion(key, value)] })
}

// ── Dates and names ──

const DATE_FORMS = 'Use a full day (1990-05-17) or an instant (2024-02-11T09:30:00Z), one value at a time'

function dateAdvice(failed: FailedRequest, [, bad = '']: RegExpExecArray): string {
  const { parameters } = failed.place
  const at = parameters.findIndex(({ value }) => value.endsWith(bad) && value.length - bad.length <= 2)
  const parameter = parameters[at]
  if (!parameter) return `${DATE_FORMS}: for a year, birthdate=ge1990-01-01&birthdate=lt1991-01-01.`
  const { key, value } = parameter
  if (value.includes(',')) {
    const first = value.split(',')[0] ?? ''
    return `${DATE_FORMS}: search once for each date, starting with ${replaced(failed, at, boundsFor(key, first) ?? [criterion(key, first)])}.`
  }
  const bounds = boundsFor(key, value)
  if (bounds) return `${DATE_FORMS}. Write ${replaced(failed, at, bounds)}.`
  const date = parseSearchDate(value)
  if (date?.prefix === 'ne')
    return `${DATE_FORMS}. Search twice: ${replaced(failed, at, [criterion(key, `lt${date.start}`)])} and ${replaced(failed, at, [criterion(key, `ge${date.end}`)])}.`
  if (date)
    return `${DATE_FORMS}. Give a range instead: ${replaced(failed, at, [criterion(key, `ge${date.start}`), criterion(key, `lt${date.end}`)])}.`
  return `${DATE_FORMS}: for example ${replaced(failed, at, [criterion(key, 'ge1990-01-01')])}.`
}

function boundsFor(key: string, value: string): QueryParameter[] | undefined {
  const date = parseSearchDate(value)
  const bounds = date && boundsOf(date)
  return bounds?.map((bound) => criterion(key, bound))
}

function replaced({ place }: FailedRequest, at: number, by: QueryParameter[]): string {
  return formatPlace({ ...place, parameters: place.parameters.toSpliced(at, 1, ...by) })
}

function unknownParameter(failed: FailedRequest, [, name = '']: RegExpExecArray): string {
  if (name === '_text' || name === '_content') {
    return 'Medplum has no full-text search. Search by name, code, identifier or another parameter of the type; strings take :contains.'
  }
  const sorted = failed.place.parameters.find(({ key, value }) => key === '_sort' && value.split(',').includes(name))
  const owner = failed.place.parameters
    .map(({ key }) => meaningOf(key, searchedTypes(failed.place), failed.capability))
    .find((one) => one.name === name)
  const types = sorted || !owner ? searchedTypes(failed.place) : owner.types
  return unknownIn(name, types ?? [searchedType(failed)], failed.capability)
}

/** Names that are often taken for search parameters. */
const MEANT: Record<string, string> = {
  address_city: 'address-city',
  dob: 'birthdate',
  birth: 'birthdate',
  id: '_id',
  limit: '_count',
  count: '_count',
  page: '_offset',
  offset: '_offset',
  sort: '_sort',
  order: '_sort',
  mrn: 'identifier',
  surname: 'family',
  lastname: 'family',
  firstname: 'given',
  sex: 'gender',
}

function unknownIn(name: string, types: readonly string[], capability: Capability | undefined): string {
  const known = types.flatMap((type) => [...(capability?.searchParams(type).keys() ?? [])])
  const meant = MEANT[name.toLowerCase().replaceAll(/[\s-]/g, '')]
  const near = [
    ...new Set([
      ...(typeof meant === 'string' && (known.length === 0 || meant.startsWith('_') || known.includes(meant))
        ? [meant]
        : []),
      ...nearest(name, known),
    ]),
  ]
  const which = types.join(', ')
  if (near.length > 0) return `${which} has no search parameter ${name}; did you mean ${near.slice(0, 3).join(', ')}?`
  const own = known.filter((one) => !one.startsWith('_'))
  if (own.length === 0)
    return `${which} has no search parameter ${name}. Use one of FHIR R4's for this type, such as _id, _lastUpdated or identifier.`
  return `${which} has no search parameter ${name}. It has: ${[...new Set(own)].sort().slice(0, 40).join(', ')}.`
}

function chainType(failed: FailedRequest, [, type = '', name = '']: RegExpExecArray): string {
  const parameter = failed.place.parameters.find(({ key }) => key.includes(`${name}.`))
  const target =
    name === 'subject' || name === 'patient'
      ? 'Patient'
      : ['performer', 'author', 'recorder', 'requester', 'participant', 'actor'].includes(name)
        ? 'Practitioner'
        : 'TYPE'
  const right = parameter
    ? `${parameter.key.replace(`${name}.`, `${name}:${target}.`)}=${parameter.value}`
    : `${name}:${target}.name=smith`
  return `${type}.${name} may refer to several types: name the one you mean, as in ${right}.`
}

function unknownType(failed: FailedRequest): string {
  const { segments, parameters } = failed.place
  if (segments[0] === '$graphql')
    return 'GraphQL accepts only POST: POST $graphql with the body {"query":"{ PatientList(name: \\"smith\\") { id } }"}.'
  const { capability } = failed
  const included = parameters.find(
    ({ key, value }) =>
      /^_(rev)?include\b/.test(key) && capability && !capability.types.has(value.split(':', 1)[0] ?? ''),
  )
  if (included) {
    const [type = '', ...rest] = included.value.split(':')
    const right = nearest(type, capability?.types ?? [], 3).map((one) => `${included.key}=${[one, ...rest].join(':')}`)
    return `\`${included.key}=${included.value}\` names no resource type. ${right.length > 0 ? `Did you mean ${right.join(' or ')}?` : 'Write TYPE:PARAMETER of a reference, such as Observation:subject.'}`
  }
  const types = searchedTypes(failed.place) ?? []
  const near = types.flatMap((type) => (capability?.types.has(type) ? [] : nearest(type, capability?.types ?? [], 3)))
  if (near.length === 0)
    return 'Write resource types as in FHIR R4, singular and in CamelCase: Patient, MedicationRequest.'
  return `Did you mean ${near.map((type) => formatPlace({ segments: segments.length > 0 ? [type, ...segments.slice(1)] : [], parameters })).join(' or ')}? Types are case-sensitive.`
}
