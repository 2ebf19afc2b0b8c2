// Connections that the person narrowed: to one patient, whatever is tried to reach another, and to some types. And that normal
// work within goes on.
import { beforeAll, describe, expect, test } from 'vitest'
import { Person, readForm, UnexpectedPage, whereTo } from '../../programs/person.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { patientsOf } from '../../src/access/narrow/patient-compartment.ts'
import { allOf, create, medplumToken, type Resource } from './medplum.ts'
import { ask, askModern, callTool, contract } from './surface.ts'
import {
  alice,
  authorization,
  exchange,
  fhir,
  fhirCall,
  post,
  REDIRECT_URI,
  register,
  rpc,
  SANDBOX,
  sandbox,
  send,
  signIn,
  startSession,
} from './world.ts'

const OWN = PATIENT_IDS.diabetic
const OTHER = PATIENT_IDS.depressed
const MISSING = '00000000-0000-4000-8000-000000000000'

let token: string
let access: string
let session: Record<string, string>
/** Records of the other patient, and what no answer may say of them: ids and names. */
let theirs: Resource[]
let telling: string[]
let shared: Resource
let moved: Resource
let practitioner: string

const COMPARTMENT = ['Observation', 'Condition', 'Encounter', 'MedicationRequest', 'DocumentReference', 'Task', 'Claim']
const first = (type: string) => theirs.find(({ resourceType }) => resourceType === type)?.id ?? ''
/** Of the address that Medplum gives: its first id. */
const fileOf = (resources: Resource[]) =>
  resources
    .flatMap((one) => /"url":"[^"]*?([0-9a-f-]{36})[^"]*Signature=/.exec(JSON.stringify(one))?.[1] ?? [])
    .at(0) ?? ''
/** The first of a list that an element holds. */
const firstOf = (resource: Resource | undefined, element: string): Record<string, unknown> =>
  ((resource?.[element] ?? []) as Record<string, unknown>[])[0] ?? {}

beforeAll(async () => {
  token = await medplumToken()
  shared = await create(token, {
    resourceType: 'Appointment',
    status: 'proposed',
    participant: [OWN, OTHER].map((id) => ({
      actor: { reference: `Patient/${id}`, display: `Display of ${id}` },
      status: 'accepted',
    })),
  })
  await create(token, {
    resourceType: 'Group',
    type: 'person',
    actual: true,
    member: [OWN, OTHER].map((id) => ({ entity: { reference: `Patient/${id}` } })),
  })
  // It was the other patient's, and was corrected since.
  moved = await create(token, {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'misfiled' },
    subject: { reference: `Patient/${OTHER}` },
    note: [{ text: 'secret of the other' }],
  })
  const { note: _note, ...corrected } = moved
  await direct('PUT', `Observation/${moved.id}`, { ...corrected, subject: { reference: `Patient/${OWN}` } })
  const records = await Promise.all(COMPARTMENT.map((type) => allOf(token, `${type}?_compartment=Patient/${OTHER}`)))
  const [person] = await allOf(token, `Patient?_id=${OTHER}`)
  theirs = [...(person ? [person] : []), ...records.flat()].filter((one) => !patientsOf(one).includes(OWN))
  const family = String(firstOf(person, 'name').family)
  const identifier = String(firstOf(person, 'identifier').value)
  telling = [...theirs.map(({ id }) => id), OTHER, family, identifier, 'secret of the other']
  practitioner = String(firstOf(person, 'generalPractitioner').reference)
  access = (await signIn(alice, undefined, 'admin', { patient: `Patient/${OWN}` })).access
  session = await startSession(access)
})

