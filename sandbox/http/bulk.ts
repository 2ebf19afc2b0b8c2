/** Bulk export (FHIR Bulk Data Access 2.0) of all records, of all patients or of a group, with one file for each type. */
import { notFound } from '@medplum/core'
import type { AsyncJob, Binary, Group, ParametersParameter, Resource } from '@medplum/fhirtypes'
import { json } from '../core/answers.ts'
import { patientCompartment, patientsOf } from '../records/compartment.ts'
import type { Records } from '../records/repository.ts'
import { signedUrl } from '../records/storage.ts'
import type { Call, DirectRoute } from './direct.ts'
import { acceptedAt, finishWhenDue, type JobResult, newJob } from './jobs.ts'

export const bulkRoutes: DirectRoute[] = [
  ...(['GET', 'POST'] as const).flatMap((method): DirectRoute[] => [
    [method, /^\/\$export$/, (call) => start(call, (one) => one.resourceType !== 'Binary')],
    [method, /^\/Patient\/\$export$/, (call) => start(call, (one) => inCompartment(one.resourceType))],
    [method, /^\/Group\/([^/]+)\/\$export$/, exportGroup],
  ]),
  ['GET', /^\/bulkdata\/export\/([^/]+)$/, status],
  ['DELETE', /^\/bulkdata\/export\/([^/]+)$/, cancel],
]

async function exportGroup(call: Call, id = ''): Promise<Response> {
  const group = await call.records.readResource<Group>('Group', id)
  const members = new Set(group.member?.map((one) => one.entity.reference))
  return start(call, (one) => patientsOf(one).some((patient) => members.has(patient)))
}

function inCompartment(type: string): boolean {
  return type === 'Patient' || patientCompartment().has(type)
}

/** As in Medplum, an export with an invalid `_since` starts but never ends, and an unknown `_type` exports nothing. */
async function start({ context, records, path, url }: Call, belongs: (one: Resource) => boolean): Promise<Response> {
  // Medplum 5.1.17 leaves out the slash after R4.
  const request = `${context.baseUrl}fhir/R4${path.slice(1)}`
  const job = await records.createResource<AsyncJob>(newJob(request, context.now()))
  const since = url.searchParams.get('_since')
  const from = since ? Date.parse(since) : 0
  if (!Number.isNaN(from)) {
    const types = url.searchParams.get('_type')?.split(',')
    const fits = (one: Resource) =>
      belongs(one) && (!types || types.includes(one.resourceType)) && Date.parse(one.meta?.lastUpdated ?? '') >= from
    finishWhenDue(records, job, files(records, fits), true)
  }
  return acceptedAt(`${context.baseUrl}fhir/R4/bulkdata/export/${job.id}`)
}

async function files(records: Records, fits: (one: Resource) => boolean): Promise<JobResult> {
  const parameter = records.readable().flatMap(([type, resources]): ParametersParameter[] => {
    const lines = resources.filter(fits).map((one) => `${JSON.stringify(one)}\n`)
    if (lines.length === 0) {
      return []
    }
    const data = Buffer.from(lines.join('')).toString('base64')
    const file = records.writeAsServer<Binary>({ resourceType: 'Binary', contentType: 'application/fhir+ndjson', data })
    const part = [
      { name: 'type', valueCode: type },
      { name: 'url', valueUri: `Binary/${file.id}` },
    ]
    return [{ name: 'output', part }]
  })
  return { status: 'completed', parameter }
}

async function status({ context, records }: Call, id = ''): Promise<Response> {
  const job = await records.readResource<AsyncJob>('AsyncJob', id)
  if (job.status === 'cancelled') {
    return json(notFound, 404)
  }
  if (job.status !== 'completed') {
    // In Medplum this answer has no quota in its RateLimit header.
    records.quota = undefined
    return new Response(null, { status: 202 })
  }
  const output = (job.output?.parameter ?? []).map(({ part = [] }) => {
    const [type, url] = part
    const file = records.file(url?.valueUri?.split('/')[1] ?? '')
    return { type: type?.valueCode, url: file ? signedUrl(context, file) : url?.valueUri }
  })
  const { transactionTime, request } = job
  return json({ transactionTime, request, requiresAccessToken: false, output, error: [], deleted: [] })
}

async function cancel({ records }: Call, id = ''): Promise<Response> {
  const job = await records.readResource<AsyncJob>('AsyncJob', id)
  if (job.status !== 'cancelled') {
    await records.updateResource<AsyncJob>({ ...job, status: 'cancelled' })
  }
  return new Response('Accepted', { status: 202, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}
