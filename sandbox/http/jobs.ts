/**
 * Asynchronous requests (FHIR R4 section 3.1.6). The work is done at once, but its job stays unfinished for a set time, so that a
 * client has something to poll.
 */

import {
  accepted,
  allOk,
  badRequest,
  isOk,
  normalizeOperationOutcome,
  OperationOutcomeError,
  type WithId,
} from '@medplum/core'
import type { FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { AsyncJob, Binary, Bundle, OperationOutcome, Parameters } from '@medplum/fhirtypes'
import { fail, outcome } from '../core/answers.ts'
import { paramOf, Records, recordsOf } from '../records/repository.ts'
import { readBody } from './body.ts'
import { type Call, type DirectRoute, resourceAnswer } from './direct.ts'

/** Bytes; Medplum's `maxBatchSize`. */
const MAX_BATCH = 50 * 1024 * 1024

const CANCEL_ACCEPTED: OperationOutcome = {
  ...accepted(''),
  issue: accepted('').issue.map(({ diagnostics: _, ...issue }) => issue),
}

export const jobRoutes: DirectRoute[] = [
  ['GET', /^\/job\/([^/]+)\/status$/, status],
  [
    'DELETE',
    /^\/job\/([^/]+)\/status$/,
    async ({ records }, id) => {
      await cancel(records, id)
      return outcome(CANCEL_ACCEPTED)
    },
  ],
]

export function addJobOperations(router: FhirRouter): void {
  router.add('POST', 'AsyncJob/:id/$cancel', async (req, repo) => {
    await cancel(recordsOf(repo), paramOf(req, 'id'))
    return [allOk]
  })
}

export function wantsAsync(request: Request): boolean {
  return request.headers.get('prefer')?.includes('respond-async') ?? false
}

/** @param work gets records in extended mode, because Medplum stores the result that way */
export async function batchAsync(
  { context, records, request, url }: Call,
  work: (records: Records, body: unknown) => Promise<FhirResponse>,
): Promise<Response> {
  const body = (await readBody(request, MAX_BATCH)) as Bundle
  if (body.type === 'transaction') {
    throw fail(badRequest('Transaction batches cannot be executed asynchronously', 'Bundle.type'))
  }
  const job = records.writeAsServer<AsyncJob>(newJob(context.baseUrl + url.pathname.slice(1), context.now()))
  const done = work(new Records(context, records.access.caller, true), body).then(([result, bundle]): JobResult => {
    if (!bundle || !isOk(result)) {
      throw new OperationOutcomeError(result)
    }
    const data = Buffer.from(JSON.stringify(bundle)).toString('base64')
    const binary = records.writeAsServer<Binary>({ resourceType: 'Binary', contentType: 'application/fhir+json', data })
    const valueReference = { reference: `Binary/${binary.id}` }
    return { status: 'completed', parameter: [{ name: 'results', valueReference }] }
  })
  finishWhenDue(records, job, done)
  return acceptedAt(`${context.baseUrl}fhir/R4/job/${job.id}/status`)
}

export interface JobResult {
  status: 'completed' | 'error'
  parameter: NonNullable<Parameters['parameter']>
}

export function newJob(request: string, now: number): AsyncJob {
  return { resourceType: 'AsyncJob', status: 'accepted', request, requestTime: new Date(now).toISOString() }
}

/**
 * Writes the result into the job when it is due.
 * @param cancellable whether a job that was cancelled in the meantime stays cancelled: in Medplum exports do, batches don't
 */
export function finishWhenDue(
  records: Records,
  job: WithId<AsyncJob>,
  work: Promise<JobResult>,
  cancellable = false,
): void {
  const { context } = records
  const done = work.catch((error): JobResult => {
    const resource: OperationOutcome = normalizeOperationOutcome(error)
    return { status: 'error', parameter: [{ name: 'outcome', resource }] }
  })
  context.jobs.add(async () => {
    const { status, parameter } = await done
    const now = context.store.get<AsyncJob>(`AsyncJob/${job.id}`)
    if (now && !(cancellable && now.status === 'cancelled')) {
      const transactionTime = new Date(context.now()).toISOString()
      records.writeAsServer<AsyncJob>({
        ...job,
        status,
        transactionTime,
        output: { resourceType: 'Parameters', parameter },
      })
    }
  })
}

export function acceptedAt(location: string): Response {
  return outcome(accepted(location), { 'content-location': location })
}

async function status({ context, records }: Call, id = ''): Promise<Response> {
  const job = await records.readResource<AsyncJob>('AsyncJob', id)
  const ended = job.status === 'completed' || job.status === 'error'
  return resourceAnswer(context, job, ended ? 200 : 202)
}

/** Marks the job as cancelled; the work itself isn't stopped. Anyone who may read a job may cancel it. */
async function cancel(records: Records, id = ''): Promise<void> {
  const job = await records.readResource<AsyncJob>('AsyncJob', id)
  if (job.status === 'accepted') {
    records.writeAsServer<AsyncJob>({ ...job, status: 'cancelled' })
  } else if (job.status !== 'cancelled') {
    const reason = `AsyncJob cannot be cancelled if status is not 'accepted', job had status '${job.status}'`
    throw fail(badRequest(reason))
  }
}
