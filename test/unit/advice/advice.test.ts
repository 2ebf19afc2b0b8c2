// What a model is told about each error recorded from a real Medplum: the status, the server's words, and the advice.
import { describe, expect, test } from 'vitest'
import { advise } from '../../../src/advice/replies/advise.ts'
import { FhirError } from '../../../src/client/fhir-error.ts'
import { indexCapability } from '../../../src/fhir/capability.ts'
import { bundleOf } from '../../calls.ts'
import { askedOf, recordings } from '../answer/recordings.ts'
import { seeded } from './odd-values.ts'
import { statement } from './statement.ts'

const capability = indexCapability(statement)

/** Exchanges below the FHIR base that need no advice, with the reason. */
const NONE_NEEDED: Record<string, string> = {
  'errors/return-minimal-on-error':
    'its body is empty because of Prefer: return=minimal, a header that is never sent, so there is nothing to go by',
}

const failures = recordings.filter(({ response }) => response.status >= 400)

describe('each recorded error', () => {
  test('there are more than a hundred', () => {
    expect(failures.length).toBeGreaterThan(100)
  })

  // Addresses outside the FHIR base can't be requested: path.ts refuses them.
  test.each(failures.filter((one) => askedOf(one)))('$name', (one) => {
    const asked = askedOf(one)
    const { status, headers, body } = one.response
    const message = new FhirError(status, `${one.request.method} x`, body).message
    expect(message).toContain(`HTTP ${status}`)
    for (const text of textsOf(body)) expect(message).toContain(text)
    const advice = asked && advise(asked, { status, outcome: body, headers }, capability)
    if (one.name in NONE_NEEDED) return expect(advice).toBeUndefined()
    expect(advice).toMatch(/^[A-Z"$].{20,}[.?]$/s)
    expect(advice).not.toMatch(/undefined|null,|\[object/)
    expect(advice?.length).toBeLessThan(700)
    return undefined
  })

  test('every name is that of a recorded exchange', () => {
    expect(Object.keys(NONE_NEEDED).filter((name) => !failures.some((one) => one.name === name))).toEqual([])
  })
})

function textsOf(body: unknown): string[] {
  const issues = (body as { issue?: { details?: { text?: string } }[] } | undefined)?.issue ?? []
  return issues.flatMap(({ details }) => details?.text ?? [])
}

const ID = '11111111-1111-4111-8111-111111111199'

function adviceOn(
  request: string,
  status: number,
  text: string,
  extra: { body?: unknown; expression?: string; headers?: Record<string, string>; diagnostics?: string } = {},
): string | undefined {
  const [method = '', path = ''] = request.split(/ (.*)/s)
  const { body, expression, headers, diagnostics } = extra
  const issue = {
    severity: 'error',
    code: 'invalid',
    details: { text },
    ...(expression && { expression: [expression] }),
    ...(diagnostics && { diagnostics }),
  }
  const failure = { status, outcome: { resourceType: 'OperationOutcome', issue: [issue] }, ...(headers && { headers }) }
  return advise({ method, path, body }, failure, capability)
}

describe('made from the request itself', () => {
  test.each([
    [
      'GET Patient?birthdate=1990&_count=5',
      'Invalid date value: 1990',
      'Patient?birthdate=ge1990-01-01&birthdate=lt1991-01-01&_count=5',
    ],
    ['GET Patient?name=a&birthdate=gt1990-02', 'Invalid date value: 1990-02', 'Patient?name=a&birthdate=ge1990-03-01'],
    [
      'GET Patient?birthdate=ne1990',
      'Invalid date value: 1990',
      'Patient?birthdate=lt1990-01-01 and Patient?birthdate=ge1991-01-01',
    ],
    [
      'GET Observation?date=ap2024-02',
      'Invalid date value: 2024-02',
      'Observation?date=ge2024-02-01&date=lt2024-03-01',
    ],
    [
      'GET Observation?date=2024-02-11,2024-02-13',
      'Invalid date value: 2024-02-11,2024-02-13',
      'Observation?date=ge2024-02-11&date=lt2024-02-12',
    ],
    [
      'GET Observation?subject:Patient.birthdate=1990',
      'Invalid date value: 1990',
      'subject:Patient.birthdate=ge1990-01-01',
    ],
    ['GET Patient?_revinclude=Observaton:subject', 'Unknown resource type', '_revinclude=Observation:subject?'],
    ['GET Patient/$csv', 'Missing _fields parameter', '_fields=id'],
    ['POST Condition', 'Invalid additional property "0"', 'must be an object'],
    ['POST ', 'SET TRANSACTION ISOLATION LEVEL must be called before any query', 'once more'],
    ['GET Patient?birth_date=ge1990-01-01', 'Unknown search parameter: birth_date', 'did you mean birthdate?'],
    ['GET Patient?dob=1990-01-01', 'Unknown search parameter: dob', 'birthdate'],
    ['GET Patient?limit=5', 'Unknown search parameter: limit', '_count'],
    ['GET Patient?_sort=-lastUpdated', 'Unknown search parameter: lastUpdated', '_lastUpdated'],
    [
      'GET Observation?patient.birth_date=1990-01-01',
      'Invalid search parameter at end of chain: Patient?birth_date',
      'birthdate',
    ],
    [
      'GET Observation?performer.name=smith',
      'Unable to identify next resource type for search parameter: Observation?performer',
      'performer:Practitioner.name=smith',
    ],
    ['GET Observatio?code=1', 'Unknown resource type', 'Observation?code=1'],
    [
      'GET Patient?_offset=20001&name=a',
      'Search offset exceeds maximum (got 20001, max 10000)',
      'Patient?name=a&_sort=_lastUpdated&_count=1000',
    ],
    [
      `GET Patient/${ID}/$everything?_type=A,B&_count=5`,
      'types.push is not a function',
      `Patient/${ID}/$everything?_count=5&_type=A&_type=B`,
    ],
  ])('%s: %s', (request, text, expected) => {
    expect(adviceOn(request, 400, text)).toContain(expected)
  })

  test.each([
    [`PUT Patient/${ID}`, 404, 'Not found', 'PUT Patient?identifier=SYSTEM|VALUE'],
    [`GET Patient/${ID}/$evrything`, 404, 'Not found', 'Patient/ID/$everything'],
    [`GET PlanDefinition/${ID}/$apply`, 404, 'Not found', '$apply takes POST, not GET'],
    ['GET Patient/$everything', 404, 'Not found', '$everything is called at Patient/ID/$everything'],
    [`GET Patient/${ID}/Observation?code=1`, 404, 'Not found', `Observation?subject=Patient/${ID}&code=1`],
    [`GET Patient/${ID}/AllergyIntolerance`, 404, 'Not found', `AllergyIntolerance?patient=Patient/${ID}`],
    [`GET Patient/${ID}`, 410, 'Gone', `GET Patient/${ID}/_history`],
    [`PUT Patient/${ID}`, 412, 'Precondition Failed', `GET Patient/${ID}`],
    ['PUT Patient?identifier=x', 412, 'Multiple resources found matching condition', 'GET Patient?identifier=x'],
    ['POST Patient/$export', 403, 'Forbidden', '$export is for administrators'],
    ['POST ', 413, 'Request body too large', '1 MB'],
    ['POST Patient', 409, 'Conflict', 'Read it again'],
    ['POST Patient', 503, '', 'check before you retry'],
  ])('%s: %i %s', (request, status, text, expected) => {
    expect(adviceOn(request, status, text)).toContain(expected)
  })

  test('a slice of a profile: what it asks for, where to read it, and that the profile can be left out', () => {
    const body = { resourceType: 'Patient', meta: { profile: ['http://example.org/p|1.0'] } }
    const text = "Incorrect number of values provided for slice 'race': expected 1..1, but found 0"
    const advice = adviceOn('POST Patient', 400, text, { body, expression: 'Patient.extension' })
    expect(advice).toContain('1..1 items of Patient.extension that are its slice "race", and 0 match')
    expect(advice).toContain('GET StructureDefinition?url=http://example.org/p ')
    expect(advice).toContain('Without the profile in meta.profile')
  })

  test('a patch object becomes the JSON Patch of that object', () => {
    const body = { active: false, birthDate: null, 'a/b': 'x' }
    expect(adviceOn(`PATCH Patient/${ID}`, 400, 'Patch body must be an array', { body })).toContain(
      '[{"op":"add","path":"/active","value":false},{"op":"remove","path":"/birthDate"},{"op":"add","path":"/a~1b","value":"x"}]',
    )
  })

  test('a transaction that does not say which entry failed', () => {
    const body = bundleOf('transaction', [{}, {}])
    const advice = adviceOn('POST ', 400, 'Missing required property', { body, expression: 'Observation.status' })
    expect(advice).toContain('Add Observation.status')
    expect(advice).toContain("doesn't say which entry")
  })
})

describe('429', () => {
  test.each([
    ['"requests";r=59858;t=53, "fhirInteractions";r=0;t=42', '42 seconds'],
    ['"fhirInteractions"; r=0; t=7', '7 seconds'],
    ['"requests";r=0;t=5, "fhirInteractions";r=0;t=9', '9 seconds'],
    ['"requests";r=1;t=5', 'Wait a minute'],
    ['garbage', 'Wait a minute'],
  ])('%s', (limit, expected) => {
    expect(adviceOn('GET Patient', 429, 'Too Many Requests', { headers: { RateLimit: limit } })).toContain(expected)
  })

  test('reads the wait from the diagnostics if the header is missing', () => {
    const diagnostics = '{"_remainingPoints":0,"_msBeforeNext":41100,"limit":60}'
    expect(adviceOn('GET Patient', 429, 'Too Many Requests', { diagnostics })).toContain('42 seconds')
  })
})

test('never throws, whatever the input', () => {
  const random = seeded(7)
  for (let i = 0; i < 3000; i++) {
    const request = { method: random.method(), path: random.path(), body: random.value() }
    const issue = [{ details: { text: random.issue() }, expression: random.value() }, random.value()]
    const outcome = i % 3 === 0 ? random.value() : { resourceType: 'OperationOutcome', issue }
    const said = advise(request, { status: 400 + (i % 150), outcome }, i % 2 ? capability : undefined)
    expect(['string', 'undefined']).toContain(typeof said)
  }
})
