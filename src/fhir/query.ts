// Parses a FHIR request's path and query, and finds what each search parameter refers to, for the checks before a request and the advice
// after it. Accepts any path; `strict-place.ts` says whether one is written oddly.
import type { Capability } from './capability.ts'

/** A request as the checks see it. */
export interface Asked {
  method: string
  /** Relative to the FHIR base, with any query. */
  path: string
  body?: unknown
  /** The query of If-None-Exist. */
  ifNoneExist?: string
  /** Address of the FHIR base, to recognize the server's own addresses in a value. */
  base?: string
}

export interface QueryParameter {
  /** Name with any modifier or chain, decoded. */
  key: string
  value: string
}

export function criterion(key: string, value: string): QueryParameter {
  return { key, value }
}

export interface Place {
  /** Path segments below the base, decoded. */
  segments: string[]
  parameters: QueryParameter[]
}

/** Parses a path below the FHIR base as a model means it. Never throws. */
export function parsePlace(path: string): Place {
  const local = path.trim().replace(/^(?:https?:\/\/[^/?#]*)?\/?(?:fhir\/R4(?=[/?]|$))?\/?/i, '')
  const { before, query } = split(local)
  return { segments: before.split('/').filter(Boolean).map(decode), parameters: parseQuery(query) }
}

/** The parameters of a query, without its question mark. Never throws. */
export function parseQuery(query: string): QueryParameter[] {
  const read = parsed(query, (text) => decode(isForm(text) ? text.replaceAll('+', ' ') : text))
  return read.map(({ key, value }) => ({ key, value: key === '_filter' ? value : withEscapes(value) }))
}

/** A backslash that escapes nothing is meant literally and must be doubled (FHIR R4, section 3.1.1.4.0.3): Medplum takes `a\b` for `ab`. */
export function withEscapes(value: string): string {
  return value.replaceAll(/\\([\\,|$])?/g, (found, escaped?: string) => (escaped === undefined ? '\\\\' : found))
}

/**
 * Whether a `+` in this means a space. In a value that is written as it is, it is a plus: `identifier=AB+C1`. In one that was
 * encoded as forms are (https://url.spec.whatwg.org/#application/x-www-form-urlencoded; by encodeURIComponent, some more stay as
 * they are), a plus itself would be `%2B`.
 */
function isForm(text: string): boolean {
  return /%[0-9a-f]{2}/i.test(text) && /^(?:[\w.*+!~'()-]|%(?!20)[0-9a-f]{2})*$/i.test(text)
}

function parsed(query: string, read: (text: string) => string): QueryParameter[] {
  return query
    .split('&')
    .filter(Boolean)
    .map((raw) => {
      const mark = raw.indexOf('=')
      return mark < 0
        ? { key: read(raw), value: '' }
        : { key: read(raw.slice(0, mark)), value: read(raw.slice(mark + 1)) }
    })
}

/** Invalid escapes stay unchanged: `100%` is a percentage. */
function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

/** The first escapes in a query that are not UTF-8, such as `%FC` for ü; undefined if there are none. */
export function brokenEscapes(query: string): string | undefined {
  return query.match(/(?:%[0-9a-f]{2})+/gi)?.find((escapes) => decode(escapes) === escapes)
}

function split(path: string): { before: string; query: string } {
  const mark = path.indexOf('?')
  return mark < 0 ? { before: path, query: '' } : { before: path.slice(0, mark), query: path.slice(mark + 1) }
}

/** Characters that stay readable: they end no value, and neither a URL nor Medplum interprets them. `/$` could name an operation. */
const READABLE = /%(?:24|2C|2F(?!%24)|3A|40|7C)/g

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(READABLE, decodeURIComponent).replaceAll("'", '%27')
}

/** A query as it is sent, in ASCII: every parser finds the same parameters in it. */
export function formatQuery(parameters: readonly QueryParameter[]): string {
  return parameters.map(({ key, value }) => `${encode(key)}=${encode(value)}`).join('&')
}

export function formatPlace({ segments, parameters }: Place): string {
  return segments.join('/') + (parameters.length > 0 ? `?${formatQuery(parameters)}` : '')
}

/** The path with its query in the form in which it is sent; the rest is unchanged. */
export function withPlainQuery(path: string): string {
  const { before, query } = split(path)
  return parseQuery(query).length > 0 ? `${before}?${formatQuery(parseQuery(query))}` : before
}

/** Like {@link withPlainQuery}, for an address from a server, in which a `+` is a space. */
export function withPlainQueryOfServer(path: string): string {
  const { before, query } = split(path)
  const parameters = parsed(query, (text) => decode(text.replaceAll('+', ' ')))
  return parameters.length > 0 ? `${before}?${formatQuery(parameters)}` : before
}

/** Parameters that control a search instead of filtering it (FHIR R4, section 3.1.1.1, and Medplum's own). */
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

/** The parts of a parameter name such as `subject:Patient.birthdate`, `_has:Observation:patient:code` or `name:exact`. */
export interface Meaning {
  /** Types that have the last parameter; undefined if the name doesn't say. */
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

/** A reference parameter with the name of a type leads to that type: `patient`, `encounter`. */
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
 * @returns none if it is unknown
 */
export function kindsOf({ name, types }: Meaning, capability: Capability | undefined): Set<string> {
  // FHIR R4 has no parameters of another kind under these names.
  if (/^(?:_lastUpdated|birthdate|date|authored-?on|recorded-date|onset-date|issued)$/.test(name))
    return new Set(['date'])
  if (!capability) return new Set()
  const owners = types ?? [...capability.types]
  return new Set(owners.flatMap((type) => capability.searchParams(type).get(name) ?? []))
}

/** The types that a search covers: `_type` overrides the path; undefined for a search that names none. */
export function searchedTypes({ segments, parameters }: Place): string[] | undefined {
  const named = parameters.filter(({ key }) => key === '_type').at(-1)?.value
  if (named) return named.split(',')
  return segments[0] === undefined || segments[0].startsWith('_') ? undefined : [segments[0]]
}

/** What a search says besides its criteria: which matches to return, in which order, with what. */
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

/** The path that counts the matches of a search by type; undefined for any other path. */
export function countPath(path: string): string | undefined {
  const { segments, parameters } = parsePlace(path)
  if (segments.length !== 1 || !/^[A-Z]/.test(segments[0] ?? '')) return undefined
  const criteria = parameters.filter(({ key }) => !PRESENTATION.has(key))
  return formatPlace({ segments, parameters: [...criteria, criterion('_summary', 'count')] })
}
