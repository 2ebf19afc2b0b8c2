// The only place that calls Medplum's FHIR API. It has its own fetch wrapper because a general client retries POST, hides status and
// headers, and sends its token to absolute URLs. Every request passes the guard here.

import { isRecord, records } from '../base/json.ts'
import { redact } from '../secrets/redact.ts'
import { Whole } from '../secrets/whole.ts'
import { Delivery, requestLine } from './delivery.ts'
import { FhirError } from './fhir-error.ts'
import { type Guard, NOT_FOUND, type Passage } from './guard.ts'
import type { FhirRequest, FhirResponse, MedplumSession } from './request.ts'

interface ClientOptions {
  /** W3C Trace Context of the call, passed on. */
  traceparent?: string | undefined
  /** Checks every request and answer. */
  guard?: Guard
}

export class FhirClient {
  readonly #delivery: Delivery
  readonly #guard: Guard | undefined

  /** @param timeoutMs how long all requests of one call may take together, in milliseconds */
  constructor(medplum: MedplumSession, timeoutMs: number, { traceparent, guard }: ClientOptions = {}) {
    this.#delivery = new Delivery(medplum, timeoutMs, traceparent)
    this.#guard = guard
  }

  /** Milliseconds left of the call's time. */
  get remainingMs(): number {
    return this.#delivery.remainingMs
  }

  /** Who is signed in, with which rights; undefined if Medplum doesn't say. */
  async whoAmI(): Promise<unknown> {
    return this.#delivery.whoAmI().then(
      (found) => redact(found),
      () => undefined,
    )
  }

  /**
   * Sends one request with the caller's Medplum token; secrets are hidden in its answer. A 401 is answered by renewing the token
   * and sending once more: Medplum refused before it acted. Only a repeatable request is sent again for other reasons. No redirect
   * is followed.
   *
   * @throws {PathError} before sending, for a path outside the FHIR base
   * @throws {AccessError} {LimitError} before sending, for what the connection may not do, or not now
   * @throws {FhirError} for any answer that is not 2xx
   * @throws {TransportError} when no answer came in time
   * @throws {SessionError} when the Medplum session has ended
   */
  async send(request: FhirRequest): Promise<FhirResponse> {
    const response = await this.#exchanged(request)
    const { body } = response
    return body instanceof Uint8Array ? response : { ...response, body: redact(body, request.hidden) }
  }

  /**
   * Reads the record at a path, or all records that a search there finds, with their secrets, to check and compose a change. The type
   * {@link Whole} keeps secrets from being shown by accident.
   *
   * @throws as {@link send}
   */
  async wholes(path: string, signal: AbortSignal): Promise<Whole[]> {
    const { body } = await this.#exchanged({ method: 'GET', path, repeatable: true, signal })
    return isRecord(body) && body.resourceType === 'Bundle' && body.type === 'searchset'
      ? matchesIn(body).map((one) => new Whole(one))
      : [body].filter(isRecord).map((one) => new Whole(one))
  }

  async #exchanged(request: FhirRequest): Promise<FhirResponse> {
    const passage = await this.#admit(request)
    try {
      const response = passage && (await this.#delivery.deliver(passage.request))
      const shown = response && passage?.settle ? passage.settle(response) : response
      if (shown) return shown
    } catch (error) {
      if (!(passage?.conceals && isAbsence(error))) throw error
    }
    throw this.#absent(request)
  }

  /**
   * Checks whether a request would be allowed, without sending it.
   *
   * @throws as {@link send} does before it sends
   */
  async check(request: FhirRequest): Promise<void> {
    if ((await this.#admit(request)) === undefined) throw this.#absent(request)
  }

  async #admit(request: FhirRequest): Promise<Passage | undefined> {
    if (!this.#guard) return { request }
    const path = this.#local(request.path)
    return this.#guard.admit({ ...request, path }, (one) => this.#known(one, request.signal))
  }

  #absent({ method, path }: FhirRequest): FhirError {
    return new FhirError(404, requestLine(method, this.#local(path)), NOT_FOUND)
  }

  #local(path: string): string {
    return this.#delivery.confine(path).local
  }

  /** What was left out of the answers so far because the connection may not see it. */
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

function matchesIn(bundle: Record<string, unknown>): Record<string, unknown>[] {
  return records(bundle, 'entry').flatMap(({ search, resource }) =>
    isRecord(resource) && !(isRecord(search) && search.mode === 'include') ? [resource] : [],
  )
}

/** Whether an error means that the record is missing or deleted. */
function isAbsence(error: unknown): boolean {
  return error instanceof FhirError && (error.status === 404 || error.status === 410)
}
