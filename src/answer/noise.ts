// What an answer can lose without loss of meaning: what the server adds for itself, and narrative that repeats the data. Everything else
// stays; this list is complete (docs/answers.md).
import { isRecord } from '../base/json.ts'

const TRACING = 'https://medplum.com/fhir/StructureDefinition/tracing'

/** Kinds of narrative that say nothing beside the data (FHIR R4, narrative-status): `additional` does. */
const REPEATING_NARRATIVE: ReadonlySet<unknown> = new Set(['generated', 'extensions', 'empty', undefined])

/** A value without its noise, and how many narratives were left out. */
interface Cleaned {
  value: unknown
  narratives: number
}

/** Takes the noise out of a JSON answer of any kind. Pure; what isn't noise keeps its place and order. */
export function withoutNoise(body: unknown): Cleaned {
  const count = { narratives: 0 }
  return { value: ofAnything(body, count), narratives: count.narratives }
}

interface Count {
  narratives: number
}

function ofAnything(value: unknown, count: Count): unknown {
  if (Array.isArray(value)) return value.map((item) => (isResource(item) ? ofResource(item, count) : item))
  return isResource(value) ? ofResource(value, count) : value
}

function isResource(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.resourceType === 'string'
}

function ofResource(resource: Record<string, unknown>, count: Count): Record<string, unknown> {
  const kept = Object.entries(resource).map(
    ([name, value]) => [name, ofProperty(resource, name, value, count)] as const,
  )
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined))
}

function ofProperty(resource: Record<string, unknown>, name: string, value: unknown, count: Count): unknown {
  if (name === 'meta' && isRecord(value)) return ofMeta(value)
  if (name === 'text' && isRecord(value)) return ofNarrative(value, count)
  if (name === 'contained') return ofAnything(value, count)
  if (name === 'extension' && resource.resourceType === 'OperationOutcome') return withoutTracing(value)
  if (resource.resourceType === 'Bundle') {
    if (name === 'entry' && Array.isArray(value)) {
      return value.length === 0 ? undefined : value.map((entry) => ofEntry(resource, entry, count))
    }
    if (name === 'link' && Array.isArray(value)) return nextOnly(value)
  }
  // Parameters.parameter and the like may hold whole resources.
  if (name === 'parameter' && Array.isArray(value)) {
    return value.map((one) =>
      isRecord(one) && isResource(one.resource) ? { ...one, resource: ofResource(one.resource, count) } : one,
    )
  }
  return value
}

/** `meta` without what Medplum adds for its own access control. */
function ofMeta(meta: Record<string, unknown>): Record<string, unknown> | undefined {
  const { project: _project, compartment: _compartment, ...rest } = meta
  return Object.keys(rest).length === 0 ? undefined : rest
}

function ofNarrative(narrative: Record<string, unknown>, count: Count): Record<string, unknown> | undefined {
  if (typeof narrative.div !== 'string' || !REPEATING_NARRATIVE.has(narrative.status)) return narrative
  count.narratives++
  const { div: _div, status: _status, ...rest } = narrative
  return Object.keys(rest).length === 0 ? undefined : rest
}

function withoutTracing(extensions: unknown): unknown {
  if (!Array.isArray(extensions)) return extensions
  const rest = extensions.filter((one) => !(isRecord(one) && one.url === TRACING))
  return rest.length === 0 ? undefined : rest
}

/** A Bundle's links without all but the next page, the only one that leads to something new. */
function nextOnly(links: unknown[]): unknown[] | undefined {
  const next = links.filter((link) => isRecord(link) && link.relation === 'next')
  return next.length === 0 ? undefined : next
}

function ofEntry(bundle: Record<string, unknown>, entry: unknown, count: Count): unknown {
  if (!isRecord(entry)) return entry
  const { fullUrl, search, request, response, ...rest } = entry
  const resource = isResource(rest.resource) ? rest.resource : undefined
  const place = resource && `${resource.resourceType}/${String(resource.id)}`
  if (resource) rest.resource = ofResource(resource, count)
  const kept: Record<string, unknown> = { ...rest }
  if (fullUrl !== undefined && !(typeof fullUrl === 'string' && place && `/${fullUrl}`.endsWith(`/${place}`))) {
    kept.fullUrl = fullUrl
  }
  if (search !== undefined && !isOnly(search, { mode: 'match' })) kept.search = search
  const isHistory = bundle.type === 'history' && resource && isRecord(resource.meta)
  const version = isHistory && `${place}/_history/${String((resource.meta as Record<string, unknown>).versionId)}`
  if (request !== undefined && !(version && isOnly(request, { method: 'GET', url: version }))) kept.request = request
  const answered = isRecord(response) ? withoutSuccess(response) : response
  if (answered !== undefined && !(version && isOnly(answered, { status: '200' }))) kept.response = answered
  return kept
}

/** A response without the OperationOutcome that only says "All OK" or "Created"; the status says that too. */
function withoutSuccess(response: Record<string, unknown>): Record<string, unknown> {
  const { outcome, ...rest } = response
  const issues = isRecord(outcome) && Array.isArray(outcome.issue) ? outcome.issue : []
  const one: unknown = issues[0]
  const says = isRecord(outcome) && (outcome.id === 'ok' || outcome.id === 'created')
  const plain = issues.length === 1 && isRecord(one) && one.code === 'informational' && one.diagnostics === undefined
  if (outcome === undefined || (says && plain)) return rest
  return { ...rest, outcome: isResource(outcome) ? ofResource(outcome, { narratives: 0 }) : outcome }
}

function isOnly(value: unknown, expected: Record<string, string>): boolean {
  if (!isRecord(value)) return false
  const names = Object.keys(value)
  return names.length === Object.keys(expected).length && names.every((name) => value[name] === expected[name])
}
