// Requests that Medplum would answer with success but misread. They are refused, rewritten with the same meaning, or sent with a
// warning, because a model trusts a 200.

import { isRecord } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { type Asked, formatPlace, parsePlace, parseQuery } from '../../fhir/query.ts'
import { acrossEntries, unheard } from './batch-checks.ts'
import { type Checked, none, refuse } from './checked.ts'
import type { Findings } from './control-checks.ts'
import { asDemands, CHECKS, isSearchByPost, searched } from './path-checks.ts'

export type { Asked } from '../../fhir/query.ts'

/** What to do with a request. Warnings and notes belong to the answer that the model gets. */
export type CheckResult =
  | { kind: 'clear'; warnings: string[] }
  /** Not to be sent; the message is for the model. */
  | { kind: 'refused'; message: string }
  /** To be sent to another path that means the same. */
  | { kind: 'rewritten'; path: string; note: string; warnings: string[] }

/**
 * Checks a request before it is sent. Pure, and never throws.
 *
 * @param request path relative to the FHIR base, already confined; body as parsed JSON
 * @param capability what the server offers; without it, less is found
 */
export function checkRequest(request: Asked, capability: Capability | undefined): CheckResult {
  const { place, ...found } = check(request, capability, false)
  if (request.ifNoneExist !== undefined)
    merge(found, checkIfNoneExist(request.path, request.ifNoneExist, capability, request.base))
  entriesOf(request).forEach((entry, index) => {
    merge(found, checkEntry(entry, `Bundle.entry[${index}]`, capability, request.base))
  })
  found.refusals.push(...acrossEntries(entriesOf(request)))
  if (found.refusals.length > 0) {
    return { kind: 'refused', message: `${limit(found.refusals).join('\n')}\nNothing was sent.` }
  }
  const warnings = limit(found.warnings)
  if (!place) return { kind: 'clear', warnings }
  return { kind: 'rewritten', path: formatPlace(place), note: found.notes.join('\n'), warnings }
}

const MAX_FINDINGS = 10

function limit(found: readonly string[]): string[] {
  const different = [...new Set(found)]
  const rest = different.length - MAX_FINDINGS
  return rest > 0 ? [...different.slice(0, MAX_FINDINGS), `… and ${rest} more of this kind.`] : different
}

/** The entries of a batch or transaction; none for any other request. */
function entriesOf({ method, path, body }: Asked): unknown[] {
  const isBatch = method.toUpperCase() === 'POST' && parsePlace(path).segments.length === 0
  return isBatch && isRecord(body) && body.resourceType === 'Bundle' && Array.isArray(body.entry) ? body.entry : []
}

function merge(into: Findings, more: Findings): void {
  into.refusals.push(...more.refusals)
  into.notes.push(...more.notes)
  into.warnings.push(...more.warnings)
}

function check(asked: Asked, capability: Capability | undefined, inBundle: boolean): Checked {
  const method = asked.method.toUpperCase()
  let place = parsePlace(asked.path)
  const all = none()
  for (const one of CHECKS) {
    const found = one({ ...asked, method }, place, capability, inBundle)
    merge(all, found)
    if (found.refusals.length > 0) return all
    if (found.place) {
      place = found.place
      all.place = place
    }
  }
  return settle(all, method, inBundle)
}

/** Only a separate search or read is rewritten: a change is sent as it was approved, and an entry is part of the body. */
function settle(found: Checked, method: string, inBundle: boolean): Checked {
  if (!found.place || (!inBundle && (method === 'GET' || isSearchByPost(method, found.place.segments)))) return found
  return refuse(`${asDemands(found.notes)}\nSend ${method} ${formatPlace(found.place)} instead.`)
}

/** An entry that has a request: it creates its resource, or else searches. */
function exampleFor(entry: unknown): string {
  const { resource } = isRecord(entry) ? entry : {}
  if (!isRecord(resource)) return '{"request":{"method":"GET","url":"Patient?_count=5"}}'
  const type = typeof resource.resourceType === 'string' ? resource.resourceType.slice(0, 40) : 'Patient'
  return `{"request":{"method":"POST","url":${JSON.stringify(type)}},"resource":{…}}`
}

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']

function checkEntry(
  entry: unknown,
  name: string,
  capability: Capability | undefined,
  base: string | undefined,
): Findings {
  const request = isRecord(entry) && isRecord(entry.request) ? entry.request : {}
  const { method, url, ifNoneExist } = request
  if (typeof method !== 'string' || typeof url !== 'string') {
    return refuse(`${name} needs request.method and request.url, such as ${exampleFor(entry)}.`)
  }
  if (!METHODS.includes(method)) {
    const meant = METHODS.find((one) => one === method.trim().toUpperCase())
    return refuse(
      `${name}.request.method ${JSON.stringify(method.slice(0, 40))} must be one of ${METHODS.slice(0, -1).join(', ')}${meant ? `: write "method":"${meant}", in capitals` : ''}.`,
    )
  }
  const asked = {
    method,
    path: url,
    body: isRecord(entry) ? entry.resource : undefined,
    ...(base !== undefined && { base }),
  }
  const found = check(asked, capability, true)
  found.refusals.push(...unheard(request, isRecord(entry) ? entry.resource : undefined, base))
  if (typeof ifNoneExist === 'string') merge(found, checkIfNoneExist(url, ifNoneExist, capability, base))
  const named = (messages: string[]) =>
    messages.map((message) => `${name} (${method} ${url.slice(0, 200)}): ${message}`)
  return { refusals: named(found.refusals), notes: [], warnings: named(found.warnings) }
}

function checkIfNoneExist(
  url: string,
  criteria: string,
  capability: Capability | undefined,
  base: string | undefined,
): Findings {
  const [type = ''] = parsePlace(url).segments
  if (/^[^=&]*\?/.test(criteria))
    return refuse(`ifNoneExist must be a search of ${type}, such as identifier=SYSTEM|VALUE.`)
  const place = { segments: [type], parameters: parseQuery(criteria) }
  const found = searched(place, [type], capability, base)
  return found.place ? refuse(`ifNoneExist: ${asDemands(found.notes)}`) : found
}
