// Marks records that an AI wrote: with the security label of HL7's AI Transparency on FHIR, and with a Provenance that names the person
// and the client. Pure; src/tools/perform/send-marked.ts applies it.

import { isRecord } from '../base/json.ts'
import type { Method } from '../client/request.ts'

/**
 * The label in `meta.security` of a resource that an AI asserted.
 * Source: http://hl7.org/fhir/uv/aitransparency/ValueSet/ProvenanceVS.
 */
export const AI_ASSERTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
} as const

/** Types that aren't records: a label would change a file, a Bundle or an operation's input. */
const UNLABELLED: ReadonlySet<string> = new Set(['Binary', 'Bundle', 'Parameters'])

/**
 * The body with the label on each resource that the request would create or replace; any other body unchanged.
 * PATCH is not among them, see {@link labelPatch}.
 *
 * @param path relative to the FHIR base, with its query
 */
export function labelled(method: Method, path: string, body: unknown): unknown {
  if (method === 'POST' && /^(\?|$)/.test(path)) return isBatch(body) ? labelledBatch(body) : body
  return stores(method, path) && isRecord(body) ? labelledResource(body) : body
}

/** How many entries of a batch are patches, which don't get the label. */
export function patchesIn(body: unknown): number {
  return isBatch(body) ? body.entry.filter((entry) => requestOf(entry)?.method === 'PATCH').length : 0
}

/** Whether this is a create or a replacement, conditional ones included, of one record. */
function stores(method: string, path: string): boolean {
  // The body of a POST to Binary is a file, and may itself be the JSON of a resource.
  if (UNLABELLED.has(/^[A-Za-z]+/.exec(path)?.[0] ?? '')) return false
  if (method === 'POST') return /^[A-Z][A-Za-z]*(\?|$)/.test(path)
  return method === 'PUT' && /^[A-Z][A-Za-z]*(\/[A-Za-z0-9.-]+)?(\?|$)/.test(path)
}

interface Batch extends Record<string, unknown> {
  entry: unknown[]
}

function isBatch(body: unknown): body is Batch {
  return isRecord(body) && body.resourceType === 'Bundle' && Array.isArray(body.entry)
}

function requestOf(entry: unknown): { method: string; url: string } | undefined {
  const request = isRecord(entry) ? entry.request : undefined
  if (!isRecord(request) || typeof request.method !== 'string' || typeof request.url !== 'string') return undefined
  return { method: request.method.toUpperCase(), url: localPart(request.url) }
}

