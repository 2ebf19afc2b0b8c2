// The one place that speaks to Medplum's FHIR API: own fetch wrapper, because a general client retries POST, hides status
// and headers, and sends its token to absolute URLs.
import { timedOut, withDeadline } from '../deadline.ts'
import { isRecord } from '../json.ts'
import { VERSION } from '../version.ts'
import { readBytes } from './bytes.ts'
import { type Guard, NOT_FOUND } from './guard.ts'
import { FhirError } from './outcome.ts'
import { confine, relativeTo } from './path.ts'
import { redact } from './redact.ts'
import { backoff, secondsToWait } from './retry.ts'

export { isRecord }

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

/** The request could not be sent, or its answer not be read: no status, so it may be unknown whether Medplum acted. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
}

/** The network failed, or the request was aborted: which of the two, the signal tells. */
class ConnectionLost extends Error {}

function connectionLost(): never {
  throw new ConnectionLost()
}

/** JSON answers larger than this many bytes are not read. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const USER_AGENT = `medplum-mcp/${VERSION}`
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** A person's session at a Medplum server. */
export interface MedplumSession {
  fhirBase: URL
  /** A Medplum access token that has not expired. */
  token(): Promise<string>
  /** A Medplum access token other than this one, which Medplum refused. */
  renew(refused: string): Promise<string>
}

export interface ClientOptions {
  traceparent?: string | undefined
  guard?: Guard
}

export class FhirClient {
  readonly #medplum: MedplumSession
  readonly #timeoutMs: number
  readonly #traceparent: string | undefined
  readonly #guard: Guard | undefined
  readonly #endsAt: number

  /**
   * @param timeoutMs how long all requests of one call may take together, in milliseconds
   * @param options.traceparent W3C Trace Context of the call, passed on
   * @param options.guard what requests and answers pass
   */
  constructor(medplum: MedplumSession, timeoutMs: number, { traceparent, guard }: ClientOptions = {}) {
    this.#medplum = medplum
    this.#timeoutMs = timeoutMs
    this.#traceparent = traceparent
    this.#guard = guard
    this.#endsAt = Date.now() + timeoutMs
  }

