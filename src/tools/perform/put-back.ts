// Lets hidden values survive a write: just before sending, placeholders are replaced by the stored values, and the write applies only to
// the version that these came from. A patch is checked by its result.

import { mutationsIn } from '../../access/risk/graphql-risk.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { FhirError } from '../../client/fhir-error.ts'
import type { FhirRequest } from '../../client/request.ts'
import { operationsOf } from '../../fhir/json-patch.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import { placeholdersIn } from '../../secrets/put-back.ts'
import { mayUncover } from '../../secrets/secret-requests.ts'
import { Whole } from '../../secrets/whole.ts'
import type { ToolContext } from '../kit/tool.ts'
import { ROTATION } from '../request/placeholders.ts'

/**
 * The request as it is sent, with stored values instead of placeholders.
 *
 * @throws {UserError} that names a placeholder for which nothing is stored
 */
export async function withStored(request: FhirRequest, context: ToolContext): Promise<FhirRequest> {
  const { method, path, content } = request
  const value = content?.value
  checkGraphql(path, value)
  if (!content || typeof value !== 'object' || value === null) return request
  if (path === '') {
    const filled = await batch(value, context)
    return filled === value ? request : { ...request, content: content.with(filled) }
  }
  const isPatch = method === 'PATCH' && Array.isArray(value)
  const isFilled = placeholdersIn(value).length > 0
  if (!isFilled && !(isPatch && mayUncover(value))) return request
  const sent = (whole: Whole): FhirRequest => ({ ...request, content: whole.into((stored) => content.with(stored)) })
  if (method === 'POST') return ROTATION.test(path) ? sent(await rotation(path, value, context)) : request
  const whole = await wholeAt(path, context)
  if (!isFilled && !whole.isHiding) return request
  if (method === 'PATCH') return sent(patch(value, whole))
  return { ...sent(replacement(value, whole)), ifMatch: request.ifMatch ?? tagOf(whole) }
}

/** A GraphQL patch names no version of the record, so its result is unknown. */
function checkGraphql(path: string, body: unknown): void {
  const { segments, query } = strictPlaceOf(path)
  if (segments.length !== 1 || !/^\$graphql$/i.test(segments[0] ?? '')) return
  const patches = mutationsIn(body, query.replace(/^\?/, ''))?.filter(({ verb }) => verb === 'Patch') ?? []
  const odd = patches.find(({ args: { patch } }) => !Array.isArray(patch) || mayUncover(patch))
  if (odd === undefined) return
  throw refused(
    `${odd.type}Patch could show what is hidden in the record. Send it as a separate request: PATCH ${odd.type}/ID`,
  )
}

async function wholeAt(path: string, { fhir, signal }: ToolContext): Promise<Whole> {
  const found = await fhir.wholes(path, signal).catch((error: unknown) => {
    if (error instanceof FhirError && (error.status === 404 || error.status === 410)) return []
    throw error
  })
  // A record that doesn't exist has no stored values.
  return found[0] ?? new Whole({})
}

function tagOf({ shown: { meta } }: Whole): string {
  return `W/"${String(isRecord(meta) ? meta.versionId : '')}"`
}

function replacement(body: unknown, whole: Whole): Whole {
  const result = whole.replacedBy(body)
  if (result && 'after' in result) return result.after
  throw refused(result?.problem ?? 'the body is not a record')
}

function patch(body: unknown, whole: Whole): Whole {
  const { meta } = whole.shown
  const operations = operationsOf(body) ?? []
  const isBound = operations.some((one) => isRecord(one) && one.op === 'test' && one.path === '/meta/versionId')
  const bound = { op: 'test', path: '/meta/versionId', value: isRecord(meta) ? meta.versionId : undefined }
  const result = whole.patchedBy(isBound ? operations : [bound, ...operations])
  if ('operations' in result) return result.operations
  throw refused(result.problem)
}

async function batch(bundle: unknown, context: ToolContext): Promise<unknown> {
  if (!isRecord(bundle) || !Array.isArray(bundle.entry)) return bundle
  const entries: readonly unknown[] = bundle.entry
  const entry: unknown[] = []
  // One after the other, since few entries have placeholders.
  for (const [index, one] of entries.entries()) {
    const filled = await entryWithStored(one, context).catch((error: unknown) => {
      if (error instanceof UserError) error.message = `Bundle.entry[${index}]: ${error.message}`
      throw error
    })
    if (filled !== one) checkAlone(entries, index)
    entry.push(filled)
  }
  return entry.every((one, index) => one === entries[index]) ? bundle : { ...bundle, entry }
}

/** Refuses a second change of the same record in a batch: stored values belong to a version, which that change would replace. */
function checkAlone(entries: readonly unknown[], index: number): void {
  const own = changedBy(entries[index])
  const other = entries.findIndex((one, at) => at !== index && changedBy(one) === own)
  if (other < 0) return
  throw refused(
    `Bundle.entry[${index}] and Bundle.entry[${other}] change the same record, and a placeholder stands for the value stored now. Combine them, or send one after the other`,
  )
}

/** The record that an entry changes; undefined if it changes none. */
function changedBy(entry: unknown): string | undefined {
  const request = isRecord(entry) ? entry.request : undefined
  if (!isRecord(request) || !/^(PUT|PATCH|DELETE)$/i.test(String(request.method))) return undefined
  return strictPlaceOf(request.url).segments.join('/')
}

async function entryWithStored(entry: unknown, context: ToolContext): Promise<unknown> {
  const { request, resource } = isRecord(entry) ? entry : {}
  if (!isRecord(entry) || !isRecord(request)) return entry
  const method = String(request.method).toUpperCase()
  const place = String(request.url)
  checkGraphql(place, resource)
  if (method === 'POST' && strictPlaceOf(place).segments.length === 0) {
    const filled = await batch(resource, context)
    return filled === resource ? entry : { ...entry, resource: filled }
  }
  if (method !== 'PUT' && method !== 'PATCH') return entry
  const content = method === 'PATCH' ? operationsOf(resource) : resource
  const isFilled = placeholdersIn(content).length > 0
  if (!isFilled && !(method === 'PATCH' && Array.isArray(content) && mayUncover(content))) return entry
  const whole = await wholeAt(place, context)
  if (!isFilled && !whole.isHiding) return entry
  if (method === 'PATCH') return { ...entry, resource: patch(content, whole).into(inBinary) }
  const bound = { ...request, ifMatch: request.ifMatch ?? tagOf(whole) }
  return replacement(content, whole).into((stored) => ({ ...entry, request: bound, resource: stored }))
}

/** A JSON Patch in a batch (FHIR R4, section 3.1.0.11.2). */
function inBinary(operations: unknown): Record<string, unknown> {
  const bytes = new TextEncoder().encode(JSON.stringify(operations))
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return { resourceType: 'Binary', contentType: 'application/json-patch+json', data: btoa(text) }
}

/** Medplum requires the current secret before it creates another one. */
async function rotation(path: string, input: unknown, context: ToolContext): Promise<Whole> {
  const client = await wholeAt(path.slice(0, path.lastIndexOf('/')), context)
  const result = client.filledIn(input)
  if ('after' in result) return result.after
  throw refused(result.problem)
}

function refused(problem: string): UserError {
  return new UserError(`Nothing was sent: ${problem}.`)
}
