// Every way known in which Medplum answers 200 and means something else: refused, rewritten to the same, or warned of.
import { describe, expect, test } from 'vitest'
import { checkAnswer } from '../../src/advice/replies/check-answer.ts'
import { type CheckResult, checkRequest } from '../../src/advice/requests/check-request.ts'
import { CODES } from '../../src/advice/requests/content-checks.ts'
import { indexCapability } from '../../src/fhir/capability.ts'
import { boundsOf, parseSearchDate } from '../../src/fhir/search-dates.ts'
import { seeded } from './odd-values.ts'
import { askedOf, recordings } from './recordings.ts'
import { statement } from './statement.ts'

const capability = indexCapability(statement)
const ID = '11111111-1111-4111-8111-111111111199'

function check(request: string, body?: unknown, known: typeof capability | undefined = capability): CheckResult {
  const [method = '', path = ''] = request.split(/ (.*)/s)
  return checkRequest({ method, path, body, base: 'https://api.medplum.com/fhir/R4/' }, known)
}

function refusal(request: string, body?: unknown): string {
  const found = check(request, body)
  return found.kind === 'refused' ? found.message : `${found.kind}, not refused`
}

function warnings(request: string, body?: unknown): string {
  const found = check(request, body)
  return found.kind === 'refused' ? `refused: ${found.message}` : found.warnings.join('\n')
}

