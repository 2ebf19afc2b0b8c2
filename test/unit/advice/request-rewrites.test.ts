// Searches that Medplum would misread, rewritten to what they mean.
import { describe, expect, test } from 'vitest'
import { checkRequest } from '../../../src/advice/requests/check-request.ts'
import { boundsOf, parseSearchDate } from '../../../src/fhir/search-dates.ts'
import { check, ID, warnings } from './checking.ts'

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
    // Values that Medplum compares as exact strings.
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
    // Elements named like their search parameters.
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
  ])('%s, before the server is known', (path, expected) => {
    const found = checkRequest({ method: 'GET', path }, undefined)
    expect(found).toMatchObject({ kind: 'rewritten', path: expected })
  })

  test.each([
    ...['Patient?identifier=patient/1', 'Patient?identifier=mrn|123', 'Patient?name=Active', 'Encounter?class=AMB'],
    ...['Patient?_elements=name,birthDate', 'Observation?_elements=value', 'Patient?_cursor=2-1795889080430'],
    'Patient?_cursor=1-1795889080430-11111111-1111-4111-8111-111111111199',
  ])('%s stays', (path) => {
    expect(check(`GET ${path}`)).toMatchObject({ kind: 'clear' })
  })

  test('a code that FHIR does not have is reported', () => {
    expect(warnings('GET Observation?status=done')).toContain('done is not a FHIR code')
  })

  test('by POST as well as by GET', () => {
    const found = check('POST Observation/_search?date=2024-02-11')
    expect(found).toMatchObject({ kind: 'rewritten', path: 'Observation/_search?date=ge2024-02-11&date=lt2024-02-12' })
  })

  test.each([
    'Patient?birthdate=1990-05-17',
    'Patient?birthdate=gt1990-05-17',
    'Observation?date=ge2024-02-11&date=lt2024-02-12',
    'Observation?date=2024-02-11T09:30:00Z',
    'Observation?date=ge2024-02-11T09:30Z',
    ...['Observation?date:missing=true', 'Patient?name=2024-02-11', 'Patient?identifier=http://x|2024'],
    ...['Observation?code=2024', 'Observation?date=abc', 'Observation?date=2024-02-30'],
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

  test('dates: the bounds contain exactly the instants that the value means', () => {
    const days = [
      ...['2023-12-31T23:59:59Z', '2024-01-01T00:00:00Z', '2024-02-10T23:59:59Z', '2024-02-11T00:00:00Z'],
      ...['2024-02-11T12:00:00Z', '2024-02-12T00:00:00Z', '2024-12-31T23:59:59Z', '2025-01-01T00:00:00Z'],
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
