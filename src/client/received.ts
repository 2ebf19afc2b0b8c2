// Reads Medplum's answer: throws its errors, limits its length, and makes its links local. Secrets are still in it; the client hides
// them before it returns the answer.

import { isRecord } from '../base/json.ts'
import { charsetIn } from '../base/text.ts'
import { confine, relativeTo } from '../fhir/path.ts'
import { withPlainQueryOfServer } from '../fhir/query.ts'
import { FhirError } from './fhir-error.ts'
import { readBytes } from './read-bytes.ts'
import type { FhirRequest, FhirResponse } from './request.ts'
import { connectionLost, TransportError } from './transport.ts'

/** JSON answers larger than this many bytes are not read. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

/**
 * Reads the answer to a request.
 *
 * @param name how the request is named in errors
 * @throws {FhirError} for one that is not 2xx
 * @throws {TransportError} for one that is too large
 * @throws {ConnectionLost} when the connection fails meanwhile
 */
export async function received(
  response: Response,
  request: FhirRequest,
  name: string,
  fhirBase: URL,
): Promise<FhirResponse> {
  const contentType = mediaTypeOf(response.headers.get('content-type'))
  if (!response.ok) {
    const { bytes } = await readBytes(response, { offset: 0, length: MAX_ANSWER_BYTES }).catch(connectionLost)
    throw new FhirError(response.status, name, parseBody(contentType, bytes), Object.fromEntries(response.headers))
  }
  const filePart = isFhirJson(contentType) ? undefined : request.part
  const part = filePart ?? { offset: 0, length: MAX_ANSWER_BYTES }
  const { bytes, before, more } = await readBytes(response, part).catch(connectionLost)
  if (more && part.length === MAX_ANSWER_BYTES) {
    throw new TransportError(
      `The answer to ${name} is larger than ${MAX_ANSWER_BYTES / 1024 / 1024} MB and was not read. Ask for less: use _count, _elements or a narrower search.`,
    )
  }
  const jobPath = localPath(response.headers.get('content-location'), fhirBase)
  const size = Number(response.headers.get('content-length') ?? Number.NaN)
  const charset = charsetIn(response.headers.get('content-type') ?? '')
  const parsed = filePart ? undefined : parseBody(contentType, bytes)
  return {
    status: response.status,
    contentType,
    body: filePart ? bytes : withLocalLinks(asksAuthor(request) ? withAuthorOnly(parsed) : parsed, fhirBase),
    ...(jobPath !== undefined && { jobPath }),
    ...(request.part && { file: { size: Number.isFinite(size) ? size : undefined, before, more, charset } }),
  }
}

/** A file's type was chosen by whoever stored it: an invalid media type (RFC 9110, section 8.3.1) is ignored. */
function mediaTypeOf(header: string | null): string {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? ''
  return /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}$/.test(type) ? type : ''
}

/** FHIR's own JSON, as opposed to the content of a JSON file. */
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

/** The part of a base that names a project: `https://api.medplum.com/projects/ID/fhir/R4/`. Links may omit it. */
const PROJECT = /\/projects\/[^/]+(?=\/fhir\/R4\/$)/

/** An address from Medplum, as a path that can be requested; undefined if it leads elsewhere. */
function localPath(address: string | null, fhirBase: URL): string | undefined {
  if (!address) return undefined
  const whole = fhirBase.href.replace(PROJECT, '')
  const own = address.startsWith(whole) ? fhirBase.href + address.slice(whole.length) : address
  try {
    return relativeTo(fhirBase, confine(own, fhirBase))
  } catch {
    return undefined
  }
}

/** Paging links of a Bundle as paths below the base. A foreign link is dropped, so that no link leads a model elsewhere. */
function withLocalLinks(body: unknown, fhirBase: URL): unknown {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.link)) return body
  const link = body.link.flatMap((item: unknown) => {
    const url = isRecord(item) && typeof item.url === 'string' ? localPath(item.url, fhirBase) : undefined
    return url === undefined ? [] : [{ ...(item as Record<string, unknown>), url: withPlainQueryOfServer(url) }]
  })
  return { ...body, link }
}

// ── Who changed a record: only the extended mode says that, together with Medplum's data for access control, which is dropped ──

const RECORD = /^(?!Binary\/)[A-Z][A-Za-z]*\/[A-Za-z0-9.-]+(?:\/_history(?:\/[A-Za-z0-9.-]+)?)?(?:\?|$)/

/** Whether this reads one record, or its history. */
export function asksAuthor({ method, path }: FhirRequest): boolean {
  return method === 'GET' && RECORD.test(path)
}

/** The answer of the extended mode, of which only `meta.author` is kept. */
function withAuthorOnly(body: unknown): unknown {
  if (!isRecord(body)) return body
  if (body.resourceType !== 'Bundle' || body.type !== 'history') return plainRecord(body)
  if (!Array.isArray(body.entry)) return body
  const entry = body.entry.map((one: unknown) =>
    isRecord(one) && 'resource' in one ? { ...one, resource: plainRecord(one.resource) } : one,
  )
  return { ...body, entry }
}

function plainRecord(resource: unknown): unknown {
  if (!isRecord(resource) || !isRecord(resource.meta)) return resource
  const {
    project: _project,
    compartment: _compartment,
    account: _account,
    accounts: _accounts,
    ...meta
  } = resource.meta
  return { ...resource, meta }
}