describe('searches refused', () => {
  test.each<[request: string, one: string, other?: string | undefined, body?: unknown]>([
    ['GET Patient?name:foo=x', 'drop it silently', ':contains'],
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
    // What lies outside the FHIR API.
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

describe('searches rewritten to the same meaning', () => {
  test.each([
    // Days of values that may have a time.
    ['Observation?date=2024-02-11&code=x', 'Observation?date=ge2024-02-11&date=lt2024-02-12&code=x'],
    ['Observation?date=eq2024-02-29', 'Observation?date=ge2024-02-29&date=lt2024-03-01'],
    ['Observation?date=gt2024-12-31', 'Observation?date=ge2025-01-01'],
    ['Observation?date=sa2024-02-11', 'Observation?date=ge2024-02-12'],
    ['Observation?date=le2024-02-11', 'Observation?date=lt2024-02-12'],
    ['Observation?date=2024-02-11T09:59Z', 'Observation?date=ge2024-02-11T09:59:00Z&date=lt2024-02-11T10:00:00Z'],
    ['Patient?_lastUpdated=le2024-02-11', 'Patient?_lastUpdated=lt2024-02-12'],
    // Years and months, with every prefix.
    ['Patient?birthdate=1990', 'Patient?birthdate=ge1990-01-01&birthdate=lt1991-01-01'],
    ['Patient?birthdate=eq1990-02', 'Patient?birthdate=ge1990-02-01&birthdate=lt1990-03-01'],
    ['Patient?birthdate=gt1990', 'Patient?birthdate=ge1991-01-01'],
    ['Patient?birthdate=sa1990-12', 'Patient?birthdate=ge1991-01-01'],
    ['Patient?birthdate=ge1990', 'Patient?birthdate=ge1990-01-01'],
    ['Patient?birthdate=lt1990-12', 'Patient?birthdate=lt1990-12-01'],
    ['Patient?birthdate=eb1990', 'Patient?birthdate=lt1990-01-01'],
    ['Patient?birthdate=le1990', 'Patient?birthdate=lt1991-01-01'],
    ['Observation?patient.birthdate=ge1990', 'Observation?patient.birthdate=ge1990-01-01'],
    // A type as modifier, and a zone that the query would lose.
    [`Observation?performer:Practitioner=${ID}`, `Observation?performer=Practitioner/${ID}`],
    ['Observation?subject:Patient=Patient/1,2', 'Observation?subject=Patient/1,Patient/2'],
    ['Observation?date=ge2024-02-11T09:30:00%2002:00', 'Observation?date=ge2024-02-11T09:30:00%2B02:00'],
    // By form encoding, the zone's plus would be %2B.
    ['Observation?date=ge2024-02-11T09%3A30%3A00+02%3A00', 'Observation?date=ge2024-02-11T09:30:00%2B02:00'],
    ['patient?name=x', 'Patient?name=x'],
    // Values that Medplum compares letter by letter.
    ['Patient?gender=Female', 'Patient?gender=female'],
    ['Patient?gender:not=Female', 'Patient?gender:not=female'],
    ['Observation?patient.gender=FEMALE,Male', 'Observation?patient.gender=female,male'],
    ['Encounter?status=In%20Progress', 'Encounter?status=in-progress'],
    ['Condition?clinical-status=Active', 'Condition?clinical-status=active'],
    ['Condition?clinical-status=http://x|Active', 'Condition?clinical-status=http://x|active'],
    ['Observation?subject=patient/1', 'Observation?subject=Patient/1'],
    ['Observation?subject=/Patient/1,Patient/2', 'Observation?subject=Patient/1,Patient/2'],
    ['Observation?subject=Patient/1/_history/2', 'Observation?subject=Patient/1'],
    ['Observation?subject=https://api.medplum.com/fhir/R4/Patient/1', 'Observation?subject=Patient/1'],
    ['Observation?code=loinc|4548-4', 'Observation?code=http://loinc.org|4548-4'],
    ['Observation?code=https://www.loinc.org/|4548-4', 'Observation?code=http://loinc.org|4548-4'],
    [
      'Condition?code=SNOMED-CT|44054006,sct|1',
      'Condition?code=http://snomed.info/sct|44054006,http://snomed.info/sct|1',
    ],
    // Elements that are named as their search parameters.
    ['Patient?_elements=birthdate,name', 'Patient?_elements=birthDate,name'],
    ['Condition?_elements=clinical-status,code.text', 'Condition?_elements=clinicalStatus,code'],
    ['Patient?_fields=Patient.name.family', 'Patient?_fields=name'],
    ['patient?birthdate=ge1990', 'Patient?birthdate=ge1990-01-01'],
    [`Patient/${ID}/$everything?_type=A,B&_count=5`, `Patient/${ID}/$everything?_count=5&_type=A&_type=B`],
    ['Observation?code=a%26b&date=2024-02-11', 'Observation?code=a%26b&date=ge2024-02-11&date=lt2024-02-12'],
  ])('%s', (path, expected) => {
    const found = check(`GET ${path}`)
    expect(found).toMatchObject({ kind: 'rewritten', path: expected })
    expect(found.kind === 'rewritten' && found.note).toMatch(/ was sent as /)
    // Once rewritten, nothing is left to rewrite.
    expect(check(`GET ${expected}`).kind).toBe('clear')
  })

  test.each([
    ['Patient?gender=Female', 'Patient?gender=female'],
    ['Observation?subject=patient/1', 'Observation?subject=Patient/1'],
    ['Observation?code=loinc|4548-4', 'Observation?code=http://loinc.org|4548-4'],
  ])('%s, though the server is not known yet', (path, expected) => {
    const found = checkRequest({ method: 'GET', path }, undefined)
    expect(found).toMatchObject({ kind: 'rewritten', path: expected })
  })

  test.each([
    'Patient?identifier=patient/1',
    'Patient?identifier=mrn|123',
    'Patient?name=Active',
    'Encounter?class=AMB',
    'Patient?_elements=name,birthDate',
    'Observation?_elements=value',
    'Patient?_cursor=2-1795889080430',
    'Patient?_cursor=1-1795889080430-11111111-1111-4111-8111-111111111199',
  ])('%s stays', (path) => {
    expect(check(`GET ${path}`)).toMatchObject({ kind: 'clear' })
  })

  test('a code that FHIR does not have is reported', () => {
    expect(warnings('GET Observation?status=done')).toContain('done is not a FHIR code')
  })

  test('by POST as by GET', () => {
    const found = check('POST Observation/_search?date=2024-02-11')
    expect(found).toMatchObject({
      kind: 'rewritten',
      path: 'Observation/_search?date=ge2024-02-11&date=lt2024-02-12',
    })
  })

  test.each([
    'Patient?birthdate=1990-05-17',
    'Patient?birthdate=gt1990-05-17',
    'Observation?date=ge2024-02-11&date=lt2024-02-12',
    'Observation?date=2024-02-11T09:30:00Z',
    'Observation?date=ge2024-02-11T09:30Z',
    'Observation?date:missing=true',
    'Patient?name=2024-02-11',
    'Patient?identifier=http://x|2024',
    'Observation?code=2024',
    'Observation?date=abc',
    'Observation?date=2024-02-30',
    'Observation?date=2024-02-11,2024-02-12',
    'Patient?name:exact=Smith&gender:not=male&_sort=-birthdate&_count=0&_summary=count',
    'Observation?subject:Patient.name:contains=x&_include:iterate=Observation:subject',
    'Patient?_has:Observation:subject:code=x',
    `Patient?_compartment=Patient/${ID}&_count=1000&_sort=_id&_type=Encounter,Patient`,
    'metadata',
    `Patient/${ID}`,
    `Patient/${ID}/_history`,
    'Bot?name=x',
    'Nope?name=x',
    `Bot/${ID}/$execute?_count=abc`,
    `job/${ID}/status`,
  ])('left alone: %s', (path) => {
    const found = check(`GET ${path}`)
    expect(found.kind === 'refused' ? found.message : found.kind).toBe('clear')
    expect(found.kind === 'clear' && found.warnings.filter((one) => !one.includes('outdoes'))).toEqual([])
  })

  test('dates: the bounds hold exactly the instants that the value means', () => {
    const days = [
      '2023-12-31T23:59:59Z',
      '2024-01-01T00:00:00Z',
      '2024-02-10T23:59:59Z',
      '2024-02-11T00:00:00Z',
      '2024-02-11T12:00:00Z',
      '2024-02-12T00:00:00Z',
      '2024-12-31T23:59:59Z',
      '2025-01-01T00:00:00Z',
    ]
    for (const value of ['2024', '2024-02', '2024-02-11']) {
      const span = parseSearchDate(value)
      if (!span) throw new Error(value)
      const [start, end] = [Date.parse(span.start), Date.parse(span.end)]
      const meant: Record<string, (at: number) => boolean> = {
        eq: (at) => at >= start && at < end,
        gt: (at) => at >= end,
        sa: (at) => at >= end,
        ge: (at) => at >= start,
        lt: (at) => at < start,
        eb: (at) => at < start,
        le: (at) => at < end,
      }
      for (const [prefix, means] of Object.entries(meant)) {
        const bounds = boundsOf({ ...span, prefix }) ?? []
        const found = (at: number) =>
          bounds.every((one) => (one.startsWith('ge') ? at >= Date.parse(one.slice(2)) : at < Date.parse(one.slice(2))))
        for (const day of days)
          expect([value, prefix, day, found(Date.parse(day))]).toEqual([value, prefix, day, means(Date.parse(day))])
      }
    }
  })

  test('without a capability, only parameters that are dates everywhere are rewritten', () => {
    expect(check('GET Patient?birthdate=ge1990', undefined, undefined).kind).toBe('rewritten')
    expect(checkRequest({ method: 'GET', path: 'Patient?_lastUpdated=2024-02-11' }, undefined).kind).toBe('rewritten')
    expect(checkRequest({ method: 'GET', path: 'Observation?date=2024-02-11' }, undefined).kind).toBe('rewritten')
    const found = checkRequest({ method: 'GET', path: 'Encounter?location-period=2024-02-11' }, undefined)
    expect(found).toMatchObject({
      kind: 'clear',
      warnings: [expect.stringContaining('location-period=ge2024-02-11&location-period=lt2024-02-12')],
    })
    expect(checkRequest({ method: 'GET', path: 'nope?name=x' }, undefined).kind).toBe('clear')
  })
})

describe('searches warned of', () => {
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
    ['DELETE Patient?name:foo=x', 'drop it silently'],
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
  ])('%s %j is warned of', (request, body, expected) => {
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

  test('each code is given once', () => {
    const lists = Object.values(CODES).flatMap((properties) => Object.values(properties))
    for (const list of lists) expect(new Set(list.split(' ')).size).toBe(list.split(' ').length)
  })
})

describe('batch entries', () => {
  const batch = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'batch', entry })
  const entry = (method: string, url: string, more: object = {}, resource?: unknown) => ({
    request: { method, url, ...more },
    resource,
  })

  test.each([
    [entry('GET', 'Patient?_count=abc'), '_count'],
    [entry('GET', 'Observation?date=2024-02-11'), 'Send GET Observation?date=ge2024-02-11&date=lt2024-02-12'],
    [entry('DELETE', 'Patient'), 'without criteria'],
    [entry('GET', `Patient/${ID}/Observation`), 'compartment'],
    [entry('PUT', `Patient/${ID}`, {}, { resourceType: 'Patient' }), 'has no id'],
    [entry('PATCH', `Patient/${ID}`, {}, { resourceType: 'Patient', active: true }), 'Parameters'],
    [entry('POST', 'Patient', { ifNoneExist: 'identifier:foo=x' }, { resourceType: 'Patient' }), ':foo'],
    [
      entry('POST', 'Patient', { ifNoneExist: 'birthdate=1990' }, { resourceType: 'Patient' }),
      'birthdate=ge1990-01-01',
    ],
    [entry('POST', 'Patient'), 'no `resource` to store'],
    [entry('POST', 'Patient?identifier=a|1', {}, { resourceType: 'Patient' }), 'ifNoneExist "identifier=a|1"'],
    [
      entry('PUT', `Patient/${ID}`, { ifNoneExist: 'identifier=a|1' }, { resourceType: 'Patient', id: ID }),
      'ifNoneExist is for POST',
    ],
    [entry('GET', `Patient/${ID}`, { ifNoneMatch: 'W/"1"' }), 'ignores ifNoneMatch'],
    [entry('GET', `https://medplum.example/fhir/R4/Patient/${ID}`), 'relative to the FHIR base'],
    [entry('POST', `Bot/${ID}/$execute`), 'cannot run inside a Bundle'],
    [entry('GET', 'Patient/$csv'), 'cannot run inside a Bundle'],
    [entry('POST', 'Binary'), 'cannot run inside a Bundle'],
  ])('%j', (bad, expected) => {
    const message = refusal('POST ', batch(null, entry('GET', 'Patient'), bad))
    expect(message).toContain('Bundle.entry[2] (')
    expect(message).toContain(expected)
  })

  test('warnings name the entry', () => {
    expect(warnings('POST ', batch(entry('POST', 'Patient', {}, { resourceType: 'Patient', id: 'x' })))).toContain(
      'Bundle.entry[0] (POST Patient)',
    )
  })

  test('good entries pass', () => {
    const parameters = { resourceType: 'Parameters', parameter: [] }
    const good = batch(
      entry('GET', `Patient/${ID}`),
      entry('PATCH', `Patient/${ID}`, {}, parameters),
      entry('POST', 'Patient', {}, { resourceType: 'Patient' }),
    )
    expect(check('POST ', good)).toEqual({ kind: 'clear', warnings: [] })
  })

  test('a long list of faults is cut', () => {
    const message = refusal('POST ', batch(...Array.from({ length: 500 }, () => entry('DELETE', 'Patient'))))
    expect(message).toContain('490 more')
    expect(message.length).toBeLessThan(5000)
  })
})

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
    ['GET Patient?identifier=MR|12', none, '"MR" is none'],
    [`GET Observation?encounter=${ID}`, none, `encounter=Encounter/${ID}`],
    ['GET Observation?performer=Dr. X', none, 'GET Practitioner?name=smith'],
    ['GET Observation?patient=me', none, 'searched as Type/ID'],
    ['GET Patient?phone=123', none, 'phone:contains=123'],
    ['GET Patient?_profile=us-core-patient', none, 'by its address'],
    ['GET Observation?code=http://loinc.org', none, 'code=http://loinc.org|'],
    ['GET Observation?category=vital signs', none, 'category:text=vital signs'],
    ['GET Organization?name=A*', none, 'name:contains=A'],
    [`POST Patient/${ID}/$resend`, { resourceType: 'OperationOutcome' }, 'the same where none does'],
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

/** Recorded on purpose as what must not be sent; every other recorded success passes. */
const REFUSED = [
  'async/export-bad-since',
  'async/export-unknown-type',
  'bundles/batch-bad-method',
  'bundles/batch-missing-request',
  'errors/delete-on-type-single-match',
  'operations/validate-parameters',
  'search/count-negative',
  'search/count-not-a-number',
  'search/unknown-modifier-dropped',
]

test('no recorded success is refused but those that Medplum misreads', () => {
  const refused = recordings.filter((one) => {
    const asked = askedOf(one)
    return one.response.status < 400 && asked && checkRequest(asked, capability).kind === 'refused'
  })
  expect(refused.map(({ name }) => name).sort()).toEqual(REFUSED)
})

test('never throws, whatever comes', () => {
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

describe('references among the entries of a batch', () => {
  const batch = (...entry: object[]) => ({ resourceType: 'Bundle', type: 'transaction', entry })
  const urn = `urn:uuid:${ID}`
  const post = (resource: object, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    ...{ resource, request: { method: 'POST', url: 'Task' } },
  })
  const to = (reference: string) => post({ resourceType: 'Task', for: { reference } })
  const task = { resourceType: 'Task' }
  test.each([
    ['no entry has the name', [to(urn)], 'no entry has the fullUrl'],
    ['in other letters', [post(task, `urn:uuid:${ID.replace('1', 'A')}`), to(urn)], 'no entry has the fullUrl'],
    ['two entries have it', [post(task, urn), post(task, urn), to(urn)], 'has the same fullUrl'],
    ['an id that is not kept', [post({ ...task, id: 'tmp' }), to('Task/tmp')], 'gets another id'],
    ['a name that is no urn', [post(task, 'Task/tmp'), to('Task/tmp')], 'gets another id'],
  ])('%s', (_, entries, says) => {
    expect(refusal('POST ', batch(...entries))).toContain(says)
  })

  test.each([
    ['as it should be', [post(task, urn), to(urn)]],
    ['to a record that may be there', [post({ ...task, id: ID }), to(`Task/${ID}`)]],
    [
      'within a Bundle that is stored',
      [post({ resourceType: 'Bundle', entry: [{ resource: { for: { reference: urn } } }] })],
    ],
  ])('%s passes', (_, entries) => {
    expect(check('POST ', batch(...entries)).kind).toBe('clear')
  })
})

describe('the same condition twice in a batch', () => {
  const create = (ifNoneExist: string) => ({
    request: { method: 'POST', url: 'Patient', ifNoneExist },
    resource: { resourceType: 'Patient' },
  })
  const bundle = (type: string, ...entry: unknown[]) => ({ resourceType: 'Bundle', type, entry })

  test.each(['batch', 'transaction'])('is refused in a %s, however it is written', (type) => {
    const message = refusal('POST ', bundle(type, create('identifier=a|b&name=x'), create('name=x&identifier=a%7Cb')))
    expect(message).toContain('Bundle.entry[1]: entry[0] has the same ifNoneExist')
  })

  test('of another type, or with another value, is none', () => {
    const other = {
      ...create('identifier=a|b'),
      request: { method: 'POST', url: 'Person', ifNoneExist: 'identifier=a|b' },
    }
    expect(check('POST ', bundle('transaction', create('identifier=a|b'), create('identifier=a|c'), other)).kind).toBe(
      'clear',
    )
  })
})

test('elements that no record has are reported', () => {
  const answer = (...resources: object[]) => ({
    status: 200,
    body: { resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) },
  })
  const asked = (path: string) => ({ method: 'GET', path })
  const patient = { resourceType: 'Patient', id: '1', name: [] }
  expect(checkAnswer(asked('Patient?_elements=name,subject'), answer(patient)).join()).toContain(
    'No record here has subject',
  )
  const observation = { resourceType: 'Observation', id: '1', valueQuantity: {} }
  expect(checkAnswer(asked('Observation?_elements=value&_sort=_id'), answer(observation))).toEqual([])
})

describe('what was to be included', () => {
  const asked = (path: string, ...included: string[]) => {
    const entry = [
      { resource: { resourceType: 'Patient' }, search: { mode: 'match' } },
      ...included.map((resourceType) => ({ resource: { resourceType }, search: { mode: 'include' } })),
    ]
    return checkAnswer(
      { method: 'GET', path },
      { status: 200, body: { resourceType: 'Bundle', type: 'searchset', entry } },
    )
  }
  test.each([
    ['Patient?_revinclude=Observation:code', [], 'Nothing came by `_revinclude=Observation:code`'],
    [
      'Patient?_revinclude=Observation:subject&_revinclude=Task:patient',
      ['Observation'],
      'by `_revinclude=Task:patient`',
    ],
    ['Patient?_include=Patient:general-practitioner:Practitioner', ['Organization'], 'ignores the :Practitioner'],
    ['Patient?_revinclude=Observation:subject', Array.from({ length: 1000 }, () => 'Observation'), 'at most 1000'],
  ])('%s', (path, included, says) => {
    expect(asked(path, ...included).join()).toContain(says)
  })

  test('came, or could not', () => {
    expect(asked('Patient?_revinclude=Observation:subject', 'Observation')).toEqual([])
    expect(asked('Patient?name=x')).toEqual([])
  })
})

test('what is said of an answer is said of the entries of a batch, once each', () => {
  const urls = ['Patient?family=Muller', 'Task/1', 'Patient?family=Muller']
  const none = { resourceType: 'Bundle', type: 'searchset' }
  const entry = urls.map((url) => ({ request: { method: 'GET', url } }))
  const answers = [none, { resourceType: 'Task' }, none].map((resource) => ({ resource, response: { status: '200' } }))
  const body = { resourceType: 'Bundle', type: 'batch', entry }
  const response = { resourceType: 'Bundle', type: 'batch-response', entry: answers }
  const said = checkAnswer({ method: 'POST', path: '', body }, { status: 200, body: response })
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(/^Bundle\.entry\[0\] and 1 more: No hits/)
})

describe('searches in GraphQL', () => {
  const query = (text: string, variables?: object) => ({ query: text, ...(variables && { variables }) })

  test.each([
    ['{ ObservationList(date: "2026-01-01") { id } }', '_filter: "date ge'],
    ['{ Patient(id: "1") { ObservationList(_reference: subject, date: "2026-01-01") { id } } }', '_filter'],
    ['{ PatientConnection(gender: "Female") { count } }', 'compared as exact strings.\nNothing was sent'],
    [String.raw`{ PatientList(identifier: "DOM\\x") { id } }`, String.raw`identifier=DOM\\x`],
    ['{ PatientList(name: "*") { id } }', 'find everything'],
    ['{ PatientList(name: "") { id } }', 'has no value'],
    ['{ PatientList(_cursor: "zzz") { id } }', 'not a Medplum cursor'],
    ['query Q { ...F } fragment F on Query { PatientList(birthdate: "ap1990-01-01") { id } }', 'approximately'],
  ])('%s is refused', (text, message) => {
    expect(refusal('POST $graphql', query(text))).toContain(message)
  })

  test('a value may be a variable', () => {
    const text = 'query Q($d: String) { ObservationList(date: $d) { id } }'
    expect(refusal('POST $graphql', query(text, { d: '2026-01-01' }))).toContain('_filter')
    expect(check('POST $graphql', query(text, { d: 'ge2026-01-01' })).kind).toBe('clear')
    const preset = 'query Q($d: String = "2026-01-01") { ObservationList(date: $d) { id } }'
    expect(refusal('POST $graphql', query(preset))).toContain('_filter')
    expect(check('POST $graphql', query(preset, { d: 'ge2026-01-01' })).kind).toBe('clear')
  })

  test('a number that Medplum takes for another', () => {
    const text = (value: string) => `mutation { ObservationCreate(res: { valueQuantity: { value: ${value} } }) { id } }`
    expect(warnings('POST $graphql', query(text('9007199254740993')))).toContain('for 9007199254740992')
    expect(warnings('POST $graphql', query(text('1.10')))).toContain('takes 1.10 for 1.1')
    expect(warnings('POST $graphql', query(text('81.5')))).toBe('')
  })

  test('a unit, and more than fits on a page, are warned of', () => {
    expect(warnings('POST $graphql', query('{ ObservationList(value_quantity: "5|mg") { id } }'))).toContain(
      'ignores the unit',
    )
    expect(warnings('POST $graphql', query('{ PatientList(_count: 2000) { id } }'))).toContain('at most 1000')
  })

  test.each([
    '{ ObservationList(_filter: "date ge 2026-01-01 and date lt 2026-01-02", subject: "Patient/1") { id } }',
    '{ PatientList(name: "x", _count: 5, _sort: "-_lastUpdated") { id } }',
    '{ Patient(id: "1") { id } }',
    'no document',
  ])('%s passes', (text) => {
    expect(check('POST $graphql', query(text)).kind).toBe('clear')
  })
})

describe('the code of a bot that is made by $init', () => {
  const made = (code: string) => ({ name: 'b', executableCode: { contentType: 'text/javascript', data: btoa(code) } })
  const parameters = (code: string) => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'executableCode', valueAttachment: made(code).executableCode }],
  })

  test.each([
    ['import x from "y"', 'has an `import` statement'],
    ['const handler = 1;', 'sets no `exports.handler`'],
  ])('is refused where it would fail at each run: %s', (code, why) => {
    for (const body of [made(code), parameters(code)]) {
      expect(refusal('POST Bot/$init', body)).toContain(why)
      expect(refusal('POST Bot/$init', body)).toContain('`executableCode`')
    }
  })

  test.each([
    made('exports.handler = async function (medplum, event) { return 1; };'),
    { name: 'b' },
    { name: 'b', executableCode: { data: '%%%' } },
    undefined,
  ])('is left alone otherwise: %j', (body) => {
    expect(warnings('POST Bot/$init', body)).toBe('')
  })
})