async function direct(method: string, path: string, body?: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' }
  const response = await fetch(`${SANDBOX}fhir/R4/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`Medplum answered ${response.status}: ${await response.text()}`)
}

/** What of the other patient an answer says that the question didn't. */
function leaks(answer: unknown, question: unknown): string[] {
  const [said, asked] = [JSON.stringify(answer), JSON.stringify(question)]
  return telling.filter((one) => one !== '' && said.includes(one) && !asked.includes(one))
}

test('the other patient has records of every type that is tried', () => {
  for (const type of ['Patient', ...COMPARTMENT]) expect(first(type), type).not.toBe('')
  expect(fileOf(theirs)).not.toBe('')
  expect(telling.every((one) => one.length > 3)).toBe(true)
})

// ── One patient: reading ──

const READS: [what: string, path: () => string][] = [
  ['a search for all', () => 'Observation?_count=1000'],
  ['a search of people', () => 'Patient?_count=1000'],
  ['a search by the other', () => `Observation?subject=Patient/${OTHER}`],
  ['a search by the other’s bare id', () => `Condition?patient=${OTHER}`],
  ['a search for the other', () => `Patient?_id=${OTHER}`],
  ['a search for a record of the other', () => `Observation?_id=${first('Observation')}`],
  ['another compartment', () => `Observation?_compartment=Patient/${OTHER}`],
  ['both compartments', () => `Observation?_compartment=Patient/${OTHER}&_compartment=Patient/${OWN}`],
  ['either compartment', () => `Observation?_compartment=Patient/${OWN},Patient/${OTHER}`],
  ['no compartment', () => `Observation?_compartment:not=Patient/${OWN}`],
  ['several types', () => `?_type=Patient,Observation,Task&_count=1000`],
  ['types that outdo the path', () => `Practitioner?_type=Patient,Device`],
  ['an include', () => `Appointment?_id=${shared.id}&_include=Appointment:patient&_include=Appointment:actor`],
  [
    'a reverse include',
    () => `Practitioner?_id=${practitioner.split('/')[1]}&_revinclude=Patient:general-practitioner`,
  ],
  ['a reverse include from own records', () => `Encounter?_revinclude=Observation:encounter&_count=1000`],
  ['a chain', () => `Observation?subject:Patient.name=${telling.at(-3)}`],
  ['a reverse chain', () => `Practitioner?_has:Patient:general-practitioner:_id=${OTHER}`],
  ['a filter', () => `Observation?_filter=subject%20eq%20Patient/${OTHER}`],
  ['a record', () => `Observation/${first('Observation')}`],
  ['the person', () => `Patient/${OTHER}`],
  ['a version', () => `Observation/${first('Observation')}/_history/${versionOf(theirs.find(isObservation))}`],
  ['the history', () => `Observation/${first('Observation')}/_history`],
  ['the history of a record that was the other’s', () => `Observation/${moved.id}/_history`],
  ['a version from when it was the other’s', () => `Observation/${moved.id}/_history/${versionOf(moved)}`],
  ['everything', () => `Patient/${OTHER}/$everything`],
  ['the summary', () => `Patient/${OTHER}/$summary`],
  ['a file', () => `Binary/${fileOf(theirs)}`],
  ['a table', () => `Observation/$csv?_fields=id,subject&subject=Patient/${OTHER}`],
  ['a graph', () => `Patient/${OTHER}/$graph?graph=x`],
  ['GraphQL by GET', () => '$graphql?query={PatientList{id,name{family}}}'],
  ['a page of another search', () => `Observation?_sort=_lastUpdated&_count=20&_cursor=2-0-${MISSING}`],
  ['what a page of everything links to', () => `Patient?_compartment=Patient/${OTHER}&_type=Patient,Observation`],
  ['groups of many', () => 'Group?_count=100'],
]

function isObservation({ resourceType }: Resource): boolean {
  return resourceType === 'Observation'
}

function versionOf(resource: Resource | undefined): string {
  return String((resource?.meta as { versionId?: string } | undefined)?.versionId)
}

describe('narrowed to one patient: of another, nothing is read by', () => {
  test.each(READS)('%s', async (_what, path) => {
    const args = { method: 'GET', path: path() }
    for (const answer of [await fhir(access, args), await fhir(access, args, session)]) {
      expect(leaks(answer.content, args)).toEqual([])
    }
    const batch = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: path() } }] }
    const asked = { method: 'POST', path: '', body: batch }
    expect(leaks((await fhir(access, asked)).content, asked)).toEqual([])
    if (args.path.includes('?') || args.path.includes('everything') || args.path.includes('_history')) {
      const all = { ...args, all: true }
      expect(leaks((await fhir(access, all)).content, all)).toEqual([])
      const digest = await callTool(access, 'fhir-digest', { path: path() })
      expect(leaks(digest.content, args)).toEqual([])
    }
  })

  test.each([
    ['Observation', () => first('Observation')],
    ['Patient', () => OTHER],
    ['DocumentReference', () => first('DocumentReference')],
  ] as const)('the look of a %s: it is the same as of one that isn’t there', async (type, id) => {
    const missing = MISSING
    const words = async (path: string) => {
      const { isError, content } = await fhir(access, { method: 'GET', path })
      expect(isError).toBe(true)
      return JSON.stringify(content).replaceAll(path.split('/')[1] ?? '', 'ID')
    }
    expect(await words(`${type}/${id()}`)).toBe(await words(`${type}/${missing}`))
    expect(await words(`${type}/${id()}/_history`)).toBe(await words(`${type}/${missing}/_history`))
  })

  test('the look of a deleted record: it is the same as of one that was never there', async () => {
    const subject = { reference: `Patient/${OTHER}` }
    const gone = await create(token, { resourceType: 'Observation', status: 'final', code: { text: 'gone' }, subject })
    await direct('DELETE', `Observation/${gone.id}`)
    const words = async (id: string) => {
      const { isError, content } = await fhir(access, { method: 'GET', path: `Observation/${id}` })
      expect(isError).toBe(true)
      return JSON.stringify(content).replaceAll(id, 'ID')
    }
    expect(await words(gone.id)).toBe(await words(MISSING))
  })

  test('a count', async () => {
    const { text } = await fhir(access, { method: 'GET', path: `Observation?subject=Patient/${OTHER}&_summary=count` })
    expect(JSON.parse(text).total).toBe(0)
    const { text: all } = await fhir(access, { method: 'GET', path: 'Patient?_total=accurate' })
    expect(JSON.parse(all).total).toBe(1)
  })

  test('the tools search and fetch', async () => {
    const words = [telling.at(-3) ?? '', telling.at(-2) ?? '', OTHER, `Observation?subject=Patient/${OTHER}`]
    for (const query of words) {
      expect(leaks((await callTool(access, 'search', { query })).content, query)).toEqual([])
    }
    for (const id of [`Patient/${OTHER}`, OTHER, `Observation/${first('Observation')}`, `Binary/${fileOf(theirs)}`]) {
      const { isError, content } = await callTool(access, 'fetch', { id })
      expect(isError, id).toBe(true)
      expect(leaks(content, id)).toEqual([])
    }
    const { text } = await contract<{ text: string }>(access, 'fetch', { id: practitioner })
    expect(leaks(text, '')).toEqual([])
    expect(text).toContain('Patient 1')
  })

  test('resources and completion', async () => {
    const uri = `fhir:///Patient/${OTHER}`
    expect((await ask(access, 'resources/read', { uri })).error?.message).toContain('not found')
    expect((await askModern(access, 'resources/read', { uri }, uri)).error?.message).toContain('not found')
    const completed = await ask(access, 'completion/complete', {
      ref: { type: 'ref/resource', uri: 'fhir:///{type}/{id}' },
      argument: { name: 'id', value: '' },
      context: { arguments: { type: 'Patient' } },
    })
    expect(completed.result?.completion).toMatchObject({ values: [OWN] })
  })

  test('GraphQL, searches by POST and jobs', async () => {
    const { requests } = await sandbox.during(async () => {
      for (const args of [
        { method: 'POST', path: '$graphql', body: { query: '{ PatientList { id name { family } } }' } },
        { method: 'POST', path: 'Observation/_search', body: { subject: `Patient/${OTHER}` } },
        { method: 'POST', path: 'Patient/$match', body: { resourceType: 'Parameters', parameter: [] } },
        { method: 'GET', path: '$export' },
        { method: 'GET', path: `job/${MISSING}/status` },
        { method: 'POST', path: '', respondAsync: true, body: { resourceType: 'Bundle', type: 'batch', entry: [] } },
        { method: 'POST', path: `Bot/${MISSING}/$execute`, body: {} },
      ]) {
        const { isError, text } = await fhir(access, args)
        expect(isError, args.path).toBe(true)
        expect(text).toContain(`limited to the records of Patient/${OWN}`)
        expect(text).toContain('Nothing was sent.')
      }
    })
    expect(requests.filter(({ path }) => !path.includes('metadata')).map(({ path }) => path)).toEqual([])
  })
})

