// Carries out one FHIR request, from arguments to answer: prepares and sends it, waits for a job, and adds advice to an error.

import { typeOfTarget } from '../../audit/audit.ts'
import { isRecord } from '../../base/json.ts'
import { fewerLines } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import type { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { follow, isEnded, isJobPath, resultOf } from '../../client/job.ts'
import { readAll } from '../../client/read-all.ts'
import type { FhirRequest, FhirResponse } from '../../client/request.ts'
import { isPaged, matchesOf, withStableOrder, withTotal } from '../../fhir/paging.ts'
import { countPath, parsePlace } from '../../fhir/query.ts'
import { isOneValue, MAX_PART } from '../../text/file.ts'
import { permitted, pinnedToAgreement } from '../confirm/confirm.ts'
import { dryRun } from '../confirm/dry-run.ts'
import type { ToolContext, ToolOutput } from '../kit/tool.ts'
import { type Prepared, prepare, type RequestArguments, versionInIfMatch } from '../request/prepare.ts'
import { MAX_ALL, type View, type ViewArguments, viewOf } from '../request/view.ts'
import { advised } from './advised.ts'
import { storedBy, unmet, unmetByRecords } from './definitions.ts'
import { missedCodes } from './missed-codes.ts'
import { present, withNotes } from './present.ts'
import { withStored } from './put-back.ts'
import { confineTo, type Scope } from './scope.ts'
import { sendMarked } from './send-marked.ts'
import { serverSummary } from './server-summary.ts'

/**
 * Carries out one request, if it is of a kind that the tool is for.
 *
 * @throws {UserError} {PathError} before anything is sent
 * @throws {FhirError} with advice, {TransportError}, {SessionError}
 */
export async function perform(
  args: RequestArguments & ViewArguments,
  context: ToolContext,
  scope?: Scope,
): Promise<ToolOutput> {
  const { caller, event } = context
  const { view, path } = viewOf(args, args.path, context.answerChars)
  const prepared = prepare({ ...args, path }, caller.medplum.fhirBase, context.marks.label)
  event.kind = prepared.risk.kind
  event.type = typeOfTarget(prepared.risk.targets[0]) ?? 'other'
  if (scope) confineTo(scope, prepared)
  const summary = await serverSummary(prepared, view, context)
  if (summary !== undefined) return fewerLines(summary, view.maxChars)
  const work = advised(prepared, context, async () => {
    if (view.all) return performAll(prepared, view, context)
    if (args.dryRun && prepared.risk.kind !== 'read') {
      await context.fhir.check(prepared.request)
      const { text, patched } = await dryRun(args, prepared, context)
      const found = await unmetByRecords([...storedBy(prepared.asked), ...patched], context)
      const notes = [...prepared.notes, ...found]
      const room = view.maxChars - notes.join('\n').length - notes.length * 'Note: '.length
      return withNotes([{ type: 'text', text: fewerLines(text, Math.max(room, view.maxChars / 2)) }], notes)
    }
    const permit = await permitted(scope?.tool ?? 'fhir-request', args, prepared, context)
    if (!('agreed' in permit)) return permit
    if (permit.agreed === undefined) return performOne(args, prepared, view, context)
    const exact = await pinnedToAgreement(permit.agreed, { ...args, path }, prepared, context)
    return performOne(exact, prepare(exact, caller.medplum.fhirBase, context.marks.label), view, context)
  })
  return work.catch((error: unknown) => {
    if (error instanceof FhirError) error.message = fewerLines(error.message, view.maxChars)
    throw error
  })
}

async function performOne(
  args: RequestArguments,
  prepared: Prepared,
  view: View,
  context: ToolContext,
): Promise<ToolOutput> {
  const { fhir, signal, event } = context
  if (args.method === 'DELETE' && args.ifMatch !== undefined) await compareVersion(fhir, prepared, args.ifMatch, signal)
  const complete = { ...prepared, request: await withStored(prepared.request, context) }
  const { response: first, notes } = await sendMarked(complete, context)
  const response = await fromBeginning(first, prepared.request, context)
  event.status = response.status
  const { path } = prepared.request
  const jobPath = response.jobPath ?? (args.method === 'GET' && isJobPath(path) ? path : undefined)
  const running = response.status === 202 && jobPath !== undefined && !isEnded(response.body)
  if (running) return presentJob(context, prepared, view, jobPath)
  const missed = await missedCodes(prepared.asked, response.body, context)
  const told = { ...prepared, notes: [...prepared.notes, ...notes, ...missed] }
  // If something was left out, the total must not reveal it.
  const body = fhir.withheld === undefined ? withTotal(prepared.asked.path, response.body) : response.body
  return presentWhole(told, { ...response, body }, view, context, args.offset)
}

/** Presents an answer, with notes on missing definitions. */
async function presentWhole(
  prepared: Prepared,
  response: FhirResponse,
  view: View,
  context: ToolContext,
  offset?: number,
): Promise<ToolOutput> {
  const notes = [...prepared.notes, ...(await unmet(prepared.asked, response, context))]
  return present({ ...prepared, notes }, response, view, offset)
}

/** Reads a JSON file from its start, whichever part was requested, because secrets can be found only in the whole. */
async function fromBeginning(
  response: FhirResponse,
  request: FhirRequest,
  { fhir, signal }: ToolContext,
): Promise<FhirResponse> {
  const { part } = request
  if (!part?.offset || !(response.body instanceof Uint8Array) || !isOneValue(response.contentType)) return response
  return fhir.send({ ...request, part: { ...part, offset: 0 }, signal })
}

/** The server's count of a search's matches; undefined if it can't be counted. */
async function countOf(search: string, { fhir, signal }: ToolContext): Promise<number | undefined> {
  const path = countPath(search)
  if (path === undefined) return undefined
  // If counting fails, the answer is given without a count.
  const counted = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
  return isRecord(counted?.body) && typeof counted.body.total === 'number' ? counted.body.total : undefined
}

// ── All pages ──

async function performAll(prepared: Prepared, view: View, context: ToolContext): Promise<ToolOutput> {
  const { request, risk } = prepared
  const { fhir, progress, signal, event } = context
  if (request.method !== 'GET' || risk.kind !== 'read' || !isPaged(request.path)) {
    throw new UserError(
      '`all` is for a GET of a search, a history or $everything, such as Observation?subject=Patient/ID. Nothing was sent.',
    )
  }
  const path = withStableOrder(request.path)
  const { entries, total, next, partial } = await readAll(fhir, path, { cap: MAX_ALL, progress, signal })
  event.status = 200
  const isHistory = parsePlace(path).segments.includes('_history')
  const isLater = parsePlace(path).parameters.some(
    ({ key, value }) => key === '_cursor' || (key === '_offset' && value !== '0'),
  )
  const isComplete = next === undefined && partial === undefined && !isLater
  const whole = total ?? (isComplete ? matchesOf(entries) : await countOf(path, context))
  const body = {
    resourceType: 'Bundle',
    type: isHistory ? 'history' : 'searchset',
    ...(whole !== undefined && { total: whole }),
    ...(next !== undefined && { link: [{ relation: 'next', url: next }] }),
    entry: entries,
  }
  const response = { status: 200, contentType: 'application/fhir+json', body }
  const stopped = partial === undefined ? [] : [`Not all pages were read: ${partial}.`]
  const missed = await missedCodes(prepared.asked, body, context)
  // The path that was read, to which an order was added: notes are about that one.
  const steady = { ...prepared, request: { ...request, path }, asked: { ...prepared.asked, path } }
  return present({ ...steady, notes: [...prepared.notes, ...stopped, ...missed] }, response, view)
}

/** Compares the version just before a DELETE, on which Medplum ignores If-Match. */
async function compareVersion(
  fhir: FhirClient,
  { request }: Prepared,
  ifMatch: string,
  signal: AbortSignal,
): Promise<void> {
  const { body } = await fhir.send({ method: 'GET', path: request.path, repeatable: true, signal })
  const current = isRecord(body) && isRecord(body.meta) ? body.meta.versionId : undefined
  if (current !== versionInIfMatch(ifMatch)) {
    throw new UserError(
      `The record has changed: its version is now ${String(current)}. Nothing was deleted. Read it again first.`,
    )
  }
}

/** The answer of an asynchronous job, or how to ask for it later. */
async function presentJob(context: ToolContext, prepared: Prepared, view: View, jobPath: string): Promise<ToolOutput> {
  const { fhir, progress, signal, event } = context
  const done = await follow(fhir, jobPath, progress, signal)
  if (!done) {
    const how = `Medplum is still working on this. Ask again with GET ${jobPath}, now or later, in any session; DELETE ${jobPath} cancels it.`
    return withNotes([{ type: 'text', text: JSON.stringify({ status: 202, job: jobPath }) }], [...prepared.notes, how])
  }
  event.status = done.status
  const result = resultOf(done.body)
  if (result === undefined) return present(prepared, done, view)
  // Read as a file: as FHIR JSON, a Binary has no content.
  const part = { offset: 0, length: MAX_PART.bytes }
  const { hidden } = prepared.request
  const path = result
  const stored = await fhir.send({ method: 'GET', path, repeatable: true, part, signal, ...(hidden && { hidden }) })
  return presentWhole(prepared, stored, view, context)
}
