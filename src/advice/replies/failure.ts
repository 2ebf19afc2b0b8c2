// The server's answer and the request it belongs to: what all advice about answers reads.

import type { OperationOutcome } from '@medplum/fhirtypes'
import type { Capability } from '../../fhir/capability.ts'
import type { Asked, Place } from '../../fhir/query.ts'

/** An answer of the FHIR server that is an error. */
export interface Failure {
  /** HTTP status, 400 to 599. */
  status: number
  /** The OperationOutcome, if the body is one. */
  outcome?: OperationOutcome | unknown
  /** Response headers; names in any case. */
  headers?: Record<string, string>
}

/** A failed request, as the advice sees it. */
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
