// Notes about answers of Medplum that look like a success but aren't, or not fully.
import { describe, expect, test } from 'vitest'
import { checkAnswer } from '../../../src/advice/replies/check-answer.ts'
import { bundleOf, entryFor } from '../../calls.ts'
import { askedOf, recordings } from '../answer/recordings.ts'
import { ID } from './checking.ts'

describe('answers', () => {
  const none = { resourceType: 'Bundle', type: 'searchset' }
  const answer = (request: string, response: unknown, body?: unknown) => {
    const [method = '', path = ''] = request.split(/ (.*)/s)
    return checkAnswer({ method, path, body }, { status: 200, body: response }).join('\n')
  }

  test.each([
    ['GET Patient?family=Muller', none, "doesn't ignore accents"],
    ['GET Patient?name=Müller', none, 'Try name=Muller'],
    ['GET Observation?patient.name=Muller', none, 'accents'],
    ['GET Patient?_id=abc', none, 'UUIDs'],
    ['GET Patient?identifier=mrn|12', none, 'Try identifier=12,'],
    ['GET Patient?identifier=MR|12', none, '"MR" is not one'],
    [`GET Observation?encounter=${ID}`, none, `encounter=Encounter/${ID}`],
    ['GET Observation?performer=Dr. X', none, 'GET Practitioner?name=smith'],
    ['GET Observation?patient=me', none, 'searched as Type/ID'],
    ['GET Patient?phone=123', none, 'phone:contains=123'],
    ['GET Patient?_profile=us-core-patient', none, 'by its address'],
    ['GET Observation?code=http://loinc.org', none, 'code=http://loinc.org|'],
    ['GET Observation?category=vital signs', none, 'category:text=vital signs'],
    ['GET Organization?name=A*', none, 'name:contains=A'],
    [`POST Patient/${ID}/$resend`, { resourceType: 'OperationOutcome' }, 'the same answer if none match'],
    ['GET Patient?_offset=500', none, 'past the last'],
    ['GET Patient?_count=0', none, '_summary=count'],
    ['GET Patient?name=a', { ...none, entry: [{}], link: [{ relation: 'next', url: 'x' }] }, 'Without _sort'],
    ['GET Patient?_total=estimate', { ...none, entry: [{}], total: 5 }, 'estimate'],
    ['GET Patient?_total=accurate', { ...none, entry: [{}], total: 1_000_000 }, 'estimate'],
    [`DELETE job/${ID}/status`, { resourceType: 'OperationOutcome' }, 'does not stop'],
    [`GET job/${ID}/status`, { resourceType: 'AsyncJob', status: 'cancelled' }, 'does not stop'],
    [`GET job/${ID}/status`, { resourceType: 'AsyncJob', status: 'error' }, 'FAILED'],
    [`POST Agent/${ID}/$push`, { resourceType: 'OperationOutcome' }, 'does not prove delivery', { body: 'MSH' }],
    [
      'POST $graphql',
      { errors: [{ message: 'Forbidden', path: ['PatientCreate'] }], data: {} },
      'Forbidden at PatientCreate',
    ],
    [`POST Bot/${ID}/$execute`, '[object Object]', 'must return text'],
    [`POST Bot/${ID}/$deploy`, { resourceType: 'OperationOutcome' }, 'no new code', {}],
  ])('%s %j: %s', (request, response, expected, body?: unknown) => {
    expect(answer(request, response, body)).toContain(expected)
  })

  test.each([
    ['GET Patient?family=Muller', { ...none, entry: [{}] }],
    ['GET Patient?_summary=count&family=Muller', { ...none, total: 5 }],
    ['GET Observation?code=x', none],
    [`GET Observation?subject=${ID}`, none],
    [`POST Agent/${ID}/$push`, {}, { waitForResponse: true }],
    [
      `POST Agent/${ID}/$push`,
      {},
      { resourceType: 'Parameters', parameter: [{ name: 'waitForResponse', valueString: 'true' }] },
    ],
    ['POST $graphql', { data: {} }],
    [`POST Bot/${ID}/$deploy`, {}, { code: 'x' }],
    [`DELETE Patient/${ID}`, { resourceType: 'OperationOutcome' }],
  ])('nothing to say: %s %j', (request, response, body?: unknown) => {
    expect(answer(request, response, body)).toBe('')
  })

  test('a transaction that was not atomic: a warning with the status of each entry', () => {
    const said = recorded('bundles/transaction-failing-entry-not-atomic')
    expect(said).toContain('NOT ATOMIC')
    expect(said).toContain('[0] 201, [1] 400')
    expect(said).toContain('Bundle.entry[1] (POST Observation): 400 Missing required property at Observation.status')
    expect(said).toContain('Add Observation.status')
  })

  test('a batch with failing entries: each of them', () => {
    const said = recorded('bundles/batch-mixed-results')
    expect(said).toContain('4 of 7 entries failed')
    for (const index of [1, 3, 5, 6]) expect(said).toContain(`Bundle.entry[${index}]`)
    expect(said).not.toContain('Bundle.entry[0]')
  })

  function recorded(name: string): string {
    const one = recordings.find((exchange) => exchange.name === name)
    const asked = one && askedOf(one)
    return one && asked
      ? checkAnswer(asked, { status: one.response.status, body: one.response.body }).join('\n')
      : 'not found'
  }
})

