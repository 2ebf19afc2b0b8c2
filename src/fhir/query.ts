// A FHIR request's path and query taken apart, and what each search parameter of it refers to: the common ground of the
// checks before a request and the advice after it. It takes any path as it comes: whether that is written oddly, `place.ts` tells.
import type { Capability } from './capability.ts'

/** A request as the checks see it. */
export interface Asked {
  method: string
  /** Relative to the FHIR base, with any query. */
  path: string
  body?: unknown
}

export interface QueryParameter {
  /** Name with any modifier or chain, decoded. */
  key: string
  value: string
  /** As it stood in the query; what is not rewritten is sent as it came. */
  raw: string
}

export interface Place {
  /** Path segments below the base, decoded. */
  segments: string[]
  parameters: QueryParameter[]
}

/** Takes a path below the FHIR base apart. Never throws. */
export function parsePlace(path: string): Place {
  const local = path.trim().replace(/^(?:https?:\/\/[^/?#]*)?\/?(?:fhir\/R4(?=[/?]|$))?\/?/i, '')
  const mark = local.indexOf('?')
  const segments = (mark < 0 ? local : local.slice(0, mark)).split('/').filter(Boolean).map(decode)
  const raws =
    mark < 0
      ? []
      : local
          .slice(mark + 1)
          .split('&')
          .filter(Boolean)
  return { segments, parameters: raws.map(parseParameter) }
}

function parseParameter(raw: string): QueryParameter {
  const mark = raw.indexOf('=')
  const [key, value] = mark < 0 ? [raw, ''] : [raw.slice(0, mark), raw.slice(mark + 1)]
  return { key: decode(key.replaceAll('+', ' ')), value: decode(value.replaceAll('+', ' ')), raw }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A parameter as it is sent: only what would end or alter the value is escaped. */
export function formatParameter(key: string, value: string): QueryParameter {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  const escaped = (text: string) => text.replaceAll(/[%&+#=\s\u0000-\u001f]/g, (char) => encodeURIComponent(char))
  return { key, value, raw: `${escaped(key)}=${escaped(value)}` }
}

export function formatPlace({ segments, parameters }: Place): string {
  const query = parameters.map(({ raw }) => raw).join('&')
  return segments.join('/') + (query ? `?${query}` : '')
}

/** Parameters that steer a search instead of filtering it (FHIR R4, section 3.1.1.1; Medplum's own included). */
export const CONTROLS: ReadonlySet<string> = new Set([
  '_',
  '_count',
  '_cursor',
  '_elements',
  '_fields',
  '_format',
  '_include',
  '_offset',
  '_pretty',
  '_revinclude',
  '_sort',
  '_summary',
  '_total',
  '_type',
])

/** What a parameter name such as `subject:Patient.birthdate`, `_has:Observation:patient:code` or `name:exact` says. */
export interface Meaning {
  /** Types that own the last parameter; undefined where the name doesn't tell. */
  types: string[] | undefined
  name: string
  modifier: string | undefined
  /** Follows references: two conditions of that kind need not meet the same resource. */
  nested: boolean
  /** Modifiers in front of a dot: they must be resource types. */
  linkTypes: string[]
}

/** Reads a search parameter's name, starting at the types that are searched. */
export function meaningOf(key: string, types: string[] | undefined, capability: Capability | undefined): Meaning {
  let rest = key
  let owners = types
  let nested = false
  const linkTypes: string[] = []
  for (;;) {
    const reverse = /^_has:([^:.]*):([^:.]*):/.exec(rest)
    const link = /^([^:.]*)(?::([^:.]*))?\./.exec(rest)
    if (reverse) owners = [reverse[1] ?? '']
    else if (link) {
      if (link[2] !== undefined) linkTypes.push(link[2])
      owners = targetOf(link[1] ?? '', link[2], capability)
    } else break
    nested = true
    rest = rest.slice((reverse ?? link)?.[0].length)
  }
  const colon = rest.indexOf(':')
  const [name, modifier] = colon < 0 ? [rest, undefined] : [rest.slice(0, colon), rest.slice(colon + 1)]
  return { types: owners, name, modifier, nested, linkTypes }
}

/** A reference parameter called after a type leads there: `patient`, `encounter`. */
function targetOf(
  name: string,
  modifier: string | undefined,
  capability: Capability | undefined,
): string[] | undefined {
  if (modifier) return [modifier]
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  return capability?.types.has(type) ? [type] : undefined
}

/**
 * Search parameter types (`date`, `reference` …) that a parameter has in the types that may be meant.
 *
 * @returns none where nothing is known of it
 */
export function kindsOf({ name, types }: Meaning, capability: Capability | undefined): Set<string> {
  if (name === '_lastUpdated' || name === 'birthdate') return new Set(['date'])
  if (!capability) return new Set()
  const owners = types ?? [...capability.types]
  return new Set(owners.flatMap((type) => capability.searchParams(type).get(name) ?? []))
}

/** The types that a search looks at: `_type` outdoes the path; undefined for a search that names none. */
export function searchedTypes({ segments, parameters }: Place): string[] | undefined {
  const named = parameters.filter(({ key }) => key === '_type').at(-1)?.value
  if (named) return named.split(',')
  return segments[0] === undefined || segments[0].startsWith('_') ? undefined : [segments[0]]
}

/** What a search says besides its criteria: which of its matches come, in which order, with what. */
const PRESENTATION: ReadonlySet<string> = new Set([
  '_count',
  '_cursor',
  '_elements',
  '_fields',
  '_include',
  '_include:iterate',
  '_offset',
  '_revinclude',
  '_revinclude:iterate',
  '_sort',
  '_summary',
  '_total',
])

/** The path that counts the matches of a type's search; undefined for any other path. */
export function countPath(path: string): string | undefined {
  const { segments, parameters } = parsePlace(path)
  if (segments.length !== 1 || !/^[A-Z]/.test(segments[0] ?? '')) return undefined
  const criteria = parameters.filter(({ key }) => !PRESENTATION.has(key))
  return formatPlace({ segments, parameters: [...criteria, formatParameter('_summary', 'count')] })
}
