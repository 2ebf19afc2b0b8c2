// A connection that a person narrowed to one patient: whatever is tried, nothing of another patient is read.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, POST } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { create, type Resource } from '../world/medplum.ts'
import { ask, askModern, callTool, contract } from '../world/surface.ts'
import { sandbox } from '../world/world.ts'
import { COMPARTMENT, direct, fileOf, MINE, MISSING, type Narrowed, narrowed, OTHER, OWN, THEIRS } from './narrowed.ts'

let world: Narrowed
beforeAll(async () => {
  world = await narrowed()
})

test('the other patient has records of every type that is tried', () => {
  for (const type of ['Patient', ...COMPARTMENT]) expect(world.first(type), type).not.toBe('')
  expect(fileOf(world.theirs)).not.toBe('')
  expect(world.telling.every((one) => one.length > 3)).toBe(true)
})

// ── One patient: reading ──

const READS: [what: string, path: () => string][] = [
  ['a search for all', () => 'Observation?_count=1000'],
  ['a search of people', () => 'Patient?_count=1000'],
  ['a search by the other', () => `Observation?subject=${THEIRS}`],
  ['a search by the other’s bare id', () => `Condition?patient=${OTHER}`],
  ['a search for the other', () => `Patient?_id=${OTHER}`],
  ['a search for a record of the other', () => `Observation?_id=${world.first('Observation')}`],
  ['another compartment', () => `Observation?_compartment=${THEIRS}`],
  ['both compartments', () => `Observation?_compartment=${THEIRS}&_compartment=${MINE}`],
  ['either compartment', () => `Observation?_compartment=${MINE},${THEIRS}`],
  ['no compartment', () => `Observation?_compartment:not=${MINE}`],
  ['several types', () => `?_type=Patient,Observation,Task&_count=1000`],
  ['types that outdo the path', () => `Practitioner?_type=Patient,Device`],
  ['an include', () => `Appointment?_id=${world.shared.id}&_include=Appointment:patient&_include=Appointment:actor`],
  [
    'a reverse include',
    () => `Practitioner?_id=${world.practitioner.split('/')[1]}&_revinclude=Patient:general-practitioner`,
  ],
  ['a reverse include from own records', () => `Encounter?_revinclude=Observation:encounter&_count=1000`],
  ['a chain', () => `Observation?subject:Patient.name=${world.telling.at(-3)}`],
  ['a reverse chain', () => `Practitioner?_has:Patient:general-practitioner:_id=${OTHER}`],
  ['a filter', () => `Observation?_filter=subject%20eq%20${THEIRS}`],
  ['a record', () => `Observation/${world.first('Observation')}`],
  ['the person', () => THEIRS],
  [
    'a version',
    () => `Observation/${world.first('Observation')}/_history/${versionOf(world.theirs.find(isObservation))}`,
  ],
  ['the history', () => `Observation/${world.first('Observation')}/_history`],
  ['the history of a record that was the other’s', () => `Observation/${world.moved.id}/_history`],
  ['a version from when it was the other’s', () => `Observation/${world.moved.id}/_history/${versionOf(world.moved)}`],
  ['everything', () => `${THEIRS}/$everything`],
  ['the summary', () => `${THEIRS}/$summary`],
  ['a file', () => `Binary/${fileOf(world.theirs)}`],
  ['a table', () => `Observation/$csv?_fields=id,subject&subject=${THEIRS}`],
  ['a graph', () => `${THEIRS}/$graph?graph=x`],
  ['GraphQL by GET', () => '$graphql?query={PatientList{id,name{family}}}'],
  ['a page of another search', () => `Observation?_sort=_lastUpdated&_count=20&_cursor=2-0-${MISSING}`],
  ['what a page of everything links to', () => `Patient?_compartment=${THEIRS}&_type=Patient,Observation`],
  ['groups of many', () => 'Group?_count=100'],
]

function isObservation({ resourceType }: Resource): boolean {
  return resourceType === 'Observation'
}

function versionOf(resource: Resource | undefined): string {
  return String((resource?.meta as { versionId?: string } | undefined)?.versionId)
}