test('of a record of several patients, nothing says who the others are', async () => {
  const { text } = await fhir(access, { method: 'GET', path: `Appointment/${shared.id}` })
  expect(text).toContain(`Display of ${OWN}`)
  expect(text).toContain('(another patient)')
  expect(leaks(text, '')).toEqual([])
  const { text: refusal } = await fhir(access, { method: 'DELETE', path: `Appointment/${shared.id}` })
  expect(refusal).toContain('is about other patients too')
})

// ── One patient: changes ──

const observation = (subject: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'narrow' },
  subject: { reference: subject },
  ...more,
})

describe('narrowed to one patient: of another, nothing is changed by', () => {
  const entry = (method: string, url: string, resource?: object) => ({
    method: 'POST',
    path: '',
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method, url }, ...(resource && { resource }) }],
    },
  })
  const patch = [{ op: 'replace', path: '/status', value: 'amended' }]
  test.each<[string, () => Record<string, unknown>]>([
    ['a create', () => ({ method: 'POST', path: 'Observation', body: observation(`Patient/${OTHER}`) })],
    [
      'a create that refers to a search',
      () => ({
        method: 'POST',
        path: 'Observation',
        body: observation(`Patient?_id=${OTHER}`),
      }),
    ],
    ['a new Patient', () => ({ method: 'POST', path: 'Patient', body: { resourceType: 'Patient' } })],
    [
      'an update',
      () => ({
        method: 'PUT',
        path: `Observation/${first('Observation')}`,
        body: observation(`Patient/${OWN}`, { id: first('Observation') }),
      }),
    ],
    ['a patch', () => ({ method: 'PATCH', path: `Observation/${first('Observation')}`, body: patch })],
    ['a delete', () => ({ method: 'DELETE', path: `Observation/${first('Observation')}` })],
    [
      'an update in a batch',
      () =>
        entry(
          'PUT',
          `Observation/${first('Observation')}`,
          observation(`Patient/${OWN}`, { id: first('Observation') }),
        ),
    ],
    ['a delete in a batch', () => entry('DELETE', `Observation/${first('Observation')}`)],
    ['a create in a batch', () => entry('POST', 'Observation', observation(`Patient/${OTHER}`))],
    [
      'a conditional update',
      () => ({
        method: 'PUT',
        path: `Observation?_id=${first('Observation')}`,
        body: observation(`Patient/${OWN}`),
      }),
    ],
    ['a conditional delete', () => ({ method: 'DELETE', path: `Observation?_id=${first('Observation')}` })],
    ['erasing', () => ({ method: 'POST', path: `Patient/${OTHER}/$expunge` })],
    [
      'moving a record by PUT',
      () => ({
        method: 'PUT',
        path: `Observation/${moved.id}`,
        body: observation(`Patient/${OTHER}`, { id: moved.id }),
      }),
    ],
    [
      'moving a record by PATCH',
      () => ({
        method: 'PATCH',
        path: `Observation/${moved.id}`,
        body: [{ op: 'replace', path: '/subject/reference', value: `Patient/${OTHER}` }],
      }),
    ],
    [
      'adding another to a record by PATCH',
      () => ({
        method: 'PATCH',
        path: `Observation/${moved.id}`,
        body: [{ op: 'add', path: '/focus', value: [{ reference: `Patient/${OTHER}` }] }],
      }),
    ],
    ...[
      (search: string) => [{ op: 'add', path: '/focus', value: [{ reference: search }] }],
      (search: string) => [
        { op: 'add', path: '/focus', value: [{ reference: `Patient/${OWN}` }] },
        { op: 'replace', path: '/focus/0/reference', value: search },
      ],
      (search: string) => [
        { op: 'add', path: '/note', value: [{ text: search }] },
        { op: 'add', path: '/focus', value: [{ reference: `Patient/${OWN}` }] },
        { op: 'copy', from: '/note/0/text', path: '/focus/0/reference' },
      ],
    ].flatMap((operations) =>
      [
        (id: string) => `Condition?_id=${id}`,
        (id: string) => `/Condition?_id=${id}`,
        (id: string) => `Condition?_id=${id}&_count=2\n`,
      ].map((search): [string, () => Record<string, unknown>] => [
        `a patch by which Medplum would search: ${JSON.stringify(operations(search('ID')))}`,
        () => ({ method: 'PATCH', path: `Observation/${moved.id}`, body: operations(search(first('Condition'))) }),
      ]),
    ),
    [
      'naming a file of another, with a space behind it',
      () => ({
        method: 'POST',
        path: 'DocumentReference',
        body: {
          resourceType: 'DocumentReference',
          status: 'current',
          subject: { reference: `Patient/${OWN}` },
          content: [{ attachment: { contentType: 'text/plain', url: `Binary/${fileOf(theirs)}/ x` } }],
        },
      }),
    ],
    [
      'naming a file of another',
      () => ({
        method: 'POST',
        path: 'DocumentReference',
        body: {
          resourceType: 'DocumentReference',
          status: 'current',
          subject: { reference: `Patient/${OWN}` },
          content: [{ attachment: { contentType: 'text/plain', url: `Binary/${fileOf(theirs)}` } }],
        },
      }),
    ],
  ])('%s', async (_what, args) => {
    const { requests } = await sandbox.during(async () => {
      for (const headers of [{}, session]) {
        const { isError, content } = await fhir(access, args(), headers)
        expect(isError).toBe(true)
        expect(leaks(content, args())).toEqual([])
      }
    })
    expect(requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })
})

