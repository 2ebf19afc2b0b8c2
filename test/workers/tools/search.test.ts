// The tool search: what is found first.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { PRACTITIONER_IDS } from '../../../sandbox/clinic/staff.ts'
import { create } from '../world/medplum.ts'
import { callTool, definitionOf, READ_ONLY } from '../world/surface.ts'
import { SANDBOX, sandbox } from '../world/world.ts'
import { access, MARISOL, search, setUp, titlesOf, token } from './searching.ts'

setUp()

test('one text of JSON, with id, title and url and nothing else', async () => {
  const answer = await search('Vega-Castillo')
  expect(Object.keys(answer)).toEqual(['results'])
  for (const result of answer.results) expect(Object.keys(result)).toEqual(['id', 'title', 'url'])
  expect(answer.results[0]).toEqual({ id: MARISOL, title: 'Marisol Vega-Castillo, born 1961-03-14 (Patient)', url: '' })
})

test('nothing found is an empty list', async () => {
  expect((await callTool(access, 'search', { query: 'Zzyzx Nobodyhere' })).content).toEqual([
    { type: 'text', text: '{"results":[]}' },
  ])
})

test('is declared as a tool that only reads', async () => {
  const definition = await definitionOf(access, 'search')
  expect(definition?.annotations).toMatchObject(READ_ONLY)
  expect(definition?.inputSchema).toMatchObject({ properties: { query: { type: 'string' } }, required: ['query'] })
})

describe('finds first', () => {
  test.each([
    ['Vega-Castillo 1961', MARISOL],
    ['Who is Marisol Vega-Castillo?', MARISOL],
    ['"Vega-Castillo", Marisol', MARISOL],
    ['1961-03-14', MARISOL],
    ['14.03.1961', MARISOL],
    ['03/14/1961', MARISOL],
    ['Marisol, born 14 March 1961', MARISOL],
    ['MRN100200', MARISOL],
    ['MRN: 100200', MARISOL],
    ['mrn100200', MARISOL],
    ['https://clinic.example.com/mrn|MRN100200', MARISOL],
    [PATIENT_IDS.diabetic, MARISOL],
    [MARISOL, MARISOL],
    [`${SANDBOX}fhir/R4/${MARISOL}`, MARISOL],
    // Misspelled, or with a wrong year: what meets most of it.
    ['Vega-Castilo 1961-03-14', MARISOL],
    ['Vega-Castillo 1962', MARISOL],
    ['田中', `Patient/${PATIENT_IDS.twoScripts}`],
    ['doctor Nguyen', `Practitioner/${PRACTITIONER_IDS.alice}`],
    ['Dr. Alice Nguyen, MD', `Practitioner/${PRACTITIONER_IDS.alice}`],
    ['alice@example.com', `Practitioner/${PRACTITIONER_IDS.alice}`],
    ['doctor 555-0110', `Practitioner/${PRACTITIONER_IDS.alice}`],
  ])('%s: %s', async (query, id) => {
    expect((await search(query)).results[0]?.id).toBe(id)
  })

  test.each([
    ['bay mutual', 'Bay Mutual Health (Organization)'],
    ['clinic laboratory', 'Maplewood Clinic Laboratory (Organization)'],
    ['diabetes letter Marisol', 'Referral letter, 2026-07-15, Marisol Vega-Castillo (DocumentReference)'],
    ['referral letter for Vega-Castillo', 'Referral letter, 2026-07-15, Marisol Vega-Castillo (DocumentReference)'],
    ['Summary of all visits Sorensen', 'Summary of all visits, 2026-08-13, Henrik Sørensen (DocumentReference)'],
    ['Marisol progress note 2026', 'Progress note 2026-04-22, Marisol Vega-Castillo (DocumentReference)'],
  ])('%s: %s', async (query, title) => {
    expect((await titlesOf(query))[0]).toBe(title)
  })

  test('with and without accents, and never only the one that was not meant', async () => {
    expect((await titlesOf('Nunez'))[0]).toMatch(/^Edward .*Núñez/)
    expect((await titlesOf('SORENSEN'))[0]).toMatch(/^Henrik .*Sørensen/)
    expect((await titlesOf('Théo Lefevre'))[0]).toMatch(/^Théo .*Lefèvre/)
    const ids = async (query: string) => (await search(query)).results.slice(0, 2).map(({ id }) => id)
    const [with_, without] = [`Patient/${PATIENT_IDS.namesake}`, `Patient/${PATIENT_IDS.otherNamesake}`]
    expect(await ids('Maria Garcia')).toEqual([without, with_])
    expect(await ids('María García')).toEqual([with_, without])
  })

  test('both readings of an ambiguous date', async () => {
    for (const birthDate of ['1931-02-03', '1931-03-02']) {
      await create(token, { resourceType: 'Patient', name: [{ family: 'Twodates' }], birthDate })
    }
    expect((await titlesOf('Twodates 02/03/1931')).sort()).toEqual([
      'Twodates, born 1931-02-03 (Patient)',
      'Twodates, born 1931-03-02 (Patient)',
    ])
    expect(await titlesOf('Twodates 03.02.1931')).toEqual(['Twodates, born 1931-02-03 (Patient)'])
  })
})

test('at most 20, each once, people before documents', async () => {
  const { results } = await search('progress note')
  expect(results).toHaveLength(20)
  expect(new Set(results.map(({ id }) => id)).size).toBe(20)
  const types = (await search('Marisol')).results.map(({ id }) => id.split('/')[0])
  expect(types).toEqual([...types].sort((a, b) => Number(a !== 'Patient') - Number(b !== 'Patient')))
  expect(types).toContain('DocumentReference')
})

test('a type alone lists its latest records', async () => {
  const { results } = await search('patients')
  expect(results).toHaveLength(20)
  expect(results.every(({ id }) => id.startsWith('Patient/'))).toBe(true)
})

describe('a FHIR query', () => {
  test('of any type, in its own order', async () => {
    const { results } = await search('Observation?code=4548-4&_sort=-date&_count=2')
    expect(results.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^HbA1c, 2026-.*\(Observation\)$/),
      expect.stringMatching(/^HbA1c, 2026-.*\(Observation\)$/),
    ])
    expect(await search('GET /Patient?name=vega-castillo')).toEqual(await search('Patient?name=vega-castillo'))
  })

  test('without hits, and a count, are empty', async () => {
    expect(await search('Patient?name=zzyzx')).toEqual({ results: [] })
    expect(await search('Patient?_summary=count')).toEqual({ results: [] })
  })

  test.each([
    ['Patient?_count=abc', '_count'],
    ['Patient?name:foo=bar', 'modifier'],
    ['https://evil.example/fhir/R4/Patient?name=x', 'refused'],
    ['Observation?date=ap2024-01-01', 'approximately'],
  ])('%s is refused before anything is sent', async (query, problem) => {
    const { result, requests } = await sandbox.during(() => callTool(access, 'search', { query }))
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toContain(problem)
    expect(requests.filter(({ path }) => !path.endsWith('/metadata'))).toEqual([])
  })

  test('that Medplum refuses is its error', async () => {
    const { isError, content } = await callTool(access, 'search', { query: 'Patient?nope=1' })
    expect(isError).toBe(true)
    expect(content[0]?.text).toContain('Unknown search parameter: nope')
  })

  test.each(['', ' ', '?!', '""'])('not for %j', async (query) => {
    const { isError, content } = await callTool(access, 'search', { query })
    expect(isError).toBe(true)
    expect(content[0]?.text).toContain('`query`')
  })
})
