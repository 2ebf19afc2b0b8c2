// Parameters that control a search, such as _count, and what Medplum silently ignores in them.
import { type Capability, nearest } from '../../fhir/capability.ts'
import { MAX_COUNT, MAX_OFFSET } from '../../fhir/paging.ts'
import { criterion, type Meaning, type QueryParameter } from '../../fhir/query.ts'

/** What was found in a request. With any refusal it must not be sent. */
export interface Findings {
  refusals: string[]
  /** What was rewritten and why. */
  notes: string[]
  warnings: string[]
}

export type Finding = { refuse: string } | { warn: string } | { replace: QueryParameter[]; note: string }

export interface CheckedSearch {
  /** The types searched; undefined for a search that names none. */
  types: string[] | undefined
  parameters: readonly QueryParameter[]
  capability: Capability | undefined
  /** Address of the FHIR base. */
  base?: string | undefined
}

/** One filter of a search. */
export interface Case extends CheckedSearch {
  parameter: QueryParameter
  meaning: Meaning
  /** Search parameter types that it may have; empty if unknown. */
  kinds: ReadonlySet<string>
}

/** Checks one of the parameters that control a search. */
export function checkControl(parameter: QueryParameter, code: string, search: CheckedSearch): Finding[] {
  const found = CONTROL_RULES[code]?.(parameter, search)
  return [...controlModifier(parameter, code), ...(found ? [found] : []), ...repeated(parameter, search)]
}

/** Parameters of which Medplum silently takes the last if they are repeated. */
const SINGLE: ReadonlySet<string> = new Set([
  ...['_count', '_cursor', '_elements', '_fields', '_offset', '_summary', '_total'],
])

function repeated({ key, value }: QueryParameter, { parameters }: CheckedSearch): Finding[] {
  if (!SINGLE.has(key)) return []
  const values = [...new Set(parameters.filter((one) => one.key === key).map((one) => one.value))]
  if (values.length < 2 || values[0] !== value) return []
  const right = /^_(elements|fields)$/.test(key) ? `Write ${key}=${values.join(',')}.` : 'Write it once.'
  return [
    {
      refuse: `\`${key}\` is given ${values.length} times, and Medplum would silently use the last one. ${right}`,
    },
  ]
}

const WHOLE = /^\d+$/

type ControlRule = (parameter: QueryParameter, search: CheckedSearch) => Finding | undefined

const CONTROL_RULES: Record<string, ControlRule> = {
  _count: checkCount,
  _offset({ value }, { types, parameters }) {
    if (!WHOLE.test(value)) {
      return {
        refuse: `\`_offset=${value}\` is not a whole number, and Medplum would silently start at the first entry. Write, for example, _offset=20.`,
      }
    }
    if (Number(value) > MAX_OFFSET) {
      return {
        refuse: `\`_offset=${value}\` is over Medplum's limit of ${MAX_OFFSET}. To read more, search ${types?.[0] ?? 'Patient'}?_sort=_lastUpdated&_count=1000 and follow the Bundle's next links: they use a cursor, which has no limit.`,
      }
    }
    if (Number(value) > 0 && parameters.some(({ key }) => key === '_cursor')) {
      return {
        refuse: '`_cursor` and `_offset` cannot be combined. Follow the next link as it was given, without `_offset`.',
      }
    }
    return undefined
  },
  _cursor({ value }) {
    if (/^[12]-\d+(?:-[\w,.:-]*)?$/.test(value)) return undefined
    return {
      refuse: `\`_cursor=${value}\` is not a Medplum cursor, and Medplum would silently start at the beginning. Follow the next link as it was given, or leave \`_cursor\` out.`,
    }
  },
  _elements: checkElements,
  _fields: checkElements,
  _total: oneOf(['none', 'estimate', 'accurate'], 'no total'),
  _summary: oneOf(['true', 'text', 'data', 'count', 'false'], 'whole resources'),
  _include: checkInclude,
  _revinclude: checkInclude,
  _type({ value }, { capability }) {
    const unknown = unknownTypes(value.split(','), capability)
    return unknown === undefined ? undefined : { refuse: `\`_type\`: ${unknown}` }
  },
  _format({ value }) {
    if (/^(application\/(fhir\+)?json|json)$/.test(value)) return undefined
    return { warn: `\`_format=${value}\` has no effect: Medplum always answers in JSON.` }
  },
}