describe('narrowed to one patient: work on that patient goes on', () => {
  test('reading: person, chart, pages, history, everything, files and staff', async () => {
    const { text } = await fhir(access, { method: 'GET', path: `Patient/${OWN}` })
    expect(JSON.parse(text).id).toBe(OWN)
    const own = await allOf(token, `Observation?_compartment=Patient/${OWN}`)
    for (const headers of [{}, session]) {
      const { text: all } = await fhir(
        access,
        { method: 'GET', path: 'Observation?_elements=status', all: true, maxChars: 100_000 },
        headers,
      )
      expect(JSON.parse(all).total).toBe(own.length)
    }
    const page = JSON.parse((await fhir(access, { method: 'GET', path: 'Observation?_count=2&_sort=-date' })).text)
    const next = page.link?.find((link: { relation: string }) => link.relation === 'next').url
    const second = JSON.parse((await fhir(access, { method: 'GET', path: next })).text)
    expect(second.entry.length).toBeGreaterThan(0)
    for (const { resource } of [...page.entry, ...second.entry]) expect(patientsOf(resource)).toContain(OWN)
    const everything = JSON.parse((await fhir(access, { method: 'GET', path: `Patient/${OWN}/$everything` })).text)
    expect(everything.entry.length).toBeGreaterThan(10)
    const history = await fhir(access, { method: 'GET', path: `Patient/${OWN}/_history` })
    expect(JSON.parse(history.text).entry).toHaveLength(1)
    expect((await fhir(access, { method: 'GET', path: practitioner })).isError).toBe(false)
    expect((await fhir(access, { method: 'GET', path: 'Practitioner?_count=3' })).isError).toBe(false)
  })

  test('a file that a document of the patient names', async () => {
    const documents = await allOf(token, `DocumentReference?_compartment=Patient/${OWN}`)
    const { isError } = await fhir(access, { method: 'GET', path: `Binary/${fileOf(documents)}` })
    expect(isError).toBe(false)
    const { text } = await contract<{ text: string }>(access, 'fetch', { id: `DocumentReference/${documents[0]?.id}` })
    expect(text).toContain('Its text:')
  })

  test('search, fetch, digest and whoami', async () => {
    const [person] = await allOf(token, `Patient?_id=${OWN}`)
    const family = String(firstOf(person, 'name').family)
    const { results } = await contract<{ results: { id: string }[] }>(access, 'search', { query: family })
    expect(results.map(({ id }) => id)).toContain(`Patient/${OWN}`)
    const { text } = await contract<{ text: string }>(access, 'fetch', { id: `Patient/${OWN}` })
    expect(text).toMatch(/Condition [1-9]/)
    const digest = await callTool(access, 'fhir-digest', { path: `Patient/${OWN}/$everything` })
    expect(digest.isError).toBe(false)
    const who = await callTool(access, 'whoami', {})
    expect(who.content[0]?.text).toContain(`Narrowed to: the records of Patient/${OWN}\n`)
  })

  test('creating, changing and deleting, alone and in a batch', async () => {
    const made = JSON.parse(
      (await fhir(access, { method: 'POST', path: 'Observation', body: observation(`Patient/${OWN}`) })).text,
    )
    const path = `Observation/${made.id}`
    const put = await fhir(access, {
      method: 'PUT',
      path,
      body: observation(`Patient/${OWN}`, { id: made.id, status: 'amended' }),
    })
    expect(JSON.parse(put.text).status).toBe('amended')
    const patched = await fhir(access, {
      method: 'PATCH',
      path,
      body: [{ op: 'replace', path: '/status', value: 'final' }],
    })
    expect(JSON.parse(patched.text).status).toBe('final')
    const person = JSON.parse((await fhir(access, { method: 'GET', path: `Patient/${OWN}` })).text)
    for (const args of [
      { method: 'PUT', path, body: { ...JSON.parse(patched.text), status: 'amended' } },
      { method: 'PUT', path: `Patient/${OWN}`, body: { ...person, gender: 'unknown' } },
      { method: 'POST', path: 'Observation', body: observation(`Patient/${OWN}`) },
    ]) {
      const tried = await fhir(access, { ...args, dryRun: true })
      expect(tried.isError, tried.text).toBe(false)
    }
    const batch = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: path } },
        { request: { method: 'GET', url: `Observation/${first('Observation')}` } },
        { request: { method: 'POST', url: 'Observation' }, resource: observation(`Patient/${OWN}`) },
      ],
    }
    const answers = JSON.parse((await fhir(access, { method: 'POST', path: '', body: batch })).text).entry
    expect(answers.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual([
      '200',
      '404',
      '201',
    ])
    expect((await fhir(access, { method: 'DELETE', path })).isError).toBe(false)
    expect((await fhir(access, { method: 'GET', path })).text).toContain('404')
  })
})

