// The queries within a body: addresses and conditions of a batch's entries, and references that are searches (FHIR R4, sections 3.1.0.11
// and 2.3.0.6). Medplum parses them as forms, in which a `+` is a space.

import { isRecord } from '../../base/json.ts'
import { formatQuery, parseQuery, withPlainQuery } from '../../fhir/query.ts'

const MAX_DEPTH = 64

/** The body with each of its queries in the form in which it is sent; the same value if nothing changes. */
export function withPlainQueries(body: unknown): unknown {
  const isBundle = isRecord(body) && body.resourceType === 'Bundle' && Array.isArray(body.entry)
  return walked(isBundle ? { ...body, entry: (body.entry as unknown[]).map(withPlainRequest) } : body, 0)
}

/** An address with one of these is refused by confinement, so it stays unchanged. */
const REFUSED = /[\p{Cc}#]/u

function withPlainRequest(entry: unknown): unknown {
  if (!isRecord(entry) || !isRecord(entry.request)) return entry
  const { url, ifNoneExist } = entry.request
  const plain = {
    ...(typeof url === 'string' && !REFUSED.test(url) && { url: withPlainQuery(url) }),
    ...(typeof ifNoneExist === 'string' && { ifNoneExist: criteriaOf(ifNoneExist, typeIn(url)) }),
  }
  return { ...entry, request: { ...entry.request, ...plain } }
}

function typeIn(url: unknown): string {
  return typeof url === 'string' ? (url.split('?')[0] ?? '').replace(/^\//, '') : ''
}

/** The search of an If-None-Exist, without its type if that is the created one. */
export function criteriaOf(ifNoneExist: string, type: string): string {
  const given = ifNoneExist.trim()
  const bare = given.startsWith(`${type}?`) ? given.slice(type.length) : given
  const query = bare.replace(/^\?/, '')
  // A search of another type stays unchanged and is refused later.
  return /^[^=&]*\?/.test(query) ? query : formatQuery(parseQuery(query))
}

function walked(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((one: unknown) => walked(one, depth + 1))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'reference' && typeof one === 'string' && SEARCH.test(one)
        ? withPlainQuery(one)
        : walked(one, depth + 1),
    ]),
  )
}

const SEARCH = /(?:^|\/)[A-Z][A-Za-z]+\?/
