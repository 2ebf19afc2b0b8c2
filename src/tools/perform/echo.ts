// After a write: the parts of the record that the model doesn't know yet.

import { isRecord, records } from '../../base/json.ts'
import type { FhirRequest } from '../../client/request.ts'
import { differences } from '../../fhir/diff.ts'

/** A create, or a change of one record; conditional ones too. */
const STORES = /^[A-Z][A-Za-z]*(?:\/[A-Za-z0-9.-]+)?(?:\?|$)/
/** Elements that identify the record and say what the server set. */
const ALWAYS: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta'])

/**
 * The stored record without elements that were stored as sent, or that a patch didn't touch.
 *
 * @returns undefined if nothing would be left out, or if the request doesn't store one record
 */
export function withoutEcho(
  { method, path, content }: FhirRequest,
  stored: unknown,
): { news: Record<string, unknown>; leftOut: string } | undefined {
  if (!/^(?:POST|PUT|PATCH)$/.test(method) || !STORES.test(path) || !isRecord(stored)) return undefined
  const sent = content?.value
  const isKnown = method === 'PATCH' ? untouchedBy(sent) : isRecord(sent) ? asSent(sent, stored) : undefined
  if (!isKnown || stored.resourceType !== /^[A-Za-z]+/.exec(path)?.[0]) return undefined
  const known = Object.keys(stored).filter((name) => !ALWAYS.has(name) && isKnown(name))
  if (known.length === 0) return undefined
  const news = Object.fromEntries(Object.entries(stored).filter(([name]) => !known.includes(name)))
  const why = method === 'PATCH' ? 'which the patch did not touch' : 'stored as they were sent'
  return {
    news,
    leftOut: `${known.join(', ')}, ${why}; GET ${stored.resourceType}/${stored.id} shows the whole record`,
  }
}

function asSent(sent: Record<string, unknown>, stored: Record<string, unknown>): (name: string) => boolean {
  return (name) => Object.hasOwn(sent, name) && differences(sent[name], stored[name]).length === 0
}

function untouchedBy(patch: unknown): ((name: string) => boolean) | undefined {
  if (!Array.isArray(patch)) return undefined
  const pointers = records({ patch }, 'patch').flatMap(({ path, from }) =>
    [path, from].filter((one) => typeof one === 'string'),
  )
  const touched = new Set(pointers.map((pointer) => pointer.split('/')[1]))
  // A patch of the whole record touches all of it.
  return touched.has(undefined) ? undefined : (name) => !touched.has(name)
}
