// A connection that is narrowed to one patient, and the records of another that it must not reach.
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { patientsOf } from '../../../src/access/narrow/patient-compartment.ts'
import { startSession } from '../world/mcp.ts'
import { allOf, create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, SANDBOX } from '../world/world.ts'

export const OWN = PATIENT_IDS.diabetic
export const OTHER = PATIENT_IDS.depressed
export const MINE = `Patient/${OWN}`
export const THEIRS = `Patient/${OTHER}`
export const MISSING = '00000000-0000-4000-8000-000000000000'

export const COMPARTMENT = [
  ...['Observation', 'Condition', 'Encounter', 'MedicationRequest', 'DocumentReference', 'Task', 'Claim'],
]

export const observation = (subject: string, more: object = {}) => ({
  ...{ resourceType: 'Observation', status: 'final', code: { text: 'narrow' } },
  subject: { reference: subject },
  ...more,
})

/** The id of the first file in records, from the address that Medplum gives. */
export const fileOf = (resources: Resource[]) =>
  resources
    .flatMap((one) => /"url":"[^"]*?([0-9a-f-]{36})[^"]*Signature=/.exec(JSON.stringify(one))?.[1] ?? [])
    .at(0) ?? ''

/** The first item of an element's list. */
export const firstOf = (resource: Resource | undefined, element: string): Record<string, unknown> =>
  ((resource?.[element] ?? []) as Record<string, unknown>[])[0] ?? {}

export interface Narrowed {
  /** Alice's token at Medplum. */
  token: string
  /** Her connection, narrowed to one patient, and a session of it. */
  access: string
  session: Record<string, string>
  /** Records of the other patient. */
  theirs: Resource[]
  /** What no answer may say about the other patient: ids and names. */
  telling: string[]
  /** A record of both patients. */
  shared: Resource
  /** An observation that was the other patient's, and was corrected since. */
  moved: Resource
  /** The other patient's practitioner. */
  practitioner: string
  /** The id of the other patient's first record of a type. */
  first(type: string): string
  /** What an answer says about the other patient that the question didn't. */
  leaks(answer: unknown, question: unknown): string[]
}

/** Makes the records and signs in. */
export async function narrowed(): Promise<Narrowed> {
  const token = await medplumToken()
  const shared = await create(token, {
    ...{ resourceType: 'Appointment', status: 'proposed' },
    participant: [OWN, OTHER].map((id) => ({
      actor: { reference: `Patient/${id}`, display: `Display of ${id}` },
      status: 'accepted',
    })),
  })
  await create(token, {
    ...{ resourceType: 'Group', type: 'person', actual: true },
    member: [OWN, OTHER].map((id) => ({ entity: { reference: `Patient/${id}` } })),
  })
  const note = [{ text: 'secret of the other' }]
  const moved = await create(token, observation(THEIRS, { note }))
  await direct(token, 'PUT', `Observation/${moved.id}`, observation(MINE, { id: moved.id }))
  const records = await Promise.all(COMPARTMENT.map((type) => allOf(token, `${type}?_compartment=${THEIRS}`)))
  const [person] = await allOf(token, `Patient?_id=${OTHER}`)
  const theirs = [...(person ? [person] : []), ...records.flat()].filter((one) => !patientsOf(one).includes(OWN))
  const family = String(firstOf(person, 'name').family)
  const identifier = String(firstOf(person, 'identifier').value)
  const telling = [...theirs.map(({ id }) => id), OTHER, family, identifier, 'secret of the other']
  const { access } = await signIn(alice, undefined, 'admin', { patient: MINE })
  return {
    ...{ token, access, session: await startSession(access), theirs, telling, shared, moved },
    practitioner: String(firstOf(person, 'generalPractitioner').reference),
    first: (type) => theirs.find(({ resourceType }) => resourceType === type)?.id ?? '',
    leaks(answer, question) {
      const [said, asked] = [JSON.stringify(answer), JSON.stringify(question)]
      return telling.filter((one) => one !== '' && said.includes(one) && !asked.includes(one))
    },
  }
}

/** One request to Medplum itself. */
export async function direct(token: string, method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(`${SANDBOX}fhir/R4/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`Medplum answered ${response.status}: ${await response.text()}`)
}
