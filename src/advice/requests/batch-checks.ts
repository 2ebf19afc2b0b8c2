// Problems between the entries of a batch, and parts of a batch that Medplum ignores.

import { isRecord } from '../../base/json.ts'
import { isType } from '../../fhir/compartment.ts'
import { UUID } from '../../fhir/ids.ts'
import { parsePlace, parseQuery } from '../../fhir/query.ts'

/** Problems of a batch that no single entry shows, as sentences. */
export function acrossEntries(entries: readonly unknown[]): string[] {
  return [...twiceCreated(entries), ...twiceNamed(entries), ...dangling(entries)]
}

/** Parts of an entry's request that Medplum ignores. */
export function unheard(request: Record<string, unknown>, resource: unknown, base: string | undefined): string[] {
  const { method, url, ifNoneExist, ifNoneMatch, ifModifiedSince } = request
  const path = String(url)
  const { segments } = parsePlace(path)
  const isWrite =
    (method === 'POST' || method === 'PUT') && segments.length <= 2 && !segments.some((one) => /^[$_]/.test(one))
  const local = base !== undefined && path.startsWith(base) ? path.slice(base.length) : undefined
  return [
    ...(/^https?:/i.test(path) ? [`request.url is relative to the FHIR base: write ${local ?? 'Type/ID'}.`] : []),
    ...(isWrite && isType(segments[0]) && resource === undefined ? ['the entry has no `resource` to store.'] : []),
    ...(ifNoneExist !== undefined && method !== 'POST'
      ? [
          `ifNoneExist is for POST, and Medplum would ignore it: write the criteria into the url, ${method} ${segments[0]}?…`,
        ]
      : []),
    ...(ifNoneMatch === undefined && ifModifiedSince === undefined
      ? []
      : ['Medplum ignores ifNoneMatch and ifModifiedSince in an entry. Leave them out.']),
  ]
}

/** Of two creates with the same condition Medplum carries out one; references to the other then lead nowhere. */
function twiceCreated(entries: readonly unknown[]): string[] {
  const first = new Map<string, number>()
  return entries.flatMap((entry, index) => {
    const { url, ifNoneExist } = requestOf(entry)
    if (typeof url !== 'string' || typeof ifNoneExist !== 'string') return []
    const criteria = parseQuery(ifNoneExist).map(({ key, value }) => `${key}=${value}`)
    const before = seenBefore(first, [parsePlace(url).segments.join('/'), ...criteria.sort()].join('&'), index)
    if (before === undefined) return []
    return [
      `Bundle.entry[${index}]: entry[${before}] has the same ifNoneExist. Medplum would create one record and leave references to the other dangling. Leave this entry out, and refer to the fullUrl of entry[${before}].`,
    ]
  })
}

/** A reference to that name could mean either. */
function twiceNamed(entries: readonly unknown[]): string[] {
  const first = new Map<string, number>()
  return entries.flatMap((entry, index) => {
    const { fullUrl } = isRecord(entry) ? entry : {}
    if (typeof fullUrl !== 'string' || !LOCAL.test(fullUrl)) return []
    const before = seenBefore(first, fullUrl, index)
    if (before === undefined) return []
    return [`Bundle.entry[${index}]: entry[${before}] has the same fullUrl. Give each entry its own.`]
  })
}

const LOCAL = /^urn:(?:uuid|oid):/i
const MAX_DEPTH = 64

/** References to records of this batch that Medplum would store unchanged: it only resolves the urn of a fullUrl. */
function dangling(entries: readonly unknown[]): string[] {
  const names = new Set(
    entries.flatMap((entry) => (isRecord(entry) && typeof entry.fullUrl === 'string' ? entry.fullUrl : [])),
  )
  const created = new Set(
    entries.flatMap((entry) => {
      const { resource, fullUrl } = isRecord(entry) ? entry : {}
      if (requestOf(entry).method !== 'POST' || !isRecord(resource)) return []
      // A UUID may be the id of an existing record.
      const byId =
        typeof resource.id === 'string' && !UUID.test(resource.id)
          ? [`${String(resource.resourceType)}/${resource.id}`]
          : []
      return [...byId, ...(typeof fullUrl === 'string' && !LOCAL.test(fullUrl) ? [fullUrl] : [])]
    }),
  )
  return entries.flatMap((entry, index) => {
    const wrong = [...new Set(referencesIn(isRecord(entry) ? entry.resource : undefined))]
    return wrong.flatMap((reference) => {
      if (LOCAL.test(reference) && !names.has(reference))
        return [
          `Bundle.entry[${index}]: no entry has the fullUrl ${reference}, so Medplum would store this reference unchanged, and it would lead nowhere. Write the fullUrl of the intended entry exactly.`,
        ]
      return created.has(reference)
        ? [
            `Bundle.entry[${index}]: the record ${reference} will get another id, so this reference would lead nowhere. Give its entry "fullUrl":"urn:uuid:…" (a UUID of your own), and refer to that.`,
          ]
        : []
    })
  })
}

/** References in a value, except those within a Bundle, which may mean that Bundle's entries. */
function referencesIn(value: unknown, depth = 0): string[] {
  if (depth > MAX_DEPTH) return []
  if (Array.isArray(value)) return value.flatMap((one) => referencesIn(one, depth + 1))
  if (!isRecord(value) || value.resourceType === 'Bundle') return []
  return Object.entries(value).flatMap(([name, one]) =>
    name === 'reference' && typeof one === 'string' ? [one] : referencesIn(one, depth + 1),
  )
}

function requestOf(entry: unknown): Record<string, unknown> {
  return isRecord(entry) && isRecord(entry.request) ? entry.request : {}
}

function seenBefore(first: Map<string, number>, name: string, index: number): number | undefined {
  const before = first.get(name)
  if (before === undefined) first.set(name, index)
  return before
}
