// Placeholders of earlier answers in what a model sends. In a PUT or PATCH of one record they are replaced by what is stored; anywhere
// else they would be stored as the value itself, so they are refused.

import { isRecord } from '../../base/json.ts'
import { operationsOf } from '../../fhir/json-patch.ts'
import { placeholdersIn } from '../../secrets/put-back.ts'

export const ROTATION = /^ClientApplication\/[A-Za-z0-9.-]+\/\$rotate-secret$/
const RECORD = /^[A-Za-z]+\/[A-Za-z0-9.-]+$/
/** A placeholder within a text, or within another format inside JSON. */
const QUOTED = /(?:"|: )\(hidden\)\\?"|\(signed address hidden\)/

/**
 * Why the body can't be sent like this, as a sentence for a model; undefined if it can.
 *
 * @param body as parsed JSON, or text
 */
export function placeholderRefusal(method: string, path: string, body: unknown): string | undefined {
  const place = misplaced(method, path, body)
  return place === undefined
    ? undefined
    : `${place} contains a placeholder such as "(hidden)" for a value that was not shown. The value is restored only in a PUT or PATCH of one record by its id, such as ClientApplication/ID. Give the value itself, or leave it out.`
}

/** The path of the first placeholder that can't be replaced. */
function misplaced(method: string, path: string, body: unknown): string | undefined {
  if (typeof body === 'string') return QUOTED.test(body) ? '`text`' : undefined
  if (/^\$graphql(?:\?|$)/i.test(path)) return QUOTED.test(JSON.stringify(body ?? '')) ? '`query`' : undefined
  const isBatch = path === '' && isRecord(body) && Array.isArray(body.entry)
  if (isBatch) return (body.entry as unknown[]).map(misplacedEntry).find((one) => one !== undefined)
  return mayPutBack(method, path) ? undefined : named(placeholdersIn(body)[0])
}

function misplacedEntry(entry: unknown, index: number): string | undefined {
  const { request, resource } = isRecord(entry) ? entry : {}
  const { method, url } = isRecord(request) ? request : {}
  const isPatch = String(method).toUpperCase() === 'PATCH'
  const content = (isPatch && operationsOf(resource)) || resource
  const isFine = mayPutBack(String(method).toUpperCase(), String(url))
  const found = isFine ? undefined : placeholdersIn(content)[0]
  return named(found === undefined ? undefined : `entry[${index}].resource.${found}`)
}

function mayPutBack(method: string, path: string): boolean {
  return method === 'POST' ? ROTATION.test(path) : (method === 'PUT' || method === 'PATCH') && RECORD.test(path)
}

function named(place: string | undefined): string | undefined {
  return place === undefined ? undefined : `\`${place}\``
}
