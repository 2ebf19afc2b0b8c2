// The one place that speaks to Medplum's FHIR API: own fetch wrapper, because a general client retries POST, hides status
// and headers, and sends its token to absolute URLs.
import type { Caller } from '../caller.ts'
import { timedOut, withDeadline } from '../deadline.ts'
import { FhirError } from './outcome.ts'
import { confine, relativeTo } from './path.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface FhirRequest {
  method: Method
  /** Relative to the FHIR base; confined to it. */
  path: string
  /** Sent as JSON. */
  body?: unknown
  /** Aborts the request at Medplum. */
  signal?: AbortSignal
}

export interface FhirResponse {
  /** HTTP status, 200 to 299. */
  status: number
  contentType: string
  /** JSON as a value, any other text as a string, nothing as undefined. */
  body: unknown
  /** Where an asynchronous job tells its state, as a path relative to the FHIR base. */
  jobPath?: string
}

/** The request could not be sent, or its answer not be read: no status, so it is unknown whether Medplum acted. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
}

/** The network failed, or the request was aborted: which of the two, the signal tells. */
class ConnectionLost extends Error {}

function connectionLost(): never {
  throw new ConnectionLost()
}

/** Answers larger than this many bytes are not read. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const USER_AGENT = 'medplum-mcp/0.1.0'

export class FhirClient {
  readonly #medplum: Caller['medplum']
  readonly #timeoutMs: number

  /** @param timeoutMs how long one request may take, in milliseconds */
  constructor(medplum: Caller['medplum'], timeoutMs: number) {
    this.#medplum = medplum
    this.#timeoutMs = timeoutMs
  }

  /**
   * Sends one request with the caller's Medplum token. A 401 is answered by renewing the token and sending once more:
   * Medplum refused before it acted. Nothing else is repeated, and no redirect is followed.
   *
   * @throws {PathError} before sending, for a path outside the FHIR base
   * @throws {FhirError} for any answer that is not 2xx
   * @throws {TransportError} when no answer came in time
   * @throws {SessionError} when the Medplum session has ended
   */
  async send(request: FhirRequest): Promise<FhirResponse> {
    const url = confine(request.path, this.#medplum.fhirBase)
    // Without the query: it may hold what identifies a patient.
    const name = `${request.method} ${relativeTo(this.#medplum.fhirBase, url).split('?')[0] || '(the FHIR base)'}`
    return withDeadline(this.#timeoutMs, request.signal, async (signal) => {
      try {
        const token = await this.#medplum.token()
        let response = await this.#fetch(url, request, token, signal)
        if (response.status === 401) {
          await response.body?.cancel()
          response = await this.#fetch(url, request, await this.#medplum.renew(token), signal)
        }
        return await this.#read(response, name)
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        if (timedOut(signal)) throw lost(`Medplum did not answer ${name} within ${this.#timeoutMs / 1000} s`, request)
        if (signal.aborted) throw new TransportError(`${name} was cancelled.`)
        throw lost(`The connection to Medplum failed during ${name}`, request)
      }
    })
  }

  #fetch(url: URL, request: FhirRequest, token: string, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({
      accept: 'application/fhir+json',
      authorization: `Bearer ${token}`,
      'user-agent': USER_AGENT,
    })
    const init: RequestInit = { method: request.method, headers, redirect: 'manual', signal }
    if (request.body !== undefined) {
      headers.set('content-type', contentTypeOf(request))
      init.body = JSON.stringify(request.body)
    }
    return fetch(url, init).catch(connectionLost)
  }

  async #read(response: Response, name: string): Promise<FhirResponse> {
    const contentType = response.headers.get('content-type') ?? ''
    const body = parseBody(contentType, await readText(response, name))
    if (!response.ok) throw new FhirError(response.status, name, body)
    const jobPath = this.#localPath(response.headers.get('content-location'))
    return {
      status: response.status,
      contentType,
      body: withLocalLinks(body, (link) => this.#localPath(link)),
      ...(jobPath !== undefined && { jobPath }),
    }
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

function lost(what: string, { method }: FhirRequest): TransportError {
  const next = method === 'GET' ? 'Try again.' : 'It is unknown whether it was carried out: look before you repeat it.'
  return new TransportError(`${what}. ${next}`)
}

function contentTypeOf(request: FhirRequest): string {
  return request.method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json'
}

async function readText(response: Response, name: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value: chunk } = (await reader?.read().catch(connectionLost)) ?? { done: true }
    if (done || !chunk) return text + decoder.decode()
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) {
      await reader?.cancel()
      throw new TransportError(
        `The answer to ${name} is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MB and was not read. Ask for less, by _count, _elements or a narrower search.`,
      )
    }
    text += decoder.decode(chunk, { stream: true })
  }
}

function parseBody(contentType: string, text: string): unknown {
  if (text === '') return undefined
  if (!/[/+]json\b/i.test(contentType)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Paging links of a Bundle as paths below the base: a foreign one is dropped, so that no link leads a model outside. */
function withLocalLinks(body: unknown, localPath: (address: string) => string | undefined): unknown {
  if (!isBundle(body) || !Array.isArray(body.link)) return body
  const link = body.link.flatMap((item: unknown) => {
    const url = isRecord(item) && typeof item.url === 'string' ? localPath(item.url) : undefined
    return url === undefined ? [] : [{ ...(item as Record<string, unknown>), url }]
  })
  return { ...body, link }
}

function isBundle(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && body.resourceType === 'Bundle'
}

/** Whether this is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
