// The reads of read-only tools: prepared like every other request, and refused if they would do more than read.

import { isRecord, scalarText } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { FhirClient } from '../../client/client.ts'
import { Content } from '../../client/content.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { type AllPages, type ReadOptions, readAll } from '../../client/read-all.ts'
import type { FhirResponse } from '../../client/request.ts'
import { withStableOrder } from '../../fhir/paging.ts'
import type { ToolContext } from '../kit/tool.ts'

import { type Prepared, prepare } from '../request/prepare.ts'
import { advised } from './advised.ts'

function prepareRead(path: string, base: URL): Prepared {
  const prepared = prepare({ method: 'GET', path }, base)
  const { risk, request } = prepared
  if (risk.kind === 'read') return prepared
  throw new UserError(
    `This tool only reads. GET ${request.path.split('?')[0]} is not a read: ${risk.reason}. Nothing was sent.`,
  )
}

/**
 * The path to send for this GET: the same, or an equivalent that Medplum doesn't misread.
 *
 * @throws {PathError} {UserError} if it leads elsewhere, would be misread, or does more than read
 */
export function readingPath(path: string, base: URL): string {
  return prepareRead(path, base).request.path
}

/**
 * Reads what is at a path.
 *
 * @throws as {@link readingPath}, before anything is sent
 * @throws {FhirError} with advice, {TransportError}, {SessionError}
 */
export async function readOne(path: string, context: ToolContext): Promise<FhirResponse> {
  return (await readPrepared(path, context)).response
}

/** Like {@link readOne}, with notes about the request. */
export async function readPrepared(
  path: string,
  context: ToolContext,
): Promise<{ prepared: Prepared; response: FhirResponse }> {
  const { caller, fhir, signal, event } = context
  const prepared = prepareRead(path, caller.medplum.fhirBase)
  const response = await advised(prepared, context, () => fhir.send({ ...prepared.request, signal }))
  event.status = response.status
  return { prepared, response }
}

/**
 * Reads all that a search finds, in a stable order, as far as a limit and the call's time allow.
 *
 * @throws as {@link readOne}
 */
export async function readEvery(
  path: string,
  context: ToolContext,
  options: Pick<ReadOptions, 'cap' | 'keep'>,
): Promise<AllPages & { notes: string[] }> {
  const { caller, fhir, signal, event, progress } = context
  const prepared = prepareRead(path, caller.medplum.fhirBase)
  const whole = withStableOrder(prepared.request.path)
  const read = await advised(prepared, context, () => readAll(fhir, whole, { ...options, progress, signal }))
  event.status = 200
  return { ...read, notes: prepared.notes }
}

/** The answer to one of several reads. */
export interface ReadAnswer {
  /** HTTP status; 0 if Medplum gave none. */
  status: number
  /** The resource or Bundle, if it was found. */
  body: unknown
}

const TRY_LATER: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

/**
 * Several reads in one batch request, each with its own status.
 *
 * @param paths relative to the FHIR base, checked by {@link readingPath} here
 * @returns one answer for each path, in their order
 * @throws {FhirError} if one fails temporarily or all fail
 * @throws as {@link readingPath} and the client do
 */
export async function readTogether(
  fhir: FhirClient,
  base: URL,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadAnswer[]> {
  if (paths.length === 0) return []
  const entry = paths.map((path) => ({ request: { method: 'GET', url: readingPath(path, base) } }))
  const content = Content.json({ resourceType: 'Bundle', type: 'batch', entry })
  // All entries are reads, so it can be repeated.
  const { body } = await fhir.send({ method: 'POST', path: '', content, repeatable: true, signal })
  const answers = isRecord(body) && Array.isArray(body.entry) ? body.entry : []
  const found = paths.map((_, index) => answerOf(answers[index]))
  const failed = found.filter(({ status }) => status < 200 || status > 299)
  const [decisive] = failed.filter(({ status }) => TRY_LATER.has(status) || failed.length === found.length)
  if (decisive) throw new FhirError(decisive.status || 500, 'a search', decisive.outcome)
  return found
}

function answerOf(entry: unknown): ReadAnswer & { outcome: unknown } {
  const { response, resource } = isRecord(entry) ? entry : {}
  const { status, outcome } = isRecord(response) ? response : {}
  return { status: Number.parseInt(scalarText(status), 10) || 0, body: resource, outcome }
}
