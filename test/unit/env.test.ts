// A missing or malformed setting stops the start and names itself.
import { describe, expect, test } from 'vitest'
import { type Bindings, readSettings } from '../../src/env.ts'

const GOOD = {
  PUBLIC_URL: 'https://mcp.example.com',
  MEDPLUM_BASE_URL: 'https://api.medplum.com/',
  MEDPLUM_CLIENT_ID: 'client',
  ALLOWED_ORIGINS: '',
  SESSION_IDLE_HOURS: '',
  UPSTREAM_TIMEOUT_SECONDS: '',
}

function read(changes: Record<string, string | undefined>) {
  return readSettings({ ...GOOD, ...changes } as unknown as Bindings)
}

test('settings that suffice, with the defaults of the others', () => {
  const settings = read({})
  expect(settings.resource).toBe('https://mcp.example.com/mcp')
  expect(settings.medplum.fhirBase.href).toBe('https://api.medplum.com/fhir/R4/')
  expect(settings.medplum.clientSecret).toBeUndefined()
  expect(settings.sessionIdleMs).toBe(24 * 3_600_000)
  expect(settings.upstreamTimeoutMs).toBe(55_000)
})

test('a base URL without its last slash, and more origins', () => {
  const settings = read({
    MEDPLUM_BASE_URL: 'https://ehr.example/medplum',
    ALLOWED_ORIGINS: 'https://a.example, https://b.example/',
  })
  expect(settings.medplum.fhirBase.href).toBe('https://ehr.example/medplum/fhir/R4/')
  expect([...settings.allowedOrigins]).toEqual(['https://mcp.example.com', 'https://a.example', 'https://b.example'])
})

describe('refused', () => {
  test.each([
    ['PUBLIC_URL', undefined, 'is missing'],
    ['PUBLIC_URL', '', 'is missing'],
    ['PUBLIC_URL', 'mcp.example.com', 'is not a URL'],
    ['PUBLIC_URL', 'http://mcp.example.com', 'must be https'],
    ['PUBLIC_URL', 'http://localhost.example.com', 'must be https'],
    ['PUBLIC_URL', 'https://mcp.example.com/mcp', 'without a path'],
    ['PUBLIC_URL', 'https://user:pass@mcp.example.com', 'user name'],
    ['MEDPLUM_BASE_URL', '', 'is missing'],
    ['MEDPLUM_BASE_URL', 'ftp://api.medplum.com/', 'must be https'],
    ['MEDPLUM_BASE_URL', 'https://api.medplum.com/?x=1', 'no query'],
    ['MEDPLUM_CLIENT_ID', ' ', 'is missing'],
    ['ALLOWED_ORIGINS', 'https://a.example,nonsense', 'is not a URL'],
    ['SESSION_IDLE_HOURS', 'a day', 'positive number'],
    ['SESSION_IDLE_HOURS', '-1', 'positive number'],
    ['UPSTREAM_TIMEOUT_SECONDS', '0', 'positive number'],
  ])('%s = %s', (name, value, problem) => {
    expect(() => read({ [name]: value })).toThrow(`Setting ${name}`)
    expect(() => read({ [name]: value })).toThrow(problem)
  })
})
