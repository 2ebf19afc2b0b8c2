// Sends requests to Medplum: the caller's token, the time limit of a call, and what may be sent again.

import { timedOut, withDeadline } from '../base/deadline.ts'
import { secondsToWait } from '../base/rate-limit.ts'
import { VERSION } from '../base/version.ts'
import { confine, relativeTo } from '../fhir/path.ts'
import { FhirError } from './fhir-error.ts'
import { asksAuthor, received } from './received.ts'
import type { FhirRequest, FhirResponse, MedplumSession, Method } from './request.ts'
import { ConnectionLost, connectionLost, pause, TransportError } from './transport.ts'

const USER_AGENT = `medplum-mcp/${VERSION}`
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504])
const MAX_ATTEMPTS = 4
const FIRST_MS = 200

/** A place below the FHIR base. */
interface Address {
  /** The URL to request. */
  url: string
  /** Relative to the base. */
  local: string
}

/** Sends the requests of one call to one person's Medplum. */
export class Delivery {
  readonly #medplum: MedplumSession
  readonly #timeoutMs: number
  readonly #traceparent: string | undefined
  readonly #endsAt: number
  /** The last confined path, and its result. */
  #confined: { path: string; place: Address } | undefined

  /**
   * @param timeoutMs how long all requests may take together, in milliseconds, from now
   * @param traceparent W3C Trace Context, passed on
   */
  constructor(medplum: MedplumSession, timeoutMs: number, traceparent: string | undefined) {
    this.#medplum = medplum
    this.#timeoutMs = timeoutMs
    this.#traceparent = traceparent
    this.#endsAt = Date.now() + timeoutMs
  }

  /** Milliseconds left. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - Date.now())
  }

  /**
   * Resolves a path. The last result is remembered, since the checks of a request and its sending ask for the same path.
   *
   * @throws {PathError}
   */
  confine(path: string): Address {
    if (this.#confined?.path !== path) {
      const url = confine(path, this.#medplum.fhirBase)
      this.#confined = { path, place: { url: url.href, local: relativeTo(this.#medplum.fhirBase, url) } }
    }
    return this.#confined.place
  }

  /**
   * Sends one request. A 401 is answered by renewing the token and sending once more: Medplum refused before it acted. Only a
   * repeatable request is sent again for other reasons. No redirect is followed.
   *
   * @throws {PathError} {FhirError} {TransportError} {SessionError}
   */
  async deliver(given: FhirRequest): Promise<FhirResponse> {
    const { url, local } = this.confine(given.path)
    const request = { ...given, path: local }
    const name = requestLine(request.method, request.path)
    return withDeadline(this.remainingMs, request.signal, async (signal) => {
      try {
        return await this.#attempts(url, request, name, signal)
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        if (timedOut(signal)) throw lost(`Medplum did not answer ${name} within ${this.#timeoutMs / 1000} s`, request)
        if (signal.aborted) throw new TransportError(`${name} was cancelled.`)
        throw lost(`The connection to Medplum failed during ${name}`, request)
      }
    })
  }

  /** The answer of `/auth/me`, the only address outside the FHIR base; requested once. */
  async whoAmI(): Promise<unknown> {
    return withDeadline(this.remainingMs, undefined, async (signal) => {
      const { href: url } = new URL('../../auth/me', this.#medplum.fhirBase)
      const request: FhirRequest = { method: 'GET', path: '' }
      const response = await this.#fetch(url, request, await this.#medplum.token(), signal)
      return (await this.#read(response, request, 'GET auth/me')).body
    })
  }

  async #attempts(url: string, request: FhirRequest, name: string, signal: AbortSignal): Promise<FhirResponse> {
    let renewed = false
    let token = await this.#medplum.token()
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.#fetch(url, request, token, signal)
        if (response.status === 401 && !renewed) {
          await response.body?.cancel()
          renewed = true
          token = await this.#medplum.renew(token)
          continue
        }
        const wait = RETRIED_STATUS.has(response.status) ? this.#wait(request, attempt, response) : undefined
        if (wait === undefined) return await this.#read(response, request, name)
        await response.body?.cancel()
        await pause(wait, signal)
      } catch (error) {
        const wait = error instanceof ConnectionLost && !signal.aborted ? this.#wait(request, attempt) : undefined
        if (wait === undefined) throw attempt > 0 ? asRepeated(error) : error
        await pause(wait, signal)
      }
    }
  }

  /** Milliseconds to wait before the request may be repeated; undefined if it may not, or not in time. */
  #wait({ repeatable }: FhirRequest, attempt: number, response?: Response): number | undefined {
    if (!repeatable) return undefined
    const pace = backoff(attempt)
    if (pace === undefined) return undefined
    const told = response?.status === 429 ? secondsToWait(response.headers.get('ratelimit')) : undefined
    // A limit that says it resets immediately gets the usual pause: no attempt follows another without one.
    const wait = Math.max(pace, (told ?? 0) * 1000)
    return wait < this.remainingMs ? wait : undefined
  }

  #fetch(url: string, request: FhirRequest, token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {
      // Medplum sends a Binary's bytes only if FHIR JSON isn't accepted.
      accept: request.part ? '*/*' : 'application/fhir+json',
      authorization: `Bearer ${token}`,
      'user-agent': USER_AGENT,
      ...(request.content && { 'content-type': request.content.type }),
      ...(request.ifMatch !== undefined && { 'if-match': request.ifMatch }),
      ...(request.ifNoneExist !== undefined && { 'if-none-exist': request.ifNoneExist }),
      ...(request.respondAsync && { prefer: 'respond-async' }),
      ...(asksAuthor(request) && { 'x-medplum': 'extended' }),
      ...(this.#traceparent !== undefined && { traceparent: this.#traceparent }),
    }
    const init: RequestInit = { method: request.method, headers, redirect: 'manual', signal }
    if (request.content) init.body = request.content.bytes
    return fetch(url, init).catch(connectionLost)
  }

  #read(response: Response, request: FhirRequest, name: string): Promise<FhirResponse> {
    return received(response, request, name, this.#medplum.fhirBase)
  }
}

/** A request's name in errors: without the query, which may identify a patient. */
export function requestLine(method: Method, path: string): string {
  return `${method} ${path.split('?')[0] || '(the FHIR base)'}`
}

/** Milliseconds to wait after the nth attempt (from 0), with jitter; undefined if enough were made. */
export function backoff(attempt: number): number | undefined {
  if (attempt >= MAX_ATTEMPTS - 1) return undefined
  return FIRST_MS * 2 ** attempt * (0.5 + Math.random())
}

/** If the condition of a repeated write fails, the first attempt may have been carried out although its answer was lost. */
function asRepeated(error: unknown): unknown {
  if (error instanceof FhirError && error.status === 412) {
    error.message +=
      '\nThe request was repeated after a lost answer, so it may conflict with its own change. Read the record to check.'
  }
  return error
}

function lost(what: string, { method, repeatable }: FhirRequest): TransportError {
  const safe = method === 'GET' || repeatable
  return new TransportError(
    `${what}. ${safe ? 'Try again.' : 'It is unknown whether it was carried out: check before you retry.'}`,
  )
}
