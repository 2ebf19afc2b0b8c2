// What a request would do, determined before it is sent. Neither the method (GET runs bots and submits claims, POST searches) nor the
// token's scope (a read-only one still lets an admin expunge) says that, so every check asks here. Unknown requests are never ranked too
// low. docs/risk.md has the tables and the rules.

import { isRecord } from '../../base/json.ts'
import type { Method } from '../../client/request.ts'
import { ID } from '../../fhir/ids.ts'

import { type StrictPlace, strictPlaceOf, targetOf } from '../../fhir/strict-place.ts'
import { classifyGraphql } from './graphql-risk.ts'
import { governs, highest, KINDS, type Kind, ROUTES, type Route } from './routes.ts'

export type { Kind } from './routes.ts'

export interface RiskRequest {
  method: Method
  /** Relative to the FHIR base and confined to it, with its query. A leading slash, the base's path and its origin are accepted. */
  path: string
  /** A JSON value; JSON text is accepted, too. */
  body?: unknown
}

export interface Risk {
  kind: Kind
  /**
   * What is touched, sorted: `Patient/123`, `Observation` (a search or create), `Bot/$execute`, `*` for the whole base.
   * No query values. At most {@link MAX_TARGETS}, then `…`.
   */
  targets: string[]
  /** For a batch: what each entry would do, in order. */
  parts?: Risk[]
  /** The reason for this kind, for a person. */
  reason: string
}

export const MAX_TARGETS = 50
const MORE = '…'

/**
 * What a request would do, from method, path and body: a batch by its entries, GraphQL by its document. Never throws.
 * What can't be understood is `operate` or higher.
 */
export function classify(request: RiskRequest): Risk {
  try {
    const { method, path, body } = request
    return classifyPlace(String(method).toUpperCase(), strictPlaceOf(path), body)
  } catch {
    // Only for input that JSON can't express or that is nested too deeply: its effect is unknown.
    return { kind: 'admin', targets: ['*'], reason: 'it is too deep or too unusual to be classified' }
  }
}

const PLACEHOLDERS: Record<string, RegExp> = {
  '{type}': /^[A-Za-z]{1,64}$/,
  '{id}': ID,
  '{version}': ID,
}
const PATTERNS = ROUTES.flatMap((route) =>
  route.paths.map((path) => {
    const [place = '', parameter] = path.split('?')
    return { route, parameter, segments: place === '' ? [] : place.split('/') }
  }),
)

function classifyPlace(method: string, place: StrictPlace, body: unknown): Risk {
  const [first = ''] = place.segments
  const alone = place.segments.length === 1
  let risk: Risk
  if (method === 'POST' && place.segments.length === 0) risk = classifyBundle(jsonOf(body))
  else if (alone && first.toLowerCase() === '$graphql') {
    const { kind, targets, reason } = classifyGraphql(jsonOf(body), place.query)
    risk = { kind, targets: bounded(targets), reason }
    if (!['GET', 'POST'].includes(method) || first !== '$graphql') raise(risk, 'operate', 'an unknown operation')
  } else risk = classifyRoute(method, place)
  if (place.odd) raise(risk, 'operate', 'its path is not a plain path below the FHIR base')
  return risk
}

function classifyRoute(method: string, place: StrictPlace): Risk {
  const { segments, query } = place
  const targets = [targetOf(segments)]
  const route = routeOf(method, segments, query)
  const risk: Risk = route
    ? { kind: route.kind, targets, reason: route.why }
    : { ...unlisted(method, segments), targets }
  // Medplum looks for a custom operation in the whole URL when nothing was found at the path.
  if (/\/(\$|%24)/i.test(query)) raise(risk, 'operate', 'its query can name an operation to run')
  const type = segments[0] ?? ''
  if ((risk.kind === 'write' || risk.kind === 'delete') && governs(type)) {
    raise(risk, 'admin', `it changes something that governs access or runs code (${type})`)
  }
  return risk
}

/** The route that Medplum would choose: among the matches, the one with the most fixed words. */
function routeOf(method: string, segments: string[], query: string): Route | undefined {
  let best: Route | undefined
  let most = -1
  for (const { route, segments: pattern, parameter } of PATTERNS) {
    if (!route.methods.some((one) => one === method) || !matches(pattern, segments)) continue
    if (parameter !== undefined && !new URLSearchParams(query).has(parameter)) continue
    const words = pattern.filter((word) => !(word in PLACEHOLDERS)).length + (parameter ? 1 : 0)
    if (words > most) {
      best = route
      most = words
    }
  }
  return best
}

