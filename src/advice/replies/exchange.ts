// A request and the server's answer to it, or each entry of a batch and its answer: the input of all advice about answers.

import type { OperationOutcome } from '@medplum/fhirtypes'
import { isRecord, records, scalarText } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { type Asked, type Place, parsePlace } from '../../fhir/query.ts'

/** An answer of the FHIR server that is an error. */
export interface Failure {
  /** HTTP status, 400 to 599. */
  status: number
  /** The OperationOutcome, if the body is one. */
  outcome?: OperationOutcome | unknown
  /** Response headers; names in any case. */
  headers?: Record<string, string>
}

/** A failed request: the input of advice about errors. */
export interface FailedRequest {
  asked: Asked
  place: Place
  status: number
  /** The text and the expression of an issue, empty if the advice goes by the status alone. */
  text: string
  expression: string
  diagnostics: string
  /** By lower-case name. */
  headers: Record<string, string>
  capability: Capability | undefined
}

/** An answer with a status of 200 to 299. */
export interface Answer {
  status: number
  body: unknown
}

type Exchange = readonly [Asked, Answer]

/** The exchange itself, or those of the batch's entries. */
export function exchanges(asked: Asked, answer: Answer): Exchange[] {
  return isBatch(asked) ? entryExchanges(asked, answer) : [[asked, answer]]
}

function isBatch({ path, body }: Asked): boolean {
  return isRecord(body) && body.resourceType === 'Bundle' && parsePlace(path).segments.length === 0
}

/** The exchanges of a batch's entries, in order; none for any other request. An entry without a request has an empty one. */
export function entryExchanges(asked: Asked, { body }: Answer): Exchange[] {
  if (!isBatch(asked)) return []
  const answers = records(body, 'entry')
  return records(asked.body, 'entry').map(({ request, resource }, index) => {
    const { method, url } = isRecord(request) ? request : {}
    const { response, resource: its } = answers[index] ?? {}
    const status = Number.parseInt(scalarText(isRecord(response) ? response.status : ''), 10) || 0
    return [
      { method: scalarText(method), path: scalarText(url), body: resource },
      { status, body: its },
    ]
  })
}