test('elements that no record has are reported', () => {
  const answer = (...resources: object[]) => ({
    status: 200,
    body: bundleOf(
      'searchset',
      resources.map((resource) => ({ resource })),
    ),
  })
  const asked = (path: string) => ({ method: 'GET', path })
  const patient = { resourceType: 'Patient', id: '1', name: [] }
  expect(checkAnswer(asked('Patient?_elements=name,subject'), answer(patient)).join()).toContain(
    'No record here has subject',
  )
  const observation = { resourceType: 'Observation', id: '1', valueQuantity: {} }
  expect(checkAnswer(asked('Observation?_elements=value&_sort=_id'), answer(observation))).toEqual([])
})

describe('resources to be included', () => {
  const asked = (path: string, ...included: string[]) => {
    const entry = [
      { resource: { resourceType: 'Patient' }, search: { mode: 'match' } },
      ...included.map((resourceType) => ({ resource: { resourceType }, search: { mode: 'include' } })),
    ]
    return checkAnswer({ method: 'GET', path }, { status: 200, body: bundleOf('searchset', entry) })
  }
  test.each([
    ['Patient?_revinclude=Observation:code', [], '`_revinclude=Observation:code` brought nothing'],
    [
      'Patient?_revinclude=Observation:subject&_revinclude=Task:patient',
      ['Observation'],
      '`_revinclude=Task:patient` brought nothing',
    ],
    ['Patient?_include=Patient:general-practitioner:Practitioner', ['Organization'], 'ignores the :Practitioner'],
    ['Patient?_revinclude=Observation:subject', Array.from({ length: 1000 }, () => 'Observation'), 'at most 1000'],
  ])('%s', (path, included, says) => {
    expect(asked(path, ...included).join()).toContain(says)
  })

  test('no note if they came, or if none were asked for', () => {
    expect(asked('Patient?_revinclude=Observation:subject', 'Observation')).toEqual([])
    expect(asked('Patient?name=x')).toEqual([])
  })
})

test('notes about an answer are also given for the entries of a batch, once each', () => {
  const urls = ['Patient?family=Muller', 'Task/1', 'Patient?family=Muller']
  const none = { resourceType: 'Bundle', type: 'searchset' }
  const entry = urls.map((url) => entryFor('GET', url))
  const answers = [none, { resourceType: 'Task' }, none].map((resource) => ({ resource, response: { status: '200' } }))
  const body = bundleOf('batch', entry)
  const response = bundleOf('batch-response', answers)
  const said = checkAnswer({ method: 'POST', path: '', body }, { status: 200, body: response })
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(/^Bundle\.entry\[0\] and 1 more: No hits/)
})
