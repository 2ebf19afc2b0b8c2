// Requests that Medplum answers with 200 but misreads: refused, or with a warning.
import { describe, expect, test } from 'vitest'
import { checkAnswer } from '../../../src/advice/replies/check-answer.ts'
import { checkRequest } from '../../../src/advice/requests/check-request.ts'
import { CODES } from '../../../src/advice/requests/content-checks.ts'
import { askedOf, recordings } from '../answer/recordings.ts'
import { capability, check, ID, refusal, warnings } from './checking.ts'
import { seeded } from './odd-values.ts'

describe('searches refused', () => {
  test.each<[request: string, one: string, other?: string | undefined, body?: unknown]>([
    ['GET Patient?name:foo=x', 'would silently search', ':contains'],
    ['GET Patient?name:contain=x', 'name:contains=x'],
    ['GET Observation?subject:Patient.name:foo=x', ':foo'],
    ['GET Patient?_has:Observation:subject:code:foo=x', ':foo'],
    ['GET Observation?subject:Patiant.name=x', 'Patient'],
    ['GET Observation?subject:Patiant=x', 'Patient'],
    ['GET Observation?code:Patient=x', ':Patient'],
    ['GET Observation?subject:Group=Patient/1', 'another type', 'subject=Group/ID'],
    ['GET Observation?date:ge=2024-01-01', 'date=ge2024-01-01'],
    ['GET Patient?_sort:desc=birthdate', '_sort=-'],
    ['GET Patient?name=*', 'find everything', 'name:contains'],
    ['GET Patient?family=%25', 'find everything'],
    ['GET Patient?name=*son', 'a wildcard', 'name:contains=son'],
    ['GET Organization?address=--', 'find everything'],
    [
      'POST Patient?identifier=a|1',
      'ignores `identifier`',
      'ifNoneExist "identifier=a|1"',
      { resourceType: 'Patient' },
    ],
    [`DELETE Patient/${ID}?_cascade=true`, 'ignores `_cascade`', `DELETE Patient/${ID}.`],
    ['POST $validate', 'POST Patient/$validate', undefined, { resourceType: 'Patient' }],
    ['GET Observation?_include:recurse=Observation:subject', '_include:iterate=Observation:subject'],
    ['GET Patient?_count=abc', 'no results', '_count=20'],
    ['GET Patient?_count=-1', 'no results'],
    ['GET Patient?_count=5&_count=10', 'given 2 times', 'Write it once'],
    ['GET Patient?_elements=name&_elements=gender', '_elements=name,gender'],
    ['GET Patient?_count=', 'no results'],
    ['GET Patient?_count=1.5', 'not a whole number'],
    [`GET Patient/${ID}/_history?_count=abc`, '_count'],
    [`GET Patient/${ID}/$everything?_count=abc`, '_count'],
    ['GET Patient?_offset=abc', '_offset=20'],
    ['GET Patient?_offset=10001', '_sort=_lastUpdated'],
    ['GET Patient?_cursor=1-x&_offset=20', 'cannot be combined'],
    ['GET Patient?_total=exact', '_total=accurate'],
    ['GET Patient?_summary=yes', '_summary=count'],
    ['GET Observation?_include=*', '_include=Observation:subject'],
    ['GET Patient?_revinclude=Observation:*', '_revinclude=Observation:subject'],
    ['GET Observation?date=ap2024-02-11', 'approximately', 'date=ge2024-02-11&date=lt2024-02-12'],
    ['GET Observation?date=ne2024-02-11', 'date=lt2024-02-11', 'date=ge2024-02-12'],
    ['GET Observation?date:not=2024-02-11', 'date=lt2024-02-11'],
    ['GET Patient?birthdate=ne1990', 'birthdate=lt1990-01-01', 'birthdate=ge1991-01-01'],
    ['GET ?_type=Patient,Nope', 'Nope is not a resource type'],
    ['POST Patient/_search?_count=abc', '_count'],
    // Values that find everything, or nothing.
    ['GET Patient?name=', 'has no value', 'name:missing=true'],
    ['GET Patient?family=x&name=%20,', 'has no value'],
    ['PUT Patient?identifier=x&name=', 'has no value'],
    ['GET Patient?active:missing=yes', 'active:missing=true'],
    ['GET Patient?_cursor=zzz', 'not a Medplum cursor'],
    ['GET Patient?_elements=', 'names no element'],
    ['GET Condition?code=icd10|E11', 'icd-10-cm'],
    ['GET Observation?code:in=http://x', 'has no :in'],
    ['GET Observation?status:not-in=final', 'has no :not-in'],
    ['GET Patient?identifier:of-type=http://x|MR|1', 'has no :of-type'],
    ['GET Condition?code:below=44054006', 'has no :below'],
    // Addresses outside the FHIR API.
    ['POST admin/projects/1/invite', 'outside', '/admin/invite'],
    ['GET admin/projects/1/members/2', 'outside', '/admin/users'],
    ['GET auth/me', 'outside', '/security'],
    ['POST oauth2/token', 'outside'],
    ['GET openapi.json', 'outside', 'metadata'],
    ['POST Patient/_search?_total=yes', '_total=accurate'],
    ['POST Patient/_search?name:exat=x', 'name:exact=x'],
  ])('%s', (request, one, other, body) => {
    const message = refusal(request, body)
    expect(message).toContain(one)
    if (other !== undefined) expect(message).toContain(other)
    expect(message).toContain('Nothing was sent.')
  })
})

