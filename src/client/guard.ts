// The interface of the guard between a connection and Medplum, which the client asks about each request and each answer.
import type { FhirRequest, FhirResponse } from './request.ts'

/** A request that may be sent, and how to show its answer. */
export interface Passage {
  request: FhirRequest
  /** The answer as it may be shown; undefined if it has to look as if nothing were there. */
  settle?(response: FhirResponse): FhirResponse | undefined
  /** Whether missing and deleted records (404, 410) must look alike. */
  conceals?: boolean
}

/** Reads what is at a path without the guard, so that the guard can decide; undefined if there is nothing. */
export type Read = (path: string) => Promise<unknown>

/** Checks every request of a connection before it is sent, and every answer before it is shown. */
export interface Guard {
  /**
   * @returns undefined if the request has to look as if what it names weren't there
   * @throws {AccessError} {LimitError} for what the connection may not do, or not now
   */
  admit(request: FhirRequest, read: Read): Promise<Passage | undefined>
  /** What has been left out of answers so far, as a sentence. */
  withheld(): string | undefined
}

/** Medplum's answer for a missing resource. */
export const NOT_FOUND = {
  resourceType: 'OperationOutcome',
  id: 'not-found',
  issue: [{ severity: 'error', code: 'not-found', details: { text: 'Not found' } }],
}