// ── Types ──

describe('narrowed to types', () => {
  let narrow: string
  beforeAll(async () => {
    narrow = (await signIn(alice, undefined, 'admin', { types: 'observation, Patient' })).access
  })

  test.each([
    ['a search', { method: 'GET', path: 'Task' }],
    ['a read', { method: 'GET', path: `Task/${MISSING}` }],
    ['several types', { method: 'GET', path: '?_type=Patient,Task' }],
    ['a type that outdoes the path', { method: 'GET', path: 'Patient?_type=Task' }],
    ['a chain', { method: 'GET', path: 'Observation?encounter.status=finished' }],
    ['a reverse chain', { method: 'GET', path: 'Patient?_has:Task:patient:status=requested' }],
    ['GraphQL', { method: 'POST', path: '$graphql', body: { query: '{ TaskList { id } }' } }],
    ['a table', { method: 'GET', path: 'Patient/$csv?_fields=id' }],
    ['the summary', { method: 'GET', path: `Patient/${OWN}/$summary` }],
    ['an export', { method: 'GET', path: 'Patient/$export' }],
    ['a create', { method: 'POST', path: 'Task', body: { resourceType: 'Task', status: 'draft', intent: 'order' } }],
    ['an operation', { method: 'POST', path: `Bot/${MISSING}/$execute`, body: {} }],
    ['a job', { method: 'GET', path: `job/${MISSING}/status` }],
    ['an export', { method: 'GET', path: `bulkdata/export/${MISSING}` }],
    ...['Encounter?status=finished', '/Encounter?status=finished', 'https://x/Encounter?status=finished\n'].map(
      (reference): [string, Record<string, unknown>] => [
        `a search in the place of a reference: ${JSON.stringify(reference)}`,
        { method: 'POST', path: 'Observation', body: observation(`Patient/${OWN}`, { encounter: { reference } }) },
      ],
    ),
    [
      'a patch in a batch',
      {
        method: 'POST',
        path: '',
        body: {
          resourceType: 'Bundle',
          type: 'batch',
          entry: [
            {
              request: { method: 'PATCH', url: `Observation/${MISSING}` },
              resource: {
                resourceType: 'Binary',
                contentType: 'application/json-patch+json',
                data: btoa('[{"op":"add","path":"/encounter","value":{"reference":"Encounter?status=finished"}}]'),
              },
            },
          ],
        },
      },
    ],
  ])('others aren’t reached by %s', async (_what, args) => {
    const { requests } = await sandbox.during(async () => {
      for (const headers of [{}, await startSession(narrow)]) {
        const { isError, text } = await fhir(narrow, args, headers)
        expect(isError).toBe(true)
        expect(text).toContain('limited to the types Observation, Patient')
      }
    })
    expect(requests.filter(({ path }) => !path.includes('metadata')).map(({ path }) => path)).toEqual([])
  })

  test('what includes and $everything bring along is left out, and counted', async () => {
    const types = (text: string) => [
      ...new Set((JSON.parse(text).entry as { resource: Resource }[]).map(({ resource }) => resource.resourceType)),
    ]
    const path = `Observation?subject=Patient/${OWN}&_include=Observation:encounter&_include=Observation:subject`
    const found = await fhir(narrow, { method: 'GET', path })
    expect(types(found.text)).toEqual(['Observation', 'Patient'])
    expect(found.notes).toMatch(
      /Left out: \d+ Encounter\. This connection is limited to the types Observation, Patient\./,
    )
    const everything = await fhir(narrow, { method: 'GET', path: `Patient/${OWN}/$everything`, maxChars: 100_000 })
    expect(types(everything.text).sort()).toEqual(['Observation', 'Patient'])
    expect(everything.notes).toMatch(/Left out: .*\d+ Condition/)
  })

  test('a patch whose result asks for a search isn’t sent', async () => {
    const search = `Encounter?subject=Patient/${OTHER}&_count=1`
    const { text } = await fhir(narrow, {
      ...{ method: 'POST', path: 'Observation' },
      body: observation(`Patient/${OWN}`, { note: [{ text: search }], encounter: { display: 'x' } }),
    })
    const path = `Observation/${JSON.parse(text).id}`
    const patches = [
      [{ op: 'copy', from: '/note/0/text', path: '/encounter/reference' }],
      [{ op: 'add', path: '/encounter/reference', value: search }],
    ]
    for (const body of patches) {
      const { requests } = await sandbox.during(async () => {
        expect((await fhir(narrow, { method: 'PATCH', path, body })).isError).toBe(true)
      })
      expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
    }
  })

  test('those chosen are read and changed as before', async () => {
    expect((await fhir(narrow, { method: 'GET', path: `Patient/${OTHER}` })).isError).toBe(false)
    const made = await fhir(narrow, { method: 'POST', path: 'Observation', body: observation(`Patient/${OTHER}`) })
    expect(made.isError).toBe(false)
    const { text } = await contract<{ text: string }>(narrow, 'fetch', { id: `Patient/${OWN}` })
    expect(text).toContain('Observation')
    expect(text).toContain('(not permitted)')
    expect((await fhir(narrow, { method: 'GET', path: 'metadata' })).isError).toBe(false)
  })

  test('and one patient: both hold', async () => {
    const both = await signIn(alice, undefined, 'read', { types: 'Observation', patient: OWN.toUpperCase() })
    const { text } = await fhir(both.access, { method: 'GET', path: 'Observation?_count=1000&_elements=subject' })
    const owners = (JSON.parse(text).entry as { resource: Resource }[]).flatMap(({ resource }) => patientsOf(resource))
    expect(new Set(owners)).toEqual(new Set([OWN]))
    for (const path of ['Condition', `Patient/${OWN}`, `Observation/${first('Observation')}`]) {
      expect((await fhir(both.access, { method: 'GET', path })).isError, path).toBe(true)
    }
  })
})