function matches(pattern: string[], segments: string[], same = (a: string, b: string) => a === b): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((word, index) => {
      const segment = segments[index] ?? ''
      return PLACEHOLDERS[word]?.test(segment) ?? same(word, segment)
    })
  )
}

const sameIgnoringCase = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/**
 * The kind of a request that is not in the table. If Medplum finds a `$` but no route, it runs the project's operation of that name,
 * by any method; some of its routes ignore letter case. So it has the kind of a listed operation of that name, and at least `operate`.
 */
function unlisted(method: string, segments: string[]): { kind: Kind; reason: string } {
  const names = segments.filter((segment) => segment.startsWith('$')).map((name) => name.toLowerCase())
  const alike = PATTERNS.filter(({ segments: pattern, route }) =>
    names.length > 0
      ? pattern.some((word) => names.includes(word.toLowerCase()))
      : route.methods.some((one) => one === method) && matches(pattern, segments, sameIgnoringCase),
  ).map(({ route }) => route.kind)
  if (names.length === 0) return { kind: highest([...alike, kindOf(method)]), reason: 'judged by its method alone' }
  if (names.some((name) => name.startsWith('$db-'))) alike.push('admin')
  return { kind: highest([...alike, 'operate']), reason: 'an operation that Medplum does not have by default' }
}

function kindOf(method: string): Kind {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return 'read'
  if (method === 'POST' || method === 'PUT' || method === 'PATCH') return 'write'
  return method === 'DELETE' ? 'delete' : 'operate'
}

/** A POST to the base has the kind of its highest entry. Anything but a batch is refused by Medplum and counts as a write. */
function classifyBundle(body: unknown): Risk {
  const entries = isRecord(body) && body.resourceType === 'Bundle' && Array.isArray(body.entry) ? body.entry : []
  if (entries.length === 0) return { kind: 'write', targets: ['*'], reason: 'a batch without entries' }
  const parts = entries.map(classifyEntry)
  const risk: Risk = {
    kind: highest(parts.map((part) => part.kind)),
    targets: bounded(parts.flatMap((part) => part.targets)),
    parts,
    reason: `a batch of ${parts.length}, judged by its most far-reaching entry`,
  }
  const type = isRecord(body) ? body.type : undefined
  if (type !== 'batch' && type !== 'transaction') raise(risk, 'write', 'a Bundle that is neither batch nor transaction')
  return risk
}

function classifyEntry(entry: unknown): Risk {
  const request = isRecord(entry) ? entry.request : undefined
  const resource = isRecord(entry) ? entry.resource : undefined
  if (!isRecord(request) || typeof request.method !== 'string' || typeof request.url !== 'string') {
    const nested = isRecord(resource) && resource.resourceType === 'Bundle' ? classifyBundle(resource) : undefined
    const risk: Risk = nested ?? { kind: 'write', targets: ['*'], reason: 'an entry without a request' }
    raise(risk, isRecord(request) ? 'operate' : 'write', 'an entry without method and URL')
    return risk
  }
  const risk = classifyPlace(request.method.toUpperCase(), strictPlaceOf(request.url), resource)
  // Medplum replaces urn:uuid by the addresses of other entries before it parses a document, so what it will say is unknown.
  if (/\$graphql/i.test(request.url) && /urn(:|%3a)uuid/i.test(JSON.stringify(resource) ?? '')) {
    raise(risk, 'admin', 'a GraphQL document that Medplum would rewrite before it runs')
  }
  return risk
}

/** Raises the risk to a kind, with the reason; never lowers it. */
function raise(risk: Risk, kind: Kind, reason: string): void {
  if (KINDS.indexOf(kind) <= KINDS.indexOf(risk.kind)) return
  risk.kind = kind
  risk.reason = reason
}

function jsonOf(body: unknown): unknown {
  if (typeof body !== 'string') return body
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** The targets sorted, without duplicates, and at most {@link MAX_TARGETS}. */
function bounded(targets: Iterable<string>): string[] {
  const all = new Set(targets)
  const cut = all.delete(MORE)
  const sorted = [...all].sort()
  return cut || sorted.length > MAX_TARGETS ? [...sorted.slice(0, MAX_TARGETS), MORE] : sorted
}
