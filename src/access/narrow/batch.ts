// A batch of a limited connection, entry by entry: reads that aren't allowed are answered here, and a change that isn't allowed stops
// the whole batch.

import { isRecord } from '../../base/json.ts'
import { AccessError } from '../../client/access-error.ts'
import { NOT_FOUND, type Passage } from '../../client/guard.ts'
import type { FhirRequest, FhirResponse } from '../../client/request.ts'
import { formatPlace, parsePlace } from '../../fhir/query.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import type { Narrowed, Narrower } from './narrower.ts'

type Json = Record<string, unknown>

/** An entry: sent, or answered here. */
type Outcome = { entry: Json; narrowed: Narrowed } | { answer: Json }

/** Maximum number of entries: each change needs a separate read first. */
const MAX_CHANGES = 20

/**
 * @returns undefined if an entry would change a record that must seem not to exist
 * @throws {AccessError} if an entry may reach beyond the limits; reads are refused one by one
 */
export async function narrowBatch(request: FhirRequest, narrower: Narrower): Promise<Passage | undefined> {
  const { content } = request
  const body = content?.value
  if (!content || !isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.entry)) {
    throw narrower.refusal('only a Bundle of entries can be sent to the FHIR base')
  }
  if (body.type !== 'batch' && body.type !== 'transaction') throw narrower.refusal('the Bundle must be of type batch')
  const outcomes: Outcome[] = []
  for (const entry of body.entry) {
    if (outcomes.length >= MAX_CHANGES && outcomes.filter(isChange).length >= MAX_CHANGES) {
      throw narrower.refusal(`a batch may have at most ${MAX_CHANGES} changes`)
    }
    const outcome = await entryOf(entry, body.type === 'batch', narrower)
    if (outcome === undefined) return undefined
    outcomes.push(outcome)
  }
  const sent = outcomes.flatMap((outcome) => ('entry' in outcome ? [outcome.entry] : []))
  if (sent.length === 0) throw narrower.refusal('no entry of this batch is within that limit')
  return {
    request: { ...request, content: content.with({ ...body, entry: sent }) },
    settle: (response) => settled(response, outcomes),
  }
}

function isChange(outcome: Outcome): boolean {
  const request = 'entry' in outcome ? outcome.entry.request : undefined
  return isRecord(request) && request.method !== 'GET'
}

async function entryOf(entry: unknown, isBatch: boolean, narrower: Narrower): Promise<Outcome | undefined> {
  const request = isRecord(entry) ? entry.request : undefined
  if (!isRecord(entry) || !isRecord(request) || typeof request.method !== 'string' || typeof request.url !== 'string') {
    throw narrower.refusal('each entry needs request.method and request.url')
  }
  const method = request.method.toUpperCase()
  const { url, ifNoneExist } = request
  if (
    strictPlaceOf(url).odd ||
    /[%:]/.test(url.split('?', 1)[0] ?? '') ||
    (ifNoneExist ?? '') !== String(ifNoneExist ?? '')
  ) {
    throw narrower.refusal('an entry URL is not a plain path below the FHIR base')
  }
  const place = parsePlace(url)
  const asked = {
    ...{ method, place, body: entry.resource, inBatch: true },
    ...(typeof ifNoneExist === 'string' && { ifNoneExist }),
  }
  try {
    const narrowed = await narrower.narrow(asked)
    if (narrowed === undefined) return method === 'GET' && isBatch ? { answer: absent() } : undefined
    const sent = { method, url: formatPlace(narrowed.place) }
    // A read is sent without its `fullUrl`: otherwise other entries could refer to it by that.
    if (method === 'GET') return { narrowed, entry: { request: sent } }
    const { version } = narrowed
    const ifMatch = method === 'PUT' && version !== undefined && request.ifMatch === undefined && `W/"${version}"`
    return { narrowed, entry: { ...entry, request: { ...request, ...sent, ...(ifMatch && { ifMatch }) } } }
  } catch (error) {
    if (!(error instanceof AccessError) || method !== 'GET' || !isBatch) throw error
    const issue = [{ severity: 'error', code: 'forbidden', details: { text: error.message } }]
    return { answer: { response: { status: '403', outcome: { resourceType: 'OperationOutcome', issue } } } }
  }
}

function absent(): Json {
  return { response: { status: '404', outcome: NOT_FOUND } }
}

/** The answers in the order of the requested entries. */
function settled(response: FhirResponse, outcomes: readonly Outcome[]): FhirResponse | undefined {
  const { body } = response
  if (!isRecord(body) || body.resourceType !== 'Bundle') {
    return isRecord(body) && body.resourceType === 'OperationOutcome' ? response : undefined
  }
  const answers: unknown[] = Array.isArray(body.entry) ? body.entry : []
  let next = 0
  const entry = outcomes.map((outcome) => {
    if ('answer' in outcome) return outcome.answer
    return settledEntry(answers[next++], outcome.narrowed)
  })
  return { ...response, body: { ...body, entry } }
}

function settledEntry(answer: unknown, { settle, conceals }: Narrowed): Json {
  if (!isRecord(answer)) return {}
  const { resource, response } = answer
  const status = isRecord(response) ? String(response.status) : ''
  if (conceals && /^4(?:04|10)/.test(status)) return absent()
  if (resource === undefined) return answer
  const shown = settle(resource)
  return shown ? { ...answer, resource: shown.body } : absent()
}