/** Confinement allows an entry's URL to have a leading slash, the base's path or the whole address. */
function localPart(url: string): string {
  return url
    .trim()
    .replace(/^.*\/fhir\/R4\//i, '')
    .replace(/^\/?(fhir\/R4\/)?/i, '')
}

function labelledBatch(bundle: Batch): Batch {
  const entry = bundle.entry.map((one) => {
    const request = requestOf(one)
    if (!request || !stores(request.method, request.url) || !isRecord(one) || !isRecord(one.resource)) return one
    return { ...one, resource: labelledResource(one.resource) }
  })
  return { ...bundle, entry }
}

function labelledResource(resource: Record<string, unknown>): Record<string, unknown> {
  const { resourceType, meta = {} } = resource
  if (typeof resourceType !== 'string' || UNLABELLED.has(resourceType) || !isRecord(meta)) return resource
  const { security = [] } = meta
  // Medplum reports malformed entries.
  if (!Array.isArray(security) || security.some(isLabel)) return resource
  return { ...resource, meta: { ...meta, security: [...security, AI_ASSERTED] } }
}

function isLabel(coding: unknown): boolean {
  return isRecord(coding) && coding.system === AI_ASSERTED.system && coding.code === AI_ASSERTED.code
}

/** A JSON Patch that adds the label, and the only version that it applies to, if there is one. */
interface LabelledPatch {
  operations: unknown[]
  onlyFor?: string
}

/**
 * A JSON Patch with one more operation, which adds the label. JSON Patch (RFC 6902) can append only to an existing array, so the
 * operation depends on the record: if it has no label at all, the array is created, but only in the version that was read, so that no
 * label added in the meantime is lost.
 *
 * @param current the record as it is
 * @returns undefined if the patch itself changes the labels, or the record can't be labelled
 */
export function labelPatch(operations: readonly unknown[], current: unknown): LabelledPatch | undefined {
  const meta = isRecord(current) ? current.meta : undefined
  if (!isRecord(current) || !isRecord(meta) || UNLABELLED.has(String(current.resourceType))) return undefined
  if (operations.some(changesLabels)) return undefined
  const { security, versionId } = meta
  if (Array.isArray(security) && security.some(isLabel)) return { operations: [...operations] }
  if (Array.isArray(security)) return { operations: [...operations, add('/meta/security/-', AI_ASSERTED)] }
  if (security !== undefined || typeof versionId !== 'string') return undefined
  const test = { op: 'test', path: '/meta/versionId', value: versionId }
  return { operations: [test, ...operations, add('/meta/security', [AI_ASSERTED])], onlyFor: versionId }
}

function changesLabels(operation: unknown): boolean {
  if (!isRecord(operation) || operation.op === 'test') return false
  return [operation.path, operation.from].some((path) => /^(\/meta(\/security(\/.*)?)?)?$/.test(String(path ?? '/-')))
}

function add(path: string, value: unknown) {
  return { op: 'add', path, value }
}

// ── Provenance ──

/** A version of a record that a request created. */
export interface WrittenVersion {
  /** `Patient/123/_history/456` */
  reference: string
  created: boolean
}

/** A version older than the request by more than this existed before: Medplum returns it for a PUT that changes nothing. */
const CLOCKS_DIFFER_MS = 60_000
/** Types that get no Provenance: otherwise a Provenance would need a Provenance, too. */
const UNRECORDED: ReadonlySet<string> = new Set(['Provenance', 'AuditEvent'])

/**
 * The versions that a request created, according to Medplum's answer.
 *
 * @param asked the request: its body matters for a batch only
 * @param answer status and body
 * @param since when the request was sent, in milliseconds since the epoch
 */
export function writtenBy(
  asked: { method: Method; path: string; body?: unknown },
  answer: { status: number; body: unknown },
  since: number,
): WrittenVersion[] {
  const { method, path, body } = asked
  if (method !== 'POST' || !/^(\?|$)/.test(path)) return versionOf(method, path, answer.status, answer.body, since)
  if (!isBatch(body) || !isBatch(answer.body)) return []
  const answers = answer.body.entry
  return body.entry.flatMap((entry, index) => {
    const request = requestOf(entry)
    const answered = answers[index]
    const response = isRecord(answered) && isRecord(answered.response) ? answered.response : {}
    if (!request || !isRecord(answered)) return []
    const status = Number.parseInt(String(response.status), 10)
    return versionOf(request.method, request.url, status, answered.resource, since)
  })
}

function versionOf(method: string, path: string, status: number, resource: unknown, since: number): WrittenVersion[] {
  const changes = stores(method, path) || (method === 'PATCH' && stores('PUT', path))
  // A conditional create that found a record answers 200 with it.
  if (!changes || (status !== 201 && (status !== 200 || method === 'POST'))) return []
  if (!isRecord(resource) || !isRecord(resource.meta) || UNRECORDED.has(String(resource.resourceType))) return []
  const { resourceType, id, meta } = resource
  if (typeof resourceType !== 'string' || typeof id !== 'string' || typeof meta.versionId !== 'string') return []
  if (Date.parse(String(meta.lastUpdated)) < since - CLOCKS_DIFFER_MS) return []
  return [{ reference: `${resourceType}/${id}/_history/${meta.versionId}`, created: status === 201 }]
}

/** Who a record is attributed to. */
export interface Author {
  /** The person's profile: `Practitioner/123` and the like. */
  profile: string
  /** The name of the client, as the client gave it. */
  client: string
}

/** Profiles that a Provenance may name (FHIR R4, Provenance.agent.who); Medplum also has bots and clients. */
const PERSON = /^(Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization)\/[A-Za-z0-9.-]{1,64}$/

/** The Provenance of these versions (FHIR R4, section 6.3). */
export function provenanceOf(written: readonly WrittenVersion[], { profile, client }: Author, at: Date) {
  const person = PERSON.test(profile) ? { reference: profile } : { display: profile }
  const activity = written.every(({ created }) => created)
    ? { code: 'CREATE', display: 'create' }
    : { code: 'UPDATE', display: 'revise' }
  return {
    resourceType: 'Provenance',
    target: written.map(({ reference }) => ({ reference })),
    recorded: at.toISOString(),
    reason: [{ coding: [AI_ASSERTED] }],
    activity: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', ...activity }] },
    agent: [
      { type: participant('enterer', 'Enterer'), who: person },
      { type: participant('assembler', 'Assembler'), who: { display: client }, onBehalfOf: person },
    ],
  }
}

function participant(code: string, display: string) {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code, display }] }
}