  /** Milliseconds left of the call's time. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - Date.now())
  }

  /** Who is signed in, with which rights (`/auth/me`, the one address outside the FHIR base); undefined if that fails. */
  async whoAmI(): Promise<unknown> {
    try {
      return await withDeadline(this.remainingMs, undefined, async (signal) => {
        const url = new URL('../../auth/me', this.#medplum.fhirBase)
        const request: FhirRequest = { method: 'GET', path: '' }
        const response = await this.#fetch(url, request, await this.#medplum.token(), signal)
        return (await this.#read(response, request, 'GET auth/me')).body
      })
    } catch {
      return undefined
    }
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
    const path = relativeTo(this.#medplum.fhirBase, confine(request.path, this.#medplum.fhirBase))
    const passage = this.#guard
      ? await this.#guard.admit({ ...request, path }, (one) => this.#known(one, request.signal))
      : { request }
    try {
      const response = passage && (await this.#deliver(passage.request))
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
      return (await this.#deliver(request)).body
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  async #deliver(request: FhirRequest): Promise<FhirResponse> {
    const url = confine(request.path, this.#medplum.fhirBase)
    const name = nameOf(request.method, relativeTo(this.#medplum.fhirBase, url))
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

  async #attempts(url: URL, request: FhirRequest, name: string, signal: AbortSignal): Promise<FhirResponse> {
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

  /** Milliseconds to wait before the request may be repeated; undefined where it may not, or not in time. */
  #wait({ repeatable }: FhirRequest, attempt: number, response?: Response): number | undefined {
    if (!repeatable) return undefined
    const pace = backoff(attempt)
    if (pace === undefined) return undefined
    const told = response?.status === 429 ? secondsToWait(response.headers.get('ratelimit')) : undefined
    // A limit that says it is reset at once is given the usual pause: no attempt follows another without one.
    const wait = Math.max(pace, (told ?? 0) * 1000)
    return wait < this.remainingMs ? wait : undefined
  }

  #fetch(url: URL, request: FhirRequest, token: string, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({
      // A Binary's bytes come only where FHIR JSON isn't asked for.
      accept: request.part ? '*/*' : 'application/fhir+json',
      authorization: `Bearer ${token}`,
      'user-agent': USER_AGENT,
    })
    if (request.content) headers.set('content-type', request.content.type)
    if (request.ifMatch !== undefined) headers.set('if-match', request.ifMatch)
    if (request.ifNoneExist !== undefined) headers.set('if-none-exist', request.ifNoneExist)
    if (request.respondAsync) headers.set('prefer', 'respond-async')
    if (this.#traceparent !== undefined) headers.set('traceparent', this.#traceparent)
    const init: RequestInit = { method: request.method, headers, redirect: 'manual', signal }
    if (request.content) init.body = request.content.data
    return fetch(url, init).catch(connectionLost)
  }

  async #read(response: Response, request: FhirRequest, name: string): Promise<FhirResponse> {
    const contentType = mediaTypeOf(response.headers.get('content-type'))
    if (!response.ok) {
      const { bytes } = await readBytes(response, { offset: 0, length: MAX_ANSWER_BYTES }).catch(connectionLost)
      throw new FhirError(response.status, name, parseBody(contentType, bytes), Object.fromEntries(response.headers))
    }
    const part = request.part && !isFhirJson(contentType) ? request.part : { offset: 0, length: MAX_ANSWER_BYTES }
    const { bytes, before, more } = await readBytes(response, part).catch(connectionLost)
    if (more && part.length === MAX_ANSWER_BYTES) {
      throw new TransportError(
        `The answer to ${name} is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MB and was not read. Ask for less, by _count, _elements or a narrower search.`,
      )
    }
    const jobPath = this.#localPath(response.headers.get('content-location'))
    const size = Number(response.headers.get('content-length') ?? Number.NaN)
    return {
      status: response.status,
      contentType,
      body: request.part && !isFhirJson(contentType) ? bytes : this.#clean(parseBody(contentType, bytes), request),
      ...(jobPath !== undefined && { jobPath }),
      ...(request.part && { file: { size: Number.isFinite(size) ? size : undefined, before, more } }),
    }
  }

  /** A body fit for a model: links that can be asked for again, no signed address, no secret. */
  #clean(body: unknown, { hidden }: FhirRequest): unknown {
    return redact(
      withLocalLinks(body, (link) => this.#localPath(link)),
      hidden,
    )
  }

  /** An address that Medplum gives, as a path that can be asked for again; undefined where it leads elsewhere. */
  #localPath(address: string | null): string | undefined {
    if (!address) return undefined
    try {
      return relativeTo(this.#medplum.fhirBase, confine(address, this.#medplum.fhirBase))
    } catch {
      return undefined
    }
  }
}

/** Not there, or not any more. */
function isAbsence(error: unknown): boolean {
  return error instanceof FhirError && (error.status === 404 || error.status === 410)
}

/** How a request is named in errors: without the query, which may hold what identifies a patient. */
function nameOf(method: Method, path: string): string {
  return `${method} ${path.split('?')[0] || '(the FHIR base)'}`
}

/** A guard that failed on a repeated write may have met that very write: its first answer can have been lost on the way. */
function asRepeated(error: unknown): unknown {
  if (error instanceof FhirError && error.status === 412) {
    error.message +=
      '\nThe request was sent again after a lost answer, so the change that was met may be its own. Read the record.'
  }
  return error
}

function lost(what: string, { method, repeatable }: FhirRequest): TransportError {
  const safe = method === 'GET' || repeatable
  return new TransportError(
    `${what}. ${safe ? 'Try again.' : 'It is unknown whether it was carried out: look before you repeat it.'}`,
  )
}

/** Waits, unless the call ends before. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new ConnectionLost()
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      reject(new ConnectionLost())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** Whoever stored a file chose its type: what is no media type (RFC 9110, section 8.3.1) says nothing. */
function mediaTypeOf(header: string | null): string {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? ''
  return /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}$/.test(type) ? type : ''
}

/** FHIR's own JSON, in contrast to JSON that is merely a file's content. */
function isFhirJson(contentType: string): boolean {
  return contentType === 'application/fhir+json'
}

function parseBody(contentType: string, bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes)
  if (text === '') return undefined
  if (!/[/+]json$/.test(contentType)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Paging links of a Bundle as paths below the base: a foreign one is dropped, so that no link leads a model outside. */
function withLocalLinks(body: unknown, localPath: (address: string) => string | undefined): unknown {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.link)) return body
  const link = body.link.flatMap((item: unknown) => {
    const url = isRecord(item) && typeof item.url === 'string' ? localPath(item.url) : undefined
    return url === undefined ? [] : [{ ...(item as Record<string, unknown>), url }]
  })
  return { ...body, link }
}
