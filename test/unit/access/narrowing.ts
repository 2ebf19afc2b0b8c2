// A narrowed connection: requests and answers given to its guard by unit tests.
import { type Access, AccessError, guardFor } from '../../../src/access/access.ts'
import { Content } from '../../../src/client/content.ts'
import type { FhirRequest, FhirResponse, Method } from '../../../src/client/request.ts'

export const OWN = '11111111-1111-4111-8111-111111111111'
export const OTHER = '22222222-2222-4222-8222-222222222222'
export const MINE = { reference: `Patient/${OWN}` }
export const patient: Access = { level: 'admin', patient: OWN }
export const types = (...names: string[]): Access => ({ level: 'admin', types: names })

export type Json = Record<string, unknown>
type Stored = Record<string, Json>

export const observation = (id: string, subject: string): Json => ({
  resourceType: 'Observation',
  id,
  meta: { versionId: 'v1' },
  status: 'final',
  subject: { reference: subject, display: `Name of ${subject}` },
})
export const mine = observation('mine', `Patient/${OWN}`)
export const theirs = observation('theirs', `Patient/${OTHER}`)
export const group: Json = {
  resourceType: 'Appointment',
  id: 'group',
  meta: { versionId: 'v1' },
  participant: [OWN, OTHER].map((id) => ({ actor: { reference: `Patient/${id}`, display: `Name of ${id}` } })),
}
const stored: Stored = { 'Observation/mine': mine, 'Observation/theirs': theirs, 'Appointment/group': group }
export const bundle = (...resources: Json[]): Json => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
})

/** A request such as `GET Patient/1`. */
export function request(line: string, body?: unknown, more: Partial<FhirRequest> = {}): FhirRequest {
  const [method = '', path = ''] = line.split(/ (.*)/s)
  return { method: method as Method, path, ...(body !== undefined && { content: Content.json(body) }), ...more }
}

/** What is sent for a request, and what is shown of an answer; `refused` and `absent` where nothing is. */
export async function pass(access: Access, asked: FhirRequest, held: Stored = stored) {
  const guard = guardFor(access)
  try {
    const passage = await guard.admit(asked, async (path) => held[path])
    if (!passage) return { sent: 'absent' as const }
    const shown = (body: unknown) => {
      const response: FhirResponse = { status: 200, contentType: 'application/fhir+json', body }
      return (passage.settle ? passage.settle(response) : response)?.body
    }
    return { sent: passage.request, shown, withheld: () => guard.withheld() }
  } catch (error) {
    if (error instanceof AccessError) return { sent: 'refused' as const, why: error.message }
    throw error
  }
}

/** The path that is sent for a request; `refused` and `absent` where nothing is. */
export async function sentFor(access: Access, line: string, body?: unknown, held?: Stored): Promise<string> {
  const { sent } = await pass(access, request(line, body), held)
  return typeof sent === 'string' ? sent : sent.path
}
