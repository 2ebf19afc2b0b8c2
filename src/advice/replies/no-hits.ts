// Why a search may have found nothing.

import { isRecord, records } from '../../base/json.ts'
import { UUID } from '../../fhir/ids.ts'
import { type Asked, CONTROLS, meaningOf, type Place, searchedTypes } from '../../fhir/query.ts'
import { WORDS } from '../requests/value-checks.ts'
import type { Answer } from './exchange.ts'

/** Whether this is the Bundle of a search. */
export function isSearchset(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && body.resourceType === 'Bundle' && body.type === 'searchset'
}

/** A sentence for each filter that Medplum may have misread; none if something was found. */
export function noHits(_asked: Asked, place: Place, { body }: Answer): string[] {
  if (!isSearchset(body) || records(body, 'entry').length > 0) return []
  if (typeof body.total === 'number' && body.total > 0) return []
  const { parameters } = place
  const offset = parameters.some(({ key, value }) => key === '_offset' && Number(value) > 0)
  const asksNothing = parameters.some(({ key, value }) => key === '_count' && Number(value) === 0)
  if (offset) return ['No entries at this `_offset`: it may be past the last hit.']
  if (asksNothing && typeof body.total !== 'number')
    return ['`_count=0` without a total says nothing about how many there are. Use _summary=count.']
  return filters(place).flatMap(({ key, name, value }) => {
    for (const [applies, say] of NO_HIT_HINTS) {
      if (applies({ key, name, value })) return [say({ key, name, value })]
    }
    return []
  })
}

interface Filter {
  key: string
  name: string
  value: string
}

function filters({ parameters, ...place }: Place): Filter[] {
  return parameters
    .filter(({ key }) => !CONTROLS.has(key.split(':', 1)[0] ?? ''))
    .map(({ key, value }) => ({
      key,
      value,
      name: meaningOf(key, searchedTypes({ ...place, parameters }), undefined).name,
    }))
}

/** Search parameters of FHIR R4 that are references wherever they occur. */
const REFERENCES: ReadonlySet<string> = new Set(
  'subject patient encounter performer general-practitioner organization practitioner author actor participant requester recipient sender beneficiary payor insurer provider location service-provider based-on context part-of specimen managing-organization asserter recorder owner link member appointment schedule'.split(
    ' ',
  ),
)