function checkCount({ value }: QueryParameter): Finding | undefined {
  if (!WHOLE.test(value)) {
    return {
      refuse: `\`_count=${value}\` is not a whole number from 0 up: Medplum would answer 200 with no entries or the wrong number of them, which looks like "no results". Write, for example, _count=20.`,
    }
  }
  if (Number(value) <= MAX_COUNT) return undefined
  return {
    warn: `\`_count=${value}\`: Medplum returns at most ${MAX_COUNT} entries per page, without saying so. If there is a next link, there are more.`,
  }
}

/** Elements whose search parameters have a different name, not only other hyphens. */
const ELEMENTS: Record<string, string> = {
  _lastupdated: 'meta',
  _profile: 'meta',
  _tag: 'meta',
  authoredon: 'authoredOn',
  birthdate: 'birthDate',
  email: 'telecom',
  family: 'name',
  given: 'name',
  lastupdated: 'meta',
  phone: 'telecom',
}

function checkElements({ key, value }: QueryParameter): Finding | undefined {
  if (value.replaceAll(/[\s,]/g, '') === '') {
    return { refuse: `\`${key}=\` names no element. Write, for example, ${key}=name,birthDate, or leave it out.` }
  }
  const plain = [...new Set(value.split(',').map(elementOf))].join(',')
  if (plain === value) return undefined
  return {
    replace: [criterion(key, plain)],
    note: `\`${key}=${value}\` was sent as \`${key}=${plain}\`: it takes the FHIR names of top-level elements, not search parameters.`,
  }
}

export function elementOf(given: string): string {
  const name = given.trim()
  const element = ELEMENTS[name.toLowerCase()]
  if (typeof element === 'string') return element
  // `Patient.name.family` is in `name`; `clinical-status` is the parameter of `clinicalStatus`.
  const top = name.replace(/^[A-Z][A-Za-z]*\./, '').split('.', 1)[0] ?? ''
  return top.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Checks only `_count`, for interactions that page but don't search. */
export function checkPaging(parameters: readonly QueryParameter[]): Findings {
  const found = parameters.filter(({ key }) => key === '_count').flatMap((one) => checkCount(one) ?? [])
  return {
    refusals: found.flatMap((one) => ('refuse' in one ? one.refuse : [])),
    notes: [],
    warnings: found.flatMap((one) => ('warn' in one ? one.warn : [])),
  }
}

function oneOf(allowed: readonly string[], instead: string): ControlRule {
  return ({ key, value }) =>
    allowed.includes(value)
      ? undefined
      : {
          refuse: `\`${key}=${value}\` is unknown to Medplum, which would ignore it and return ${instead}. Write one of ${allowed.map((one) => `${key}=${one}`).join(', ')}.`,
        }
}

function checkInclude({ key, value }: QueryParameter, { types }: CheckedSearch): Finding | undefined {
  if (!value.split(':').includes('*')) return undefined
  const name = key.split(':', 1)[0]
  const example = name === '_include' ? `${types?.[0] ?? 'Observation'}:subject` : 'Observation:subject'
  return {
    refuse: `\`${key}=${value}\`: Medplum has no wildcard here. Name each reference, for example ${name}=${example}.`,
  }
}

const SORT_HINT = 'For descending order write _sort=-date.'

function controlModifier({ key, value }: QueryParameter, code: string): Finding[] {
  const modifier = key.slice(code.length + 1)
  if (key.length === code.length || (/^_(rev)?include$/.test(code) && modifier === 'iterate')) return []
  const right = /^_(rev)?include$/.test(code)
    ? `The only one is ${code}:iterate=${value}.`
    : code === '_sort'
      ? SORT_HINT
      : `Write ${code}=${value}.`
  return [{ refuse: `\`${key}\`: Medplum drops the modifier :${modifier} silently. ${right}` }]
}

/** @returns undefined if all are known or nothing is known */
export function unknownTypes(types: readonly string[], capability: Capability | undefined): string | undefined {
  const unknown = types.filter((type) => capability && capability.types.size > 0 && !capability.types.has(type))
  if (unknown.length === 0) return undefined
  const near = unknown.flatMap((type) => nearest(type, capability?.types ?? [], 2))
  return `${unknown.join(', ')} is not a resource type on this server${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '.'}`
}
