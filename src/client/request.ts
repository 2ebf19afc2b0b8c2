// The FHIR client's input and output: a request to Medplum and its answer.

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
  /** Asks Medplum to answer 202 and continue in the background (`Prefer: respond-async`). */
  respondAsync?: boolean
  /** Repeating it is harmless: it may be sent again after 429, 502, 503, 504 and lost connections. */
  repeatable?: boolean
  /** Bytes of a file to skip, and the maximum to read after them. */
  part?: { offset: number; length: number }
  /** Names of GraphQL response keys that hold secrets under another name. */
  hidden?: ReadonlySet<string>
  /** Whether this server writes it itself, to record who made a change (marks/). Never set by a caller's arguments. */
  mark?: boolean
  /** Aborts the request at Medplum. */
  signal?: AbortSignal
}

export interface FhirResponse {
  /** HTTP status, 200 to 299. */
  status: number
  /** Media type without parameters, in lower case. */
  contentType: string
  /** JSON as a value with local links and hidden secrets, other text as a string, bytes unchanged, nothing as undefined. */
  body: unknown
  /** Where to ask for the state of an asynchronous job, as a path relative to the FHIR base. */
  jobPath?: string
  /** For a file: what is known about it besides the part that was read. */
  file?: FileFacts
}

interface FileFacts {
  /** In bytes, if Medplum says. */
  size: number | undefined
  /** The byte before what was read. */
  before: number | undefined
  /** Whether there is more after what was read. */
  more: boolean
  /** As named in the media type. */
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
