// Why a search may have found nothing.

import { isRecord, records } from '../../base/json.ts'
import { type Asked, CONTROLS, meaningOf, type Place, searchedTypes } from '../../fhir/query.ts'
import type { Answer } from './failure.ts'

/** Whether this is the Bundle that a search answers. */
export function isSearchset(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && body.resourceType === 'Bundle' && body.type === 'searchset'
}

/** A sentence for each filter that Medplum may have read otherwise; none if something was found. */
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

const NAME = /^(name|family|given|phonetic|address(-.+)?|title|description|display)$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const NO_HIT_HINTS: readonly (readonly [(filter: Filter) => boolean, (filter: Filter) => string])[] = [
  [({ key }) => LINK.test(key), chain],
  [
    ({ name, value }) => name === 'identifier' && /^[^|]+\|/.test(value) && !/^[a-z][a-z0-9+.-]*:|^%/i.test(value),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. Before the | stands a system, which is a URI; ${JSON.stringify(value.split('|', 1)[0])} is none. Try ${key}=${value.slice(value.indexOf('|') + 1)}, which is found in any system.`,
  ],
  [
    ({ value }) => /\p{L}\+\p{L}/u.test(value),
    ({ key, value }) => `No hits for \`${key}=${value}\` with a plus sign. For a space, write it as it is, or as %20.`,
  ],
  [
    ({ name }) => NAME.test(name),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`, but Medplum doesn't ignore accents: Muller doesn't find Müller, and Müller doesn't find Muller. ${withoutAccents(value) === value ? 'Try it with accents, or' : `Try ${key}=${withoutAccents(value)}, or`} a shorter prefix such as ${key.split(':', 1)[0]}=${beginning(value)}.`,
  ],
  [
    ({ name, value }) => name === '_id' && !value.split(',').every((one) => UUID.test(one.split('/').at(-1) ?? '')),
    ({ value }) => `\`_id=${value}\` cannot match: Medplum's ids are UUIDs. Search by name or identifier instead.`,
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

/** `_has:Observation:patient:code`, `patient:Patient.name` or `patient.name`. */
const LINK = /^(?:_has:([A-Z]\w*):([\w-]+):|([\w-]+)(?::([A-Z]\w*))?\.)(.+)$/

/** Of a chain, its last link may find nothing, or nothing may refer to what it finds. */
function chain({ key, name, value }: Filter): string {
  const [, from = '', by = '', reference = '', named, rest = ''] = LINK.exec(key) ?? []
  const type = from || named || (reference === 'patient' ? 'Patient' : '')
  const query = `${rest}=${value}`
  const link = from
    ? `No ${from} with \`${query}\` refers to such a record by \`${by}\``
    : `No record refers by \`${reference}\` to ${type ? `a ${type}` : 'one'} with \`${query}\``
  const first = type ? `GET ${type}?${query}` : `a search of the type that \`${reference}\` refers to, with ${query}`
  return `No hits for \`${key}=${value}\`. ${link}. See first what ${first} finds; if it finds some, the reference between them is missing.${NAME.test(name) ? " Medplum doesn't ignore accents: Muller doesn't find Müller." : ''}`
}

/** Up to the first letter that may bear an accent; the first letter at least. */
function beginning(text: string): string {
  return /^[bdfhjkmpqtvwx]+/i.exec(text)?.[0] ?? [...text][0] ?? ''
}

function withoutAccents(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{Diacritic}/gu, '')
}
