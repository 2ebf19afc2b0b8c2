// Paths are confined, as the table of hostile and odd paths requires.
import { describe, expect, test } from 'vitest'
import { confine, PathError, relativeTo } from '../../../src/fhir/path.ts'
import vectors from './paths.json' with { type: 'json' }

const BASE = new URL('https://api.medplum.com/fhir/R4/')

describe('accepted', () => {
  test.each(vectors.accepted)('$path', ({ path, to }) => {
    const url = confine(path, BASE)
    expect(url.origin + to).toBe(url.href)
    expect(url.origin).toBe(BASE.origin)
    // What is shown to a model can be requested again.
    expect(confine(relativeTo(BASE, url), BASE).href).toBe(url.href)
  })

  test.each([
    ['Patient/', '/fhir/R4/Patient'],
    ['Patient/123/%24everything', '/fhir/R4/Patient/123/$everything'],
    ['.well-known/smart-configuration', '/fhir/R4/.well-known/smart-configuration'],
    ['https://api.medplum.com/fhir/R4', '/fhir/R4'],
    ['Patient?name=a\\b', '/fhir/R4/Patient?name=a\\b'],
  ])('%s', (path, to) => {
    const url = confine(path, BASE)
    expect(url.pathname + url.search).toBe(to)
  })
})

describe('refused', () => {
  test.each([
    ...vectors.refused,
    { path: 'https://api.medplum.com/fhir/R4/../../auth/me' },
    { path: 'HTTPS://api.medplum.com/fhir/R4/Patient' },
    { path: 'https://api.medplum.com' },
    { path: '/fhir' },
    { path: 'Patient/%2F%2Fevil.example' },
    { path: 'Patient/%zz' },
    { path: 'Patient/\u2028' },
    { path: 'Patient?a=b\nX: 1' },
    { path: '...' },
    { path: 'Patient/1 2' },
  ])('$path', ({ path }) => {
    expect(() => confine(path, BASE)).toThrow(PathError)
    expect(() => confine(path, BASE)).toThrow(/nothing was sent.*such as Patient\/123/s)
  })
})

test('a base with a path confines requests to that path', () => {
  const base = new URL('https://ehr.example/medplum/fhir/R4/')
  expect(confine('Patient', base).href).toBe('https://ehr.example/medplum/fhir/R4/Patient')
  expect(confine('/medplum/fhir/R4/Patient', base).href).toBe('https://ehr.example/medplum/fhir/R4/Patient')
  expect(() => confine('/medplum/admin', base)).toThrow(PathError)
  expect(() => confine('https://ehr.example/other/fhir/R4/Patient', base)).toThrow(PathError)
})