describe('narrowed to one patient: cannot read another’s records by', () => {
  test.each(READS)('%s', async (_what, path) => {
    const args = GET(path())
    for (const answer of [await fhir(world.access, args), await fhir(world.access, args, world.session)]) {
      expect(world.leaks(answer.content, args)).toEqual([])
    }
    const batch = bundleOf('batch', [entryFor('GET', path())])
    const asked = POST('', batch)
    expect(world.leaks((await fhir(world.access, asked)).content, asked)).toEqual([])
    if (args.path.includes('?') || args.path.includes('everything') || args.path.includes('_history')) {
      const all = { ...args, all: true }
      expect(world.leaks((await fhir(world.access, all)).content, all)).toEqual([])
      const digest = await callTool(world.access, 'fhir-digest', { path: path() })
      expect(world.leaks(digest.content, args)).toEqual([])
    }
  })

  test.each([
    ['Observation', () => world.first('Observation')],
    ['Patient', () => OTHER],
    ['DocumentReference', () => world.first('DocumentReference')],
  ] as const)('the answer for a %s: it is that for a missing record', async (type, id) => {
    const missing = MISSING
    const words = async (path: string) => {
      const { isError, content } = await fhir(world.access, GET(path))
      expect(isError).toBe(true)
      return JSON.stringify(content).replaceAll(path.split('/')[1] ?? '', 'ID')
    }
    expect(await words(`${type}/${id()}`)).toBe(await words(`${type}/${missing}`))
    expect(await words(`${type}/${id()}/_history`)).toBe(await words(`${type}/${missing}/_history`))
  })

  test('the answer for a deleted record: it is that for one that never existed', async () => {
    const subject = { reference: THEIRS }
    const gone = await create(world.token, {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'gone' },
      subject,
    })
    await direct(world.token, 'DELETE', `Observation/${gone.id}`)
    const words = async (id: string) => {
      const { isError, content } = await fhir(world.access, GET(`Observation/${id}`))
      expect(isError).toBe(true)
      return JSON.stringify(content).replaceAll(id, 'ID')
    }
    expect(await words(gone.id)).toBe(await words(MISSING))
  })

  test('a count', async () => {
    const { text } = await fhir(world.access, GET(`Observation?subject=${THEIRS}&_summary=count`))
    expect(JSON.parse(text).total).toBe(0)
    const { text: all } = await fhir(world.access, GET('Patient?_total=accurate'))
    expect(JSON.parse(all).total).toBe(1)
  })

  test('the tools search and fetch', async () => {
    const words = [world.telling.at(-3) ?? '', world.telling.at(-2) ?? '', OTHER, `Observation?subject=${THEIRS}`]
    for (const query of words) {
      expect(world.leaks((await callTool(world.access, 'search', { query })).content, query)).toEqual([])
    }
    for (const id of [THEIRS, OTHER, `Observation/${world.first('Observation')}`, `Binary/${fileOf(world.theirs)}`]) {
      const { isError, content } = await callTool(world.access, 'fetch', { id })
      expect(isError, id).toBe(true)
      expect(world.leaks(content, id)).toEqual([])
    }
    const { text } = await contract<{ text: string }>(world.access, 'fetch', { id: world.practitioner })
    expect(world.leaks(text, '')).toEqual([])
    expect(text).toContain('Patient 1')
  })

  test('resources and completion', async () => {
    const uri = `fhir:///${THEIRS}`
    expect((await ask(world.access, 'resources/read', { uri })).error?.message).toContain('not found')
    expect((await askModern(world.access, 'resources/read', { uri }, uri)).error?.message).toContain('not found')
    const completed = await ask(world.access, 'completion/complete', {
      ref: { type: 'ref/resource', uri: 'fhir:///{type}/{id}' },
      argument: { name: 'id', value: '' },
      context: { arguments: { type: 'Patient' } },
    })
    expect(completed.result?.completion).toMatchObject({ values: [OWN] })
  })

  test('GraphQL, searches by POST and jobs', async () => {
    const { requests } = await sandbox.during(async () => {
      for (const args of [
        POST('$graphql', { query: '{ PatientList { id name { family } } }' }),
        POST('Observation/_search', { subject: THEIRS }),
        POST('Patient/$match', { resourceType: 'Parameters', parameter: [] }),
        GET('$export'),
        GET(`job/${MISSING}/status`),
        POST('', bundleOf('batch', []), { respondAsync: true }),
        POST(`Bot/${MISSING}/$execute`, {}),
      ]) {
        const { isError, text } = await fhir(world.access, args)
        expect(isError, args.path).toBe(true)
        expect(text).toContain(`limited to the records of ${MINE}`)
        expect(text).toContain('Nothing was sent.')
      }
    })
    expect(requests.filter(({ path }) => !path.includes('metadata')).map(({ path }) => path)).toEqual([])
  })
})

test('a record of several patients does not say who the others are', async () => {
  const { text } = await fhir(world.access, GET(`Appointment/${world.shared.id}`))
  expect(text).toContain(`Display of ${OWN}`)
  expect(text).toContain('(another patient)')
  expect(world.leaks(text, '')).toEqual([])
  const { text: refusal } = await fhir(world.access, DELETE(`Appointment/${world.shared.id}`))
  expect(refusal).toContain('is about other patients too')
})