const NO_HIT_HINTS: readonly (readonly [(filter: Filter) => boolean, (filter: Filter) => string])[] = [
  [({ key }) => LINK.test(key), chain],
  [
    ({ name, value }) => name === 'identifier' && /^[^|]+\|/.test(value) && !/^[a-z][a-z0-9+.-]*:|^%/i.test(value),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. The part before | must be a system, which is a URI; ${JSON.stringify(value.split('|', 1)[0])} is not one. Try ${key}=${value.slice(value.indexOf('|') + 1)}, which matches any system.`,
  ],
  [
    ({ value }) => /\p{L}\+\p{L}/u.test(value),
    ({ key, value }) => `No hits for \`${key}=${value}\` with a plus sign. For a space, write it as it is, or as %20.`,
  ],
  [
    ({ key, name, value }) => WORDS.test(name) && !key.includes(':') && /[*%]/.test(value),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. Medplum has no wildcards: ${key}=${partOf(value)} finds values that begin with it, ${key}:contains=${partOf(value)} values that contain it.`,
  ],
  [
    ({ name }) => WORDS.test(name),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`, but Medplum doesn't ignore accents: Muller doesn't find Müller, and Müller doesn't find Muller. ${withoutAccents(value) === value ? 'Try it with accents, or' : `Try ${key}=${withoutAccents(value)}, or`} a shorter prefix such as ${key.split(':', 1)[0]}=${beginning(value)}.`,
  ],
  [
    ({ name, value }) => name === '_id' && !value.split(',').every((one) => UUID.test(one.split('/').at(-1) ?? '')),
    ({ value }) => `\`_id=${value}\` cannot match: Medplum's ids are UUIDs. Search by name or identifier instead.`,
  ],
  [
    ({ key, name, value }) =>
      REFERENCES.has(name) &&
      !key.includes(':') &&
      !UUID.test(value) &&
      !value.split(',').every((one) => /^([A-Z][A-Za-z]+\/|https?:)/.test(one)),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. A reference is searched as Type/ID, not by a name. Find the record first, such as GET ${TYPE_OF[key] ?? 'Patient'}?name=smith, and write its id.`,
  ],
  [
    ({ name }) => /^(phone|email|telecom)$/.test(name),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. Medplum compares the whole value exactly, including spaces; ${key}:contains=${partOf(value)} finds a part.`,
  ],
  [
    ({ name, value }) => name === '_profile' && !/^[a-z][a-z0-9+.-]*:/i.test(value),
    ({ value }) =>
      `No hits for \`_profile=${value}\`. A profile is named by its address, such as http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient.`,
  ],
  [
    ({ key, name, value }) =>
      /^https?:\/\/[^|,]*$/.test(value) && /(^|-)(code|category|type|class|status)$/.test(name) && !key.includes(':'),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. For all codes of a system, write ${key}=${value}|; for one, ${key}=${value}|CODE.`,
  ],
  [
    ({ key, name, value }) =>
      !key.includes(':') &&
      /(^|-)(code|category|type|class|status)$/.test(name) &&
      /[\sA-Z]/.test(value.replace(/^.*\|/, '')),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. Codes are compared exactly; separate several by commas. For words, write ${key}:text=${value.replace(/^.*\|/, '')}.`,
  ],
  [
    ({ key, name, value }) =>
      UUID.test(value) &&
      !/^(_id|_compartment|_project|identifier|patient|subject|.*-?id)$/.test(name) &&
      !key.includes(':'),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. If this is a reference, write its type too: ${key}=${key.charAt(0).toUpperCase()}${key.slice(1)}/${value}; Medplum adds a type only for patient and subject.`,
  ],
]

/** Targets of references that don't lead to a Patient. */
const TYPE_OF: Record<string, string> = {
  ...{ organization: 'Organization', 'managing-organization': 'Organization', 'service-provider': 'Organization' },
  ...{ performer: 'Practitioner', practitioner: 'Practitioner', 'general-practitioner': 'Practitioner' },
  ...{ author: 'Practitioner', requester: 'Practitioner', location: 'Location' },
}

/** The longest run of letters and digits. */
function partOf(value: string): string {
  const runs = value.match(/[\p{L}\p{N}]+/gu) ?? ['123']
  return runs.reduce((longest, one) => (one.length > longest.length ? one : longest))
}

/** `_has:Observation:patient:code`, `patient:Patient.name` or `patient.name`. */
const LINK = /^(?:_has:([A-Z]\w*):([\w-]+):|([\w-]+)(?::([A-Z]\w*))?\.)(.+)$/

/** In a chain, the last link may find nothing, or nothing may refer to what it finds. */
function chain({ key, name, value }: Filter): string {
  const [, from = '', by = '', reference = '', named, rest = ''] = LINK.exec(key) ?? []
  const type = from || named || (reference === 'patient' ? 'Patient' : '')
  const query = `${rest}=${value}`
  const link = from
    ? `No ${from} with \`${query}\` refers to a matching record by \`${by}\``
    : `No record refers by \`${reference}\` to ${type ? `a ${type}` : 'one'} with \`${query}\``
  const first = type ? `GET ${type}?${query}` : `a search of the type that \`${reference}\` refers to, with ${query}`
  return `No hits for \`${key}=${value}\`. ${link}. First check what ${first} finds; if it finds records, the reference between them is missing.${WORDS.test(name) ? " Medplum doesn't ignore accents: Muller doesn't find Müller." : ''}`
}

/** Up to the first letter that may have an accent; at least the first letter. */
function beginning(text: string): string {
  return /^[bdfhjkmpqtvwx]+/i.exec(text)?.[0] ?? [...text][0] ?? ''
}

function withoutAccents(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{Diacritic}/gu, '')
}
