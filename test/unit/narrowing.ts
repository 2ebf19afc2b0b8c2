// A narrowed connection, as unit tests put requests and answers to its guard.
import { type Access, AccessError, guardFor } from '../../src/access/access.ts'
import { Content } from '../../src/client/content.ts'
import type { FhirRequest, FhirResponse, Method } from '../../src/client/request.ts'

export const OWN = '11111111-1111-4111-8111-111111111111'
export const OTHER = '22222222-2222-4222-8222-222222222222'
export const MINE = { reference: `Patient/${OWN}` }
export const patient: Access = { level: 'admin', patient: OWN }
export const types = (...names: string[]): Access => ({ level: 'admin', types: names })

export type Json = Record<string, unknown>
export type Stored = Record<string, Json>

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
export const stored: Stored = { 'Observation/mine': mine, 'Observation/theirs': theirs, 'Appointment/group': group }
export const bundle = (...resources: Json[]): Json => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
})

/** Searches that Medplum would take for references. */
export const SEARCHES = [
  `Condition?subject=Patient/${OTHER}`,
  `/Condition?subject=Patient/${OTHER}`,
  `https://x/y/Condition?subject=Patient/${OTHER}`,
  `Patient?identifier=x&_count=1\n`,
  ` Patient?identifier=x`,
  `Observation?x`,
  '?',
]
/** A record of the patient that holds such a search, and other texts, as words. */
export const noted: Json = {
  ...observation('noted', `Patient/${OWN}`),
  focus: [{ reference: `Patient/${OWN}` }],
  note: [{ text: SEARCHES[0] }, { text: '(signed address hidden)' }, { text: `Binary/${OTHER}` }],
}
/** Patches by which a search, or a text that stands for one, would come to stand where a reference does. */
export const PATCHES = [
  ...SEARCHES.map((value) => [{ op: 'replace', path: '/focus/0/reference', value }]),
  ...SEARCHES.map((reference) => [{ op: 'add', path: '/focus/-', value: { reference } }]),
  ...['/note/0/text', '/note/1/text', '/note/2/text'].flatMap((from) =>
    ['copy', 'move'].map((op) => [{ op, from, path: '/focus/0/reference' }]),
  ),
  [
    { op: 'copy', from: '/note/0/text', path: '/status' },
    { op: 'move', from: '/status', path: '/focus/0/reference' },
  ],
  [{ op: 'add', path: '/focus/0/__proto__/reference', value: SEARCHES[0] }],
  [{ op: 'add', path: '/hasMember', value: [{ reference: `Observation/x\n` }] }],
]

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
