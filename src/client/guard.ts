// The guard between a connection and Medplum: the form of the guard that the client asks about each request and each answer.
import type { FhirRequest, FhirResponse } from './request.ts'

/** A request that may go out, and how its answer is to be shown. */
export interface Passage {
  request: FhirRequest
  /** The answer as it may be shown; undefined if it has to look as if nothing were there. */
  settle?(response: FhirResponse): FhirResponse | undefined
  /** What isn't there and what is gone (404, 410) must look alike. */
  conceals?: boolean
}

/** What is at a path, past the guard, for a decision; undefined if there is nothing. */
export type Read = (path: string) => Promise<unknown>

/** What every request of a connection passes on its way out, and every answer on its way in. */
export interface Guard {
  /**
   * @returns undefined if the request has to look as if what it names weren't there
   * @throws {AccessError} {LimitError} for what the connection may not do, or not now
   */
  admit(request: FhirRequest, read: Read): Promise<Passage | undefined>
  /** What has been left out of answers so far, as a sentence. */
  withheld(): string | undefined
}

/** What Medplum answers for what isn't there. */
export const NOT_FOUND = {
  resourceType: 'OperationOutcome',
  id: 'not-found',
  issue: [{ severity: 'error', code: 'not-found', details: { text: 'Not found' } }],
}
