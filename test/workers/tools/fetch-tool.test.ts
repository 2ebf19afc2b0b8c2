// The tool fetch: one record as text.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { PRACTITIONER_IDS } from '../../../sandbox/clinic/staff.ts'
import { allOf } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool, contract, definitionOf, READ_ONLY } from '../world/surface.ts'
import { rita, SANDBOX, sandbox } from '../world/world.ts'
import { access, fetched, linesOf, MARISOL, setUp, token } from './fetching.ts'

setUp()

test('one text of JSON: id, title, text, url and metadata', async () => {
  const answer = await fetched(MARISOL)
  expect(Object.keys(answer)).toEqual(['id', 'title', 'text', 'url', 'metadata'])
  expect(answer).toMatchObject({
    id: MARISOL,
    title: 'Marisol Vega-Castillo, born 1961-03-14 (Patient)',
    url: '',
    metadata: { versionId: expect.stringMatching(/^[0-9a-f-]{36}$/), lastUpdated: expect.stringMatching(/^2026-/) },
  })
})

test('is declared as a tool that only reads', async () => {
  const definition = await definitionOf(access, 'fetch')
  expect(definition?.annotations).toMatchObject(READ_ONLY)
  expect(definition?.inputSchema).toMatchObject({ properties: { id: { type: 'string' } }, required: ['id'] })
})

describe('a patient', () => {
  test('by labelled lines', async () => {
    const lines = await linesOf(MARISOL)
    expect(lines).toContain('Name: "Marisol Vega-Castillo" (official)')
    expect(lines).toContain('Birth date: 1961-03-14')
    expect(lines[0]).toMatch(/^Identifier: "MRN100200" \(https:\/\/clinic\.example\.com\/mrn\)/)
  })

  test('with the number of records of each kind, by one batch', async () => {
    const { result, requests } = await sandbox.during(() => linesOf(MARISOL))
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /fhir/R4/${MARISOL}`,
      'POST /fhir/R4',
    ])
    const counts = result.at(-1) ?? ''
    expect(counts).toMatch(new RegExp(`^TYPE\\?patient=${MARISOL}: `))
    for (const type of ['Condition', 'Observation', 'MedicationRequest', 'Task', 'Coverage', 'Claim']) {
      const all = await allOf(token, `${type}?patient=${MARISOL}`)
      expect(counts).toMatch(new RegExp(`\\b${type} ${all.length}(,|$)`))
    }
  })

  test('also for a reader with little access', async () => {
    const reader = (await signIn(rita)).access
    expect(await contract(reader, 'fetch', { id: MARISOL })).toEqual(await fetched(MARISOL))
  })
})

test('a practitioner and an organization with their neighbours', async () => {
  const practitioner = (await linesOf(`Practitioner/${PRACTITIONER_IDS.alice}`)).join('\n')
  expect(practitioner).toMatch(/TYPE\?general-practitioner=Practitioner\/[0-9a-f-]+: Patient [1-9]/)
  const [organization] = await allOf(token, 'Organization?name=Maplewood%20Community')
  expect((await linesOf(`Organization/${organization?.id}`)).join('\n')).toMatch(/TYPE\?organization=.*: Patient 1\d\d/)
})

test('every type of the clinic, in text that is short and says what the record says', async () => {
  const answers = await Promise.all(
    ['Observation', 'Condition', 'Claim', 'Task', 'Appointment', 'QuestionnaireResponse', 'CarePlan'].map(
      async (type) => {
        const [one] = await allOf(token, `${type}?_count=1`)
        return fetched(`${type}/${one?.id}`)
      },
    ),
  )
  for (const { text } of answers) {
    expect(text).toMatch(/^Status: [a-z-]+$|^Clinical status: /m)
    expect(text).not.toContain('[object Object]')
    expect(text).not.toContain('undefined')
  }
})

describe('which record is meant', () => {
  test.each([
    [PATIENT_IDS.diabetic],
    [` ${MARISOL} `],
    [`/${MARISOL}`],
    [`${SANDBOX}fhir/R4/${MARISOL}`],
    [`${SANDBOX}fhir/R4/${MARISOL}/_history/1`],
    [`fhir:///${MARISOL}`],
  ])('%s', async (id) => {
    expect((await fetched(id)).id).toBe(MARISOL)
  })

  test.each([
    '',
    'Marisol',
    'Patient',
    'Patient?name=vega',
    `${MARISOL}/$everything`,
    'Patient/../../auth/me',
    'Patient/%2e%2e',
    'https://evil.example/Patient/123',
    `https://evil.example/${MARISOL}`,
    'patient/123',
    '00000000-0000-4000-8000-000000000000',
  ])('%s is not an id: the error names `id`', async (id) => {
    const { isError, content } = await callTool(access, 'fetch', { id })
    expect(isError).toBe(true)
    expect(content).toHaveLength(1)
    expect(content[0]?.text).toContain('`id`')
  })

  test('a missing record is Medplum’s 404', async () => {
    const { isError, content } = await callTool(access, 'fetch', { id: 'Patient/00000000-0000-4000-8000-000000000000' })
    expect(isError).toBe(true)
    expect(content[0]?.text).toContain('HTTP 404')
  })

  test('a misspelled type is reported', async () => {
    const { isError, content } = await callTool(access, 'fetch', { id: `Patiend/${PATIENT_IDS.diabetic}` })
    expect(isError).toBe(true)
    expect(content[0]?.text).toMatch(/Patiend|Unknown/)
  })
})