describe('searches with a warning', () => {
  test.each([
    ['GET Patient?_count=5000', 'at most 1000'],
    ['GET Observation?value-quantity=lt60|http://unitsofmeasure.org|kg', 'ignores the unit'],
    ['GET Patient?_has:Observation:patient:date=2024-02-11', 'two different resources'],
    ['GET AllergyIntolerance?onset=2024-02-11', 'several such dates'],
    ['GET Observation?_filter=date eq 2024-02-11', 'midnight'],
    ['GET Patient?_format=xml', 'JSON'],
    ['GET Patient?_type=Observation', 'searches Observation, not Patient'],
    [`GET Patient/${ID}?_elements=name`, `GET Patient?_id=${ID}&_elements=name`],
  ])('%s: %s', (request, expected) => {
    expect(warnings(request)).toContain(expected)
  })
})

describe('paths', () => {
  test.each([
    ['DELETE Patient', 'without criteria', 'DELETE Patient/ID'],
    ['DELETE Basic?', 'without criteria'],
    ['DELETE Patient?_count=5', 'without criteria'],
    ['DELETE Patient?identifier=', 'without criteria'],
    ['PUT Patient', 'without criteria', 'PUT Patient?identifier='],
    ['PATCH Patient', 'without criteria'],
    ['DELETE Patient?name:foo=x', 'would silently search'],
    ['DELETE Observation?date=le2024-02-11', 'Send DELETE Observation?date=lt2024-02-12'],
    ['GET _history', 'per resource'],
    ['GET Patient/_history', 'Patient/ID/_history'],
    [`GET Patient/${ID}/Observation?code=x`, `Observation?subject=Patient/${ID}&code=x`],
    [`GET Patient/${ID}/AllergyIntolerance`, `AllergyIntolerance?patient=Patient/${ID}`],
    [`GET Encounter/${ID}/Observation`, `Observation?encounter=Encounter/${ID}`],
    [`GET Practitioner/${ID}/Condition`, `Condition?_compartment=Practitioner/${ID}`],
    [`HEAD Patient/${ID}`, 'Use GET'],
    ['GET Pateint?name=x', 'GET Patient?name=x'],
    ['DELETE patient/1', 'Send DELETE Patient/1'],
    [`GET Patient/${ID}/$everything?_type=Observation`, '"valueCode":"Observation"'],
    ['GET Patient/$export?_since=abc', 'never finish'],
    ['GET $export?_type=Nope', 'Nope is not a resource type'],
  ])('%s', (request, one, other = '') => {
    expect(refusal(request)).toContain(one)
    expect(refusal(request)).toContain(other)
  })

  test.each(['DELETE Patient?identifier=x', `DELETE Patient/${ID}`, `DELETE job/${ID}/status`])(
    'allowed: %s',
    (request) => {
      expect(check(request)).toEqual({ kind: 'clear', warnings: [] })
    },
  )
})

