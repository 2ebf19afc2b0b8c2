// The budget of an answer.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { bundleOf, entryFor, POST } from '../../calls.ts'
import { decode } from '../../unit/answer/decode.ts'
import { deployment, say } from '../world/deployment.ts'
import { allOf, create } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'
import { access, call, chart, medplum, setUp } from './answering.ts'

setUp()

describe('the budget', () => {
  const patient = PATIENT_IDS.diabetic
  const entry = [chart, `${chart}/$everything`, 'Observation?_count=300', 'Task?_count=100'].map((url) =>
    entryFor('GET', url),
  )
  const query = '{ ObservationList(_count: 1000) { id status code { text coding { display } } note { text } } }'
  const long = "name.where(use='official').given.join(' ') & ' of ' & "
  const ASKED: [string, Record<string, unknown>][] = [
    ['a record', { path: chart }],
    ['a search', { path: 'Observation?_count=1000' }],
    ['the middle of a search', { path: 'Observation?_count=1000&_skip=500' }],
    ['the end of a search', { path: 'Observation?_count=1000&_skip=998' }],
    [
      'a search whose only match brings hundreds along',
      { path: `Patient?_id=${patient}&_revinclude=Observation:subject&_count=1000` },
    ],
    ['a chart', { path: `${chart}/$everything` }],
    ['all of a search', { path: 'Observation', all: true }],
    ['a batch', POST('', bundleOf('batch', entry))],
    ['a large operation', { path: 'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-codes&count=1000' }],
    ['a GraphQL query', POST('$graphql', { query })],
    ['a table of a file', { path: 'Observation/$csv?_fields=id,code,subject&_count=1000' }],
    ['columns', { path: 'Observation?_count=1000', select: ['id', 'code.text', 'subject.display'] }],
    [
      'whole resources in columns',
      { path: 'Observation?_count=1000', select: ['$this', 'code', 'subject', 'category'] },
    ],
    [
      'columns that find nothing',
      { path: 'Observation?_count=9', select: Array.from({ length: 20 }, (_, at) => `nope${at}`) },
    ],
    ['columns of long names', { path: 'Patient?_count=9', select: [`${long.repeat(9)}id`, `${long.repeat(8)}id`] }],
    ['an unknown parameter', { path: 'Patient?foo=bar' }],
  ]

  test.each(ASKED)('holds for %s', async (_, args) => {
    for (const [format, maxChars] of [
      ['compact', 2_000],
      ['compact', undefined],
      ['compact', 100_000],
      ['json', 2_000],
      ['json', 60_000],
    ] as const) {
      const { all } = await call({ ...args, format, ...(maxChars !== undefined && { maxChars }) })
      expect(all.length, `${format}, ${maxChars}`).toBeLessThanOrEqual(maxChars ?? 60_000)
    }
  })

  test('is used if there is more than it holds', async () => {
    for (const [maxChars, least] of [
      [10_000, 6_000],
      [60_000, 45_000],
      [100_000, 75_000],
    ] as const) {
      const { all } = await call({ path: 'Observation?_count=1000&_sort=_id', maxChars })
      expect(all.length).toBeGreaterThan(least)
    }
  })

  test('of a deployment applies unless a call says otherwise', async () => {
    const small = deployment({ ANSWER_CHARS: '5000' })
    const path = 'Observation?_count=1000'
    for (const format of ['compact', 'json']) {
      const { all } = await call({ path, format }, small)
      expect(all.length).toBeLessThanOrEqual(5000)
      expect(all.length).toBeGreaterThan(2500)
    }
    expect((await call({ path, maxChars: 20_000 }, small)).all.length).toBeGreaterThan(12_000)
    expect((await say(small, access, 'fhir-read', { path })).all.length).toBeLessThanOrEqual(5000)
    expect((await say(small, access, 'fhir-digest', { path })).all.length).toBeLessThanOrEqual(5000)
  })

  test('applies to an error, however long Medplum’s message', async () => {
    const issue = Array.from({ length: 900 }, (_, at) => ({
      ...{ severity: 'error', code: 'structure', expression: [`Patient.x${at}`] },
      details: { text: `Invalid additional property "${`x${at}`.repeat(200)}"` },
    }))
    const body = { resourceType: 'OperationOutcome', issue }
    const headers = { 'content-type': 'application/fhir+json' }
    await sandbox.faults([{ path: '^/fhir/R4/Patient', status: 400, headers, body }])
    const { isError, all } = await call(POST('Patient', { resourceType: 'Patient' }))
    expect(isError).toBe(true)
    expect(all).toContain('Patient.x0: Invalid additional property')
    expect(all).toMatch(/and \d+ more/)
    expect(all.length).toBeLessThanOrEqual(20_000)
  })

  test('leaves an ordinary record whole, even if it is small', async () => {
    const [one] = await allOf(medplum, `Condition?subject=${chart}`)
    const { text } = await call({ path: `Condition/${one?.id}`, maxChars: 2000 })
    expect(text).not.toMatch(/^left out: /m)
  })

  test('leaves the largest parts of a record out, and names them; what was dropped is counted', async () => {
    const { id } = await create(medplum, {
      resourceType: 'Basic',
      code: { text: 'long '.repeat(9000), coding: [{ code: 'a' }] },
    })
    const { text } = await call({ path: `Basic/${id}`, maxChars: 4000 })
    expect(text).toContain('left out: code.text (45000 characters)')
    expect(text).toContain('code: {coding:[{code:a}]}')
    const { all } = await call({ path: 'Observation?_count=1000&_sort=_id', maxChars: 4000 })
    expect(all).toMatch(/# Dropped \(\d+\)\n[\s\S]*\b29463-7\b/)
  })
})

test('a batch of many creates answers with ids and counts, and with selected columns the status', async () => {
  const entry = Array.from({ length: 30 }, (_, at) =>
    entryFor('POST', 'Basic', { resourceType: 'Basic', code: { text: `echoed ${at}` } }),
  )
  const batch = POST('', bundleOf('batch', entry))
  const { text } = await call(batch)
  expect(text).toContain('(by status: 201 × 30)')
  expect(text).not.toContain('echoed 7')
  expect((decode(text) as { entry: unknown[] }).entry).toHaveLength(30)
  const selected = await call({ ...batch, select: ['code.text'] })
  expect(selected.text).toContain('same: @status="201"')
  expect(selected.text).toContain('"echoed 7"')
})
