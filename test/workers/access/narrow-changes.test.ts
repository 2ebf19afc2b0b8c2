// A connection that a person narrowed to one patient: nothing of another is changed, and work on that patient goes on.
import { beforeAll, describe, expect, test } from 'vitest'
import { patientsOf } from '../../../src/access/narrow/patient-compartment.ts'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST, PUT } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { allOf } from '../world/medplum.ts'
import { callTool, contract } from '../world/surface.ts'
import { sandbox } from '../world/world.ts'
import { fileOf, firstOf, MINE, type Narrowed, narrowed, OTHER, OWN, observation, THEIRS } from './narrowed.ts'

let world: Narrowed
beforeAll(async () => {
  world = await narrowed()
})

describe('narrowed to one patient: cannot change another’s records by', () => {
  const entry = (method: string, url: string, resource?: object) =>
    POST('', bundleOf('batch', [{ request: { method, url }, ...(resource && { resource }) }]))
  const patch = [{ op: 'replace', path: '/status', value: 'amended' }]
  test.each<[string, () => Record<string, unknown>]>([
    ['a create', () => POST('Observation', observation(THEIRS))],
    ['a create that refers to a search', () => POST('Observation', observation(`Patient?_id=${OTHER}`))],
    ['a new Patient', () => POST('Patient', { resourceType: 'Patient' })],
    [
      'an update',
      () => PUT(`Observation/${world.first('Observation')}`, observation(MINE, { id: world.first('Observation') })),
    ],
    ['a patch', () => PATCH(`Observation/${world.first('Observation')}`, patch)],
    ['a delete', () => DELETE(`Observation/${world.first('Observation')}`)],
    [
      'an update in a batch',
      () =>
        entry(
          'PUT',
          `Observation/${world.first('Observation')}`,
          observation(MINE, { id: world.first('Observation') }),
        ),
    ],
    ['a delete in a batch', () => entry('DELETE', `Observation/${world.first('Observation')}`)],
    ['a create in a batch', () => entry('POST', 'Observation', observation(THEIRS))],
    ['a conditional update', () => PUT(`Observation?_id=${world.first('Observation')}`, observation(MINE))],
    ['a conditional delete', () => DELETE(`Observation?_id=${world.first('Observation')}`)],
    ['erasing', () => POST(`${THEIRS}/$expunge`)],
    ['moving a record by PUT', () => PUT(`Observation/${world.moved.id}`, observation(THEIRS, { id: world.moved.id }))],
    [
      'moving a record by PATCH',
      () => PATCH(`Observation/${world.moved.id}`, [{ op: 'replace', path: '/subject/reference', value: THEIRS }]),
    ],
    [
      'adding another to a record by PATCH',
      () => PATCH(`Observation/${world.moved.id}`, [{ op: 'add', path: '/focus', value: [{ reference: THEIRS }] }]),
    ],
    ...[
      (search: string) => [{ op: 'add', path: '/focus', value: [{ reference: search }] }],
      (search: string) => [
        { op: 'add', path: '/focus', value: [{ reference: MINE }] },
        { op: 'replace', path: '/focus/0/reference', value: search },
      ],
      (search: string) => [
        { op: 'add', path: '/note', value: [{ text: search }] },
        { op: 'add', path: '/focus', value: [{ reference: MINE }] },
        { op: 'copy', from: '/note/0/text', path: '/focus/0/reference' },
      ],
    ].flatMap((operations) =>
      [
        (id: string) => `Condition?_id=${id}`,
        (id: string) => `/Condition?_id=${id}`,
        (id: string) => `Condition?_id=${id}&_count=2\n`,
      ].map((search): [string, () => Record<string, unknown>] => [
        `a patch by which Medplum would search: ${JSON.stringify(operations(search('ID')))}`,
        () => PATCH(`Observation/${world.moved.id}`, operations(search(world.first('Condition')))),
      ]),
    ),
    [
      'naming a file of another, with a space behind it',
      () =>
        POST('DocumentReference', {
          resourceType: 'DocumentReference',
          status: 'current',
          subject: { reference: MINE },
          content: [{ attachment: { contentType: 'text/plain', url: `Binary/${fileOf(world.theirs)}/ x` } }],
        }),
    ],
    [
      'naming a file of another',
      () =>
        POST('DocumentReference', {
          resourceType: 'DocumentReference',
          status: 'current',
          subject: { reference: MINE },
          content: [{ attachment: { contentType: 'text/plain', url: `Binary/${fileOf(world.theirs)}` } }],
        }),
    ],
  ])('%s', async (_what, args) => {
    const { requests } = await sandbox.during(async () => {
      for (const headers of [{}, world.session]) {
        const { isError, content } = await fhir(world.access, args(), headers)
        expect(isError).toBe(true)
        expect(world.leaks(content, args())).toEqual([])
      }
    })
    expect(requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })
})

describe('narrowed to one patient: work on that patient goes on', () => {
  test('reading: person, chart, pages, history, everything, files and staff', async () => {
    const { text } = await fhir(world.access, GET(MINE))
    expect(JSON.parse(text).id).toBe(OWN)
    const own = await allOf(world.token, `Observation?_compartment=${MINE}`)
    for (const headers of [{}, world.session]) {
      const { text: all } = await fhir(
        world.access,
        GET('Observation?_elements=status', { all: true, maxChars: 100_000 }),
        headers,
      )
      expect(JSON.parse(all).total).toBe(own.length)
    }
    const page = JSON.parse((await fhir(world.access, GET('Observation?_count=2&_sort=-date'))).text)
    const next = page.link?.find((link: { relation: string }) => link.relation === 'next').url
    const second = JSON.parse((await fhir(world.access, GET(next))).text)
    expect(second.entry.length).toBeGreaterThan(0)
    for (const { resource } of [...page.entry, ...second.entry]) expect(patientsOf(resource)).toContain(OWN)
    const everything = JSON.parse((await fhir(world.access, GET(`${MINE}/$everything`))).text)
    expect(everything.entry.length).toBeGreaterThan(10)
    const history = await fhir(world.access, GET(`${MINE}/_history`))
    expect(JSON.parse(history.text).entry).toHaveLength(1)
    expect((await fhir(world.access, GET(world.practitioner))).isError).toBe(false)
    expect((await fhir(world.access, GET('Practitioner?_count=3'))).isError).toBe(false)
  })

  test('a file that a document of the patient names', async () => {
    const documents = await allOf(world.token, `DocumentReference?_compartment=${MINE}`)
    const { isError } = await fhir(world.access, GET(`Binary/${fileOf(documents)}`))
    expect(isError).toBe(false)
    const { text } = await contract<{ text: string }>(world.access, 'fetch', {
      id: `DocumentReference/${documents[0]?.id}`,
    })
    expect(text).toContain('Its text:')
  })

  test('search, fetch, digest and whoami', async () => {
    const [person] = await allOf(world.token, `Patient?_id=${OWN}`)
    const family = String(firstOf(person, 'name').family)
    const { results } = await contract<{ results: { id: string }[] }>(world.access, 'search', { query: family })
    expect(results.map(({ id }) => id)).toContain(MINE)
    const { text } = await contract<{ text: string }>(world.access, 'fetch', { id: MINE })
    expect(text).toMatch(/Condition [1-9]/)
    const digest = await callTool(world.access, 'fhir-digest', { path: `${MINE}/$everything` })
    expect(digest.isError).toBe(false)
    const who = await callTool(world.access, 'whoami', {})
    expect(who.content[0]?.text).toContain(`Narrowed to: the records of ${MINE}\n`)
  })

  test('creating, changing and deleting, alone and in a batch', async () => {
    const made = JSON.parse((await fhir(world.access, POST('Observation', observation(MINE)))).text)
    const path = `Observation/${made.id}`
    const put = await fhir(world.access, PUT(path, observation(MINE, { id: made.id, status: 'amended' })))
    expect(JSON.parse(put.text).status).toBe('amended')
    const patched = await fhir(world.access, PATCH(path, [{ op: 'replace', path: '/status', value: 'final' }]))
    expect(JSON.parse(patched.text).status).toBe('final')
    const person = JSON.parse((await fhir(world.access, GET(MINE))).text)
    for (const args of [
      PUT(path, { ...JSON.parse(patched.text), status: 'amended' }),
      PUT(MINE, { ...person, gender: 'unknown' }),
      POST('Observation', observation(MINE)),
    ]) {
      const tried = await fhir(world.access, { ...args, dryRun: true })
      expect(tried.isError, tried.text).toBe(false)
    }
    const batch = bundleOf('batch', [
      entryFor('GET', path),
      entryFor('GET', `Observation/${world.first('Observation')}`),
      entryFor('POST', 'Observation', observation(MINE)),
    ])
    const answers = JSON.parse((await fhir(world.access, POST('', batch))).text).entry
    expect(answers.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual([
      '200',
      '404',
      '201',
    ])
    expect((await fhir(world.access, DELETE(path))).isError).toBe(false)
    expect((await fhir(world.access, GET(path))).text).toContain('404')
  })
})