describe('content', () => {
  test.each([
    [
      `PATCH Patient/${ID}`,
      { active: false, gender: null },
      '[{"op":"add","path":"/active","value":false},{"op":"remove","path":"/gender"}]',
    ],
    [`PATCH Patient/${ID}`, { contact: { name: 'x' } }, '[{"op":"add","path":"/language"'],
    [`PATCH Patient/${ID}`, undefined, 'JSON Patch array'],
    [`PATCH Patient/${ID}`, [{ op: 'add', path: 'gender', value: 'male' }], '"path":"/gender"'],
    [`PATCH Patient/${ID}`, [{ op: 'add', path: '/name.0.family', value: 'A' }], '"path":"/name/0/family"'],
    [`PATCH Patient/${ID}`, [{ op: 'add', path: 'name[0].family', value: 'A' }], '"path":"/name/0/family"'],
    [`PATCH Patient/${ID}`, [{ op: 'set', path: '/gender', value: 'male' }], 'no operation "set"'],
    ['POST Observation', { resourceType: 'Observation', value: 5 }, 'valueQuantity'],
    ['POST Patient', { resourceType: 'Patient', deceased: true }, 'deceasedBoolean'],
    [`PUT Patient/${ID}`, { resourceType: 'Patient' }, `{"resourceType":"Patient","id":"${ID}"`],
    [`PUT Patient/${ID}`, { resourceType: 'Patient', id: 'other' }, 'has the id "other"'],
    [
      `POST Agent/${ID}/$push`,
      { resourceType: 'Parameters', parameter: [{ name: 'waitForResponse', valueBoolean: true }] },
      'would ignore waitForResponse',
    ],
  ])('%s %j is refused', (request, body, expected) => {
    expect(refusal(request, body)).toContain(expected)
  })

  test.each([
    ['POST Patient', { resourceType: 'Patient', id: 'x' }, 'is ignored'],
    ['POST Patient', { resourceType: 'Patient', language: '' }, 'Patient.language is an empty string'],
    ['POST Patient', { resourceType: 'Patient', gender: 'robot' }, 'male, female, other, unknown'],
    ['POST Patient/$validate', { resourceType: 'Patient', gender: 'robot' }, 'male, female, other, unknown'],
    [`PUT Observation/${ID}`, { resourceType: 'Observation', id: ID, status: 'nope' }, 'final'],
    ['POST Observation', { resourceType: 'Observation', valueString: 'a', valueInteger: 1 }, 'Observation.value[x]'],
    [
      'POST Observation',
      { resourceType: 'Observation', subject: { reference: 'Smith' } },
      'Observation.subject.reference',
    ],
  ])('%s %j gets a warning', (request, body, expected) => {
    expect(warnings(request, body)).toContain(expected)
  })

  test.each([
    [`PATCH Patient/${ID}`, [{ op: 'add', path: '/active', value: true }]],
    [`PUT Patient/${ID}`, { resourceType: 'Patient', id: ID }],
    ['PUT Patient?identifier=x', { resourceType: 'Patient' }],
    [
      'POST Observation',
      {
        resourceType: 'Observation',
        status: 'final',
        valueQuantity: {},
        subject: { reference: 'Patient?identifier=x' },
        focus: [{ reference: '#a' }, { reference: 'urn:uuid:1' }, { reference: 'https://a/Patient/1' }],
      },
    ],
  ])('%s %j is left alone', (request, body) => {
    expect(check(request, body)).toEqual({ kind: 'clear', warnings: [] })
  })

  test('each code is listed once', () => {
    const lists = Object.values(CODES).flatMap((properties) => Object.values(properties))
    for (const list of lists) expect(new Set(list.split(' ')).size).toBe(list.split(' ').length)
  })
})

/** Recorded on purpose as requests that must not be sent; every other recorded success passes. */
const REFUSED = [
  ...['async/export-bad-since', 'async/export-unknown-type', 'bundles/batch-bad-method'],
  ...['bundles/batch-missing-request', 'errors/delete-on-type-single-match', 'operations/validate-parameters'],
  ...['search/count-negative', 'search/count-not-a-number', 'search/unknown-modifier-dropped'],
]

test('refuses no recorded success except those that Medplum misreads', () => {
  const refused = recordings.filter((one) => {
    const asked = askedOf(one)
    return one.response.status < 400 && asked && checkRequest(asked, capability).kind === 'refused'
  })
  expect(refused.map(({ name }) => name).sort()).toEqual(REFUSED)
})

test('never throws, whatever the input', () => {
  const random = seeded(3)
  for (let i = 0; i < 5000; i++) {
    const body = i % 4 === 0 ? random.bundle('batch') : random.value()
    const request = { method: random.method(), path: i % 4 === 0 ? '' : random.path(), body }
    const found = checkRequest(request, i % 2 ? capability : undefined)
    if (found.kind === 'refused') expect(found.message).toContain('Nothing was sent.')
    const response = i % 3 === 0 ? random.bundle('transaction-response') : random.value()
    expect(Array.isArray(checkAnswer(request, { status: 200, body: response }))).toBe(true)
  }
})
