// Sends the same requests to the real Medplum, to the sandbox with the same records, and to the real Medplum through our Worker.

import type { Bundle, BundleEntry, OperationOutcome } from '@medplum/fhirtypes'
import type { ConnectedClient } from '../../programs/clients.ts'
import { textOf } from '../../programs/clients.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { type Answer, type Send, signedIn } from '../sandbox/client.ts'
import type { Ground } from './ground.ts'
import { type Ids, part } from './load.ts'
import { must, type Report } from './report.ts'
import { type FhirRequest, REQUESTS } from './requests.ts'

export async function alike(ground: Ground, client: ConnectedClient, ids: Ids, report: Report): Promise<void> {
  const sandbox = await startSandbox({ world: part() })
  try {
    const here = ground.people.alice.send
    const there = await signedIn(sandbox, SANDBOX_USERS.alice)
    const clinicIds = new Map([...ids].map(([clinic, id]) => [id, clinic]))
    for (const [kind, requests] of REQUESTS) {
      await report.step(`${kind}: ${requests.length} requests`, async () => {
        const wrong: string[] = []
        for (const request of requests) {
          const name = `${request.method} ${request.path}${request.body ? ` ${JSON.stringify(request.body)}` : ''}`
          const real = renamed(request, ids)
          const answer = await sent(here, real)
          const server = told(answer, clinicIds, request)
          const standIn = told(await sent(there, request), new Map(), request)
          const both = new Set([...Object.keys(standIn), ...Object.keys(server)])
          // Two statuses say it all, with why.
          for (const what of standIn.status === server.status ? both : ['status', 'issues']) {
            const [expected, found] = [JSON.stringify(server[what]), JSON.stringify(standIn[what])]
            if (expected === found) continue
            report.differ(
              `sandbox and server, ${kind}`,
              `${name}: ${what}: ${found} instead of ${expected}`.slice(0, 600),
            )
          }
          const fault = await throughOurs(client, real, answer)
          if (fault) wrong.push(`${name}: ${fault}`)
        }
        must(wrong.length === 0, wrong.join('\n          '))
      })
    }
  } finally {
    await sandbox.close()
  }
}

function sent(send: Send, { method, path, body }: FhirRequest): Promise<Answer<unknown>> {
  return send(
    method,
    encodeURI(decodeURI(path)),
    body,
    method === 'PATCH' ? { 'content-type': 'application/json-patch+json' } : {},
  )
}

/** The request with the ids of the server. */
function renamed<T>(value: T, ids: Ids): T {
  const text = JSON.stringify(value).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => ids.get(id) ?? id)
  return JSON.parse(text) as T
}

/** The parts of an answer that must be equal. */
function told(
  { status, body }: Answer<unknown>,
  clinicIds: Map<string, string>,
  { path }: FhirRequest,
): Record<string, unknown> {
  const resource = body as Bundle | OperationOutcome | { resourceType?: string } | undefined
  if (resource?.resourceType === 'OperationOutcome') {
    const { issue = [] } = resource as OperationOutcome
    const issues = issue.map(({ code, details, expression }) => [code, details?.text, expression])
    return { status, issues: renamed(issues, clinicIds) }
  }
  if (resource?.resourceType === 'Bundle') {
    const { type, total, entry = [], link = [] } = resource as Bundle
    const relations = link.map(({ relation }) => relation)
    const sort = /[?&]_sort=-?([\w-]+)/.exec(path)?.[1]
    const common = { status, type, total, links: relations, order: sort && entry.map((one) => keyOf(one, sort)) }
    // Without a sort, and among equals, any may come first.
    if (relations.includes('next') || relations.includes('previous')) return { ...common, entries: entry.length }
    const fields = [...new Set(entry.flatMap((one) => Object.keys(one.resource ?? {})))].sort()
    return { ...common, entries: entry.map((one) => nameOf(one, clinicIds)).sort(), fields }
  }
  if (typeof body !== 'object' || body === null) return { status, body }
  return { status, fields: Object.keys(body).sort() }
}

/** How the entries of a search are sorted here. */
const KEYS: Record<string, string> = {
  birthdate: 'birthDate',
  date: 'effectiveDateTime',
  'onset-date': 'onsetDateTime',
}

function keyOf({ resource, search }: BundleEntry, sort: string): unknown {
  if (search?.mode === 'include') return undefined
  return (resource as Record<string, unknown> | undefined)?.[KEYS[sort] ?? sort]
}

function nameOf({ resource, search, response }: BundleEntry, clinicIds: Map<string, string>): string {
  const text = (response?.outcome as OperationOutcome | undefined)?.issue?.[0]?.details?.text
  const id = resource?.id && (clinicIds.get(resource.id) ?? resource.id)
  return [resource?.resourceType, id, search?.mode, response?.status, text]
    .filter((part) => part !== undefined)
    .join(' ')
}

/**
 * What is wrong with our server's answer, given Medplum's own. Our server may refuse what Medplum would misread, and may correct what
 * Medplum would refuse, if it says so.
 */
async function throughOurs(
  client: ConnectedClient,
  { method, path, body }: FhirRequest,
  { status, body: direct }: Answer<unknown>,
): Promise<string | undefined> {
  if (method !== 'GET' && status < 300 && path !== '' && !path.includes('$')) return undefined
  const content = body === undefined ? {} : method === 'PATCH' ? { patch: body } : { body }
  const result = await client.call('fhir-request', { method, path, format: 'json', ...content }).catch(() => undefined)
  // A client that is refused for lack of a scope throws.
  const refusal = result === undefined || result.isError
  const text = result ? textOf(result) : ''
  if (status >= 300)
    return refusal || /\bNote: /.test(text) ? undefined : `${status} there, and here: ${text.slice(0, 300)}`
  if (refusal) return text.includes('Nothing was sent') ? undefined : `${status} there, and here: ${text.slice(0, 300)}`
  const entries = (direct as Bundle)?.entry?.length
  if (entries === undefined || entries > 50) return undefined
  const ours = (JSON.parse(result.content[0]?.text ?? '') as Bundle).entry?.length
  return ours === entries ? undefined : `${ours} entries instead of ${entries}`
}
