// Connections that a person narrowed to some types, and how the consent page asks for it.
import { beforeAll, describe, expect, test } from 'vitest'
import { Person, readForm, UnexpectedPage, whereTo } from '../../../programs/person.ts'
import { patientsOf } from '../../../src/access/narrow/patient-compartment.ts'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST } from '../../calls.ts'
import { fhir, fhirCall, post, rpc, startSession } from '../world/mcp.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { authorization, exchange, register, signIn } from '../world/signing-in.ts'
import { contract } from '../world/surface.ts'
import { alice, REDIRECT_URI, sandbox, send } from '../world/world.ts'
import { MINE, MISSING, OWN, observation, THEIRS } from './narrowed.ts'

describe('narrowed to types', () => {
  let narrow: string
  beforeAll(async () => {
    narrow = (await signIn(alice, undefined, 'admin', { types: 'observation, Patient' })).access
  })

  test.each([
    ['a search', GET('Task')],
    ['a read', GET(`Task/${MISSING}`)],
    ['several types', GET('?_type=Patient,Task')],
    ['a type that outdoes the path', GET('Patient?_type=Task')],
    ['a chain', GET('Observation?encounter.status=finished')],
    ['a reverse chain', GET('Patient?_has:Task:patient:status=requested')],
    ['GraphQL', POST('$graphql', { query: '{ TaskList { id } }' })],
    ['a table', GET('Patient/$csv?_fields=id')],
    ['the summary', GET(`${MINE}/$summary`)],
    ['an export', GET('Patient/$export')],
    ['a create', POST('Task', { resourceType: 'Task', status: 'draft', intent: 'order' })],
    ['an operation', POST(`Bot/${MISSING}/$execute`, {})],
    ['a job', GET(`job/${MISSING}/status`)],
    ['an export', GET(`bulkdata/export/${MISSING}`)],
    ...['Encounter?status=finished', '/Encounter?status=finished', 'https://x/Encounter?status=finished\n'].map(
      (reference): [string, Record<string, unknown>] => [
        `a search in the place of a reference: ${JSON.stringify(reference)}`,
        POST('Observation', observation(MINE, { encounter: { reference } })),
      ],
    ),
    [
      'a patch in a batch',
      POST(
        '',
        bundleOf('batch', [
          entryFor('PATCH', `Observation/${MISSING}`, {
            resourceType: 'Binary',
            contentType: 'application/json-patch+json',
            data: btoa('[{"op":"add","path":"/encounter","value":{"reference":"Encounter?status=finished"}}]'),
          }),
        ]),
      ),
    ],
  ])('cannot reach others by %s', async (_what, args) => {
    const { requests } = await sandbox.during(async () => {
      for (const headers of [{}, await startSession(narrow)]) {
        const { isError, text } = await fhir(narrow, args, headers)
        expect(isError).toBe(true)
        expect(text).toContain('limited to the types Observation, Patient')
      }
    })
    expect(requests.filter(({ path }) => !path.includes('metadata')).map(({ path }) => path)).toEqual([])
  })

  test('leaves out what includes and $everything bring along, and counts it', async () => {
    const types = (text: string) => [
      ...new Set((JSON.parse(text).entry as { resource: Resource }[]).map(({ resource }) => resource.resourceType)),
    ]
    const path = `Observation?subject=${MINE}&_include=Observation:encounter&_include=Observation:subject`
    const found = await fhir(narrow, GET(path))
    expect(types(found.text)).toEqual(['Observation', 'Patient'])
    expect(found.notes).toMatch(
      /Left out: \d+ Encounter\. This connection is limited to the types Observation, Patient\./,
    )
    const everything = await fhir(narrow, GET(`${MINE}/$everything`, { maxChars: 100_000 }))
    expect(types(everything.text).sort()).toEqual(['Observation', 'Patient'])
    expect(everything.notes).toMatch(/Left out: .*\d+ Condition/)
  })

  test('does not send a patch whose result asks for a search', async () => {
    const search = `Encounter?subject=${THEIRS}&_count=1`
    const { text } = await fhir(narrow, {
      ...POST('Observation'),
      body: observation(MINE, { note: [{ text: search }], encounter: { display: 'x' } }),
    })
    const path = `Observation/${JSON.parse(text).id}`
    const patches = [
      [{ op: 'copy', from: '/note/0/text', path: '/encounter/reference' }],
      [{ op: 'add', path: '/encounter/reference', value: search }],
    ]
    for (const body of patches) {
      const { requests } = await sandbox.during(async () => {
        expect((await fhir(narrow, PATCH(path, body))).isError).toBe(true)
      })
      expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
    }
  })

  test('reads and changes the chosen types as before', async () => {
    expect((await fhir(narrow, GET(THEIRS))).isError).toBe(false)
    const made = await fhir(narrow, POST('Observation', observation(THEIRS)))
    expect(made.isError).toBe(false)
    const { text } = await contract<{ text: string }>(narrow, 'fetch', { id: MINE })
    expect(text).toContain('Observation')
    expect(text).toContain('(not permitted)')
    expect((await fhir(narrow, GET('metadata'))).isError).toBe(false)
  })

  test('and to one patient: both apply', async () => {
    const token = await medplumToken()
    const [mine, theirs] = [await create(token, observation(MINE)), await create(token, observation(THEIRS))]
    const both = await signIn(alice, undefined, 'read', { types: 'Observation', patient: OWN.toUpperCase() })
    const one = await fhir(both.access, GET(`Observation?_id=${mine.id},${theirs.id}&_elements=subject`))
    const ids = (JSON.parse(one.text).entry as { resource: Resource }[]).map(({ resource }) => resource.id)
    expect(ids).toEqual([mine.id])
    const { text } = await fhir(both.access, GET('Observation?_count=100&_elements=subject'))
    const owners = (JSON.parse(text).entry as { resource: Resource }[]).flatMap(({ resource }) => patientsOf(resource))
    expect(new Set(owners)).toEqual(new Set([OWN]))
    for (const path of ['Condition', MINE, `Observation/${theirs.id}`]) {
      expect((await fhir(both.access, GET(path))).isError, path).toBe(true)
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
  ])('says what is wrong with %o, grants nothing, and goes on once it is corrected', async (wrong, message) => {
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

  test('a later sign-in can choose something else', async () => {
    const { client_id: client } = await register()
    const narrow = await signIn(alice, client, 'read', { types: 'Task' })
    expect((await fhir(narrow.access, GET('Observation'))).isError).toBe(true)
    const headers = { 'mcp-protocol-version': '2025-11-25' }
    const challenged = await post(narrow.access, fhirCall(DELETE(`Task/${MISSING}`)), headers)
    expect(challenged.status).toBe(403)
    // If more access wouldn't help, there is no challenge.
    const refused = await post(narrow.access, fhirCall(GET('Observation')), headers)
    expect(refused.status).toBe(200)
    expect((await rpc(refused)).result?.isError).toBe(true)
    const request = await authorization(client, { scope: 'fhir:read fhir:write fhir:full' })
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const granted: { access_token: string } = await (
      await exchange(request, callback.searchParams.get('code') ?? '')
    ).json()
    expect((await fhir(granted.access_token, GET('Observation'))).isError).toBe(false)
  })
})
