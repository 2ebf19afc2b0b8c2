// A request to Medplum, and its answer, as the FHIR client takes and gives them.

import type { Content } from './content.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface FhirRequest {
  method: Method
  /** Relative to the FHIR base; confined to it. */
  path: string
  content?: Content
  /** Version that must be current (`W/"…"`); Medplum honours it on PUT only. */
  ifMatch?: string
  /** Search that must find nothing, for a conditional create. */
  ifNoneExist?: string
  /** Asks Medplum to answer 202 and work on (`Prefer: respond-async`). */
  respondAsync?: boolean
  /** Repeating it does no harm: it may be sent again after 429, 502, 503, 504 and lost connections. */
  repeatable?: boolean
  /** Bytes of a file to pass over, and the most to read after them. */
  part?: { offset: number; length: number }
  /** Names of GraphQL response keys that hold secrets under another name. */
  hidden?: ReadonlySet<string>
  /** What this server itself records of a write that was admitted: who did it. Never set by a caller's arguments. */
  mark?: boolean
  /** Aborts the request at Medplum. */
  signal?: AbortSignal
}

export interface FhirResponse {
  /** HTTP status, 200 to 299. */
  status: number
  /** Media type without parameters, in lower case. */
  contentType: string
  /** JSON as a value with links made local and secrets hidden, other text as a string, bytes as such, nothing as undefined. */
  body: unknown
  /** Where an asynchronous job tells its state, as a path relative to the FHIR base. */
  jobPath?: string
  /** For a file: what is known about it besides the part that was read. */
  file?: FileFacts
}

export interface FileFacts {
  /** In bytes, where Medplum tells. */
  size: number | undefined
  /** The byte before what was read. */
  before: number | undefined
  /** Whether there is more behind what was read. */
  more: boolean
  /** As the media type names it. */
  charset?: string | undefined
}

/** A person's session at a Medplum server. */
export interface MedplumSession {
  fhirBase: URL
  /** A Medplum access token that has not expired. */
  token(): Promise<string>
  /** A Medplum access token other than this one, which Medplum refused. */
  renew(refused: string): Promise<string>
}