// ── The choice ──

describe('the consent page', () => {
  const consent = async () => {
    const request = await authorization((await register()).client_id)
    const person = new Person(send)
    return { request, person, html: await (await person.visit(request.url)).text() }
  }

  test('has two labelled fields, which a hint describes', async () => {
    const { html } = await consent()
    for (const name of ['types', 'patient']) {
      expect(html).toContain(`<label for="${name}">`)
      expect(html).toMatch(new RegExp(`<input[^>]*id="${name}"[^>]*aria-describedby="${name}-hint"`))
      expect(html).toContain(`id="${name}-hint"`)
    }
    expect(html).not.toMatch(/<details[^>]*\bopen/)
  })

  test.each([
    [{ types: 'Observation, Blood<b>test' }, 'Blood&lt;b&gt;test is not a resource type.'],
    [{ types: 'Foo Bar Task' }, 'Foo, Bar are not resource types.'],
    [{ patient: 'Marisol' }, 'This is not a patient id.'],
    [{ patient: `Practitioner/${OWN}` }, 'This is not a patient id.'],
  ])('tells of %o what is wrong, grants nothing, and goes on with what is put right', async (wrong, message) => {
    const { request, person } = await consent()
    const error = await person.signIn(request.url, REDIRECT_URI, alice, 'approve', 'write', wrong).catch((one) => one)
    if (!(error instanceof UnexpectedPage)) throw error
    expect(error.status).toBe(400)
    expect(error.html).toContain(message)
    expect(error.html).toContain('aria-invalid="true"')
    expect(error.html).toMatch(/<details[^>]*\bopen/)
    expect(error.html).toMatch(/value="write"[^>]*checked/)
    const form = readForm(error.html, request.url)
    const filled = { ...Object.fromEntries(form?.fields ?? []), decision: 'approve', level: 'read', types: 'Task' }
    const onward = await person.visit(form?.action ?? '', new URLSearchParams(filled))
    expect(await whereTo(onward)).toContain('/oauth2/authorize')
  })

  test('a later sign-in chooses anew', async () => {
    const { client_id: client } = await register()
    const narrow = await signIn(alice, client, 'read', { types: 'Task' })
    expect((await fhir(narrow.access, { method: 'GET', path: 'Observation' })).isError).toBe(true)
    const headers = { 'mcp-protocol-version': '2025-11-25' }
    const challenged = await post(narrow.access, fhirCall({ method: 'DELETE', path: `Task/${MISSING}` }), headers)
    expect(challenged.status).toBe(403)
    // What more access wouldn't help isn't a challenge.
    const refused = await post(narrow.access, fhirCall({ method: 'GET', path: 'Observation' }), headers)
    expect(refused.status).toBe(200)
    expect((await rpc(refused)).result?.isError).toBe(true)
    const request = await authorization(client, { scope: 'fhir:read fhir:write fhir:full' })
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const granted: { access_token: string } = await (
      await exchange(request, callback.searchParams.get('code') ?? '')
    ).json()
    expect((await fhir(granted.access_token, { method: 'GET', path: 'Observation' })).isError).toBe(false)
  })
})
