// The one place that speaks to Medplum's FHIR API: own fetch wrapper, because a general client retries POST, hides status
// and headers, and sends its token to absolute URLs. Whatever is sent passes the guard here.

import { confine, relativeTo } from '../fhir/path.ts'
import { Delivery, nameOf } from './delivery.ts'
import { FhirError } from './fhir-error.ts'
import { type Guard, NOT_FOUND } from './guard.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A body as it goes over the wire. */
export interface Content {
  type: string
  data: string | Uint8Array<ArrayBuffer>
}

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
  /** Of a file: its size in bytes where Medplum tells, the byte before what was read, and whether there is more behind it. */
  file?: { size: number | undefined; before: number | undefined; more: boolean }
}

/** A person's session at a Medplum server. */
export interface MedplumSession {
  fhirBase: URL
  /** A Medplum access token that has not expired. */
  token(): Promise<string>
  /** A Medplum access token other than this one, which Medplum refused. */
  renew(refused: string): Promise<string>
}

export interface ClientOptions {
  /** W3C Trace Context of the call, passed on. */
  traceparent?: string | undefined
  /** What requests and answers pass. */
  guard?: Guard
}

export class FhirClient {
  readonly #fhirBase: URL
  readonly #delivery: Delivery
  readonly #guard: Guard | undefined

  /** @param timeoutMs how long all requests of one call may take together, in milliseconds */
  constructor(medplum: MedplumSession, timeoutMs: number, { traceparent, guard }: ClientOptions = {}) {
    this.#fhirBase = medplum.fhirBase
    this.#delivery = new Delivery(medplum, timeoutMs, traceparent)
    this.#guard = guard
  }

  /** Milliseconds left of the call's time. */
  get remainingMs(): number {
    return this.#delivery.remainingMs
  }

  /** Who is signed in, with which rights; undefined where Medplum doesn't tell. */
  async whoAmI(): Promise<unknown> {
    return this.#delivery.whoAmI().catch(() => undefined)
  }

  /**
   * Sends one request with the caller's Medplum token. A 401 is answered by renewing the token and sending once more:
   * Medplum refused before it acted. Only a repeatable request is sent again for other reasons. No redirect is followed.
   *
   * @throws {PathError} before sending, for a path outside the FHIR base
   * @throws {AccessError} {LimitError} before sending, for what the connection may not do, or not now
   * @throws {FhirError} for any answer that is not 2xx
   * @throws {TransportError} when no answer came in time
   * @throws {SessionError} when the Medplum session has ended
   */
  async send(request: FhirRequest): Promise<FhirResponse> {
    const path = relativeTo(this.#fhirBase, confine(request.path, this.#fhirBase))
    const passage = this.#guard
      ? await this.#guard.admit({ ...request, path }, (one) => this.#known(one, request.signal))
      : { request }
    try {
      const response = passage && (await this.#delivery.deliver(passage.request))
      const shown = response && passage?.settle ? passage.settle(response) : response
      if (shown) return shown
    } catch (error) {
      if (!(passage?.conceals && isAbsence(error))) throw error
    }
    throw new FhirError(404, nameOf(request.method, path), NOT_FOUND)
  }

  /** What has been left out of the answers so far, because the connection may not see it. */
  get withheld(): string | undefined {
    return this.#guard?.withheld()
  }

  async #known(path: string, signal: AbortSignal | undefined): Promise<unknown> {
    const request: FhirRequest = { method: 'GET', path, repeatable: true, ...(signal && { signal }) }
    try {
      return (await this.#delivery.deliver(request)).body
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }
}

/** Not there, or not any more. */
function isAbsence(error: unknown): boolean {
  return error instanceof FhirError && (error.status === 404 || error.status === 410)
}
