// The server refuses to start with a missing or malformed setting, and names it.
import { describe, expect, test, vi } from 'vitest'
import { type Bindings, readSettings } from '../../../src/config/settings.ts'

const GOOD = {
  PUBLIC_URL: 'https://mcp.example.com',
  MEDPLUM_BASE_URL: 'https://api.medplum.com/',
  MEDPLUM_CLIENT_ID: 'client',
  MEDPLUM_APP_URL: '',
  ALLOWED_ORIGINS: '',
  SESSION_IDLE_HOURS: '',
  UPSTREAM_TIMEOUT_SECONDS: '',
  ANSWER_CHARS: '',
  TOOLS: '',
}

function read(changes: Record<string, string | undefined>) {
  return readSettings({ ...GOOD, ...changes } as unknown as Bindings)
}

test('the required settings, with defaults for the others', () => {
  const settings = read({})
  expect(settings.resource).toBe('https://mcp.example.com/mcp')
  expect(settings.medplum.fhirBase.href).toBe('https://api.medplum.com/fhir/R4/')
  expect(settings.medplum.clientSecret).toBeUndefined()
  expect(settings.sessionIdleMs).toBe(24 * 3_600_000)
  expect(settings.upstreamTimeoutMs).toBe(55_000)
  expect(settings.answerChars).toBe(60_000)
  expect(settings.tools).toBe('default')
  expect(read({ ANSWER_CHARS: undefined, TOOLS: undefined })).toMatchObject({ answerChars: 60_000, tools: 'default' })
})

test.each([
  ['2000', 2000],
  ['100000', 100_000],
  [' 25000 ', 25_000],
])('an answer of "%s" characters', (ANSWER_CHARS, chars) => {
  expect(read({ ANSWER_CHARS }).answerChars).toBe(chars)
})

test.each([
  ['default', 'default'],
  [' directory ', 'directory'],
  [' ', 'default'],
])('the tools "%s"', (TOOLS, set) => {
  expect(read({ TOOLS }).tools).toBe(set)
})

test.each([
  ['2026-11-26T12:00:00Z', Date.UTC(2026, 10, 26, 12)],
  [' 2026-11-26T13:00+01:00 ', Date.UTC(2026, 10, 26, 12)],
  ['', 0],
  [undefined, 0],
])('sign-ins from before "%s" have ended', (REVOKED_BEFORE, time) => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 26, 12, 1) })
  expect(read({ REVOKED_BEFORE }).revokedBefore).toBe(time)
  vi.useRealTimers()
})

test.each([
  ['yesterday', 'must be a date and time with its zone'],
  ['2026-11-26', 'must be a date and time with its zone'],
  ['2026-11-26T12:00:00', 'must be a date and time with its zone'],
  ['2026-99-26T12:00:00Z', 'must be a date and time with its zone'],
  ['2999-01-01T00:00:00Z', 'must not be in the future'],
])('a moment "%s" is refused', (REVOKED_BEFORE, problem) => {
  expect(() => read({ REVOKED_BEFORE })).toThrow(`REVOKED_BEFORE ${problem}`)
})

test('a base URL without its last slash, and more origins', () => {
  const settings = read({
    MEDPLUM_BASE_URL: 'https://ehr.example/medplum',
    ALLOWED_ORIGINS: 'https://a.example, https://b.example/',
  })
  expect(settings.medplum.fhirBase.href).toBe('https://ehr.example/medplum/fhir/R4/')
  expect(settings.allowedOrigins).toEqual(
    new Set(['https://mcp.example.com', 'https://a.example', 'https://b.example']),
  )
})

test('without named origins any may call over https, on loopback only its own', () => {
  expect(read({}).allowedOrigins).toBe('any')
  expect(read({ PUBLIC_URL: 'http://localhost:8787' }).allowedOrigins).toEqual(new Set(['http://localhost:8787']))
})

test.each([
  ['https://api.medplum.com/', '', 'https://app.medplum.com/'],
  ['https://api.medplum.com/', undefined, 'https://app.medplum.com/'],
  ['https://api.medplum.com/', 'https://ehr.example/app', 'https://ehr.example/app/'],
  ['https://ehr.example/medplum', 'https://ehr.example', 'https://ehr.example/'],
  ['https://ehr.example/medplum', '', undefined],
  ['http://localhost:8103/', 'http://localhost:3000', 'http://localhost:3000/'],
])('records at %s are shown by the app "%s": %s', (MEDPLUM_BASE_URL, MEDPLUM_APP_URL, app) => {
  expect(read({ MEDPLUM_BASE_URL, MEDPLUM_APP_URL }).medplum.appUrl?.href).toBe(app)
})

test.each([
  [{}, { label: true, provenance: false, auditEvent: false }],
  [
    { AI_TAG: '', AI_PROVENANCE: ' ' },
    { label: true, provenance: false, auditEvent: false },
  ],
  [
    { AI_TAG: 'off', AI_PROVENANCE: 'on', FHIR_AUDIT: 'on' },
    { label: false, provenance: true, auditEvent: true },
  ],
])('with %j, a write leaves %j', (changes, marks) => {
  expect(read(changes).marks).toEqual(marks)
})

test.each([
  [undefined, 'delete'],
  [' ', 'delete'],
  ['delete', 'delete'],
  ['write', 'write'],
  ['never', 'never'],
])('CONFIRM %j asks before: %s', (CONFIRM, confirm) => {
  expect(read({ CONFIRM }).confirm).toBe(confirm)
})

test('a key for the hashes of people, or no key', () => {
  expect(read({}).auditKey).toBeUndefined()
  expect(read({ AUDIT_KEY: '' }).auditKey).toBeUndefined()
  expect(read({ AUDIT_KEY: 'k'.repeat(32) }).auditKey).toBe('k'.repeat(32))
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
    ['MEDPLUM_BASE_URL', 'https://api.medplum.com/?x=1', 'a query'],
    ['MEDPLUM_CLIENT_ID', ' ', 'is missing'],
    ['MEDPLUM_APP_URL', 'app.medplum.com', 'is not a URL'],
    ['MEDPLUM_APP_URL', 'javascript:alert(1)', 'must be https'],
    ['MEDPLUM_APP_URL', 'https://app.medplum.com/?x=1', 'a query'],
    ['ALLOWED_ORIGINS', 'https://a.example,nonsense', 'is not a URL'],
    ['SESSION_IDLE_HOURS', 'a day', 'positive number'],
    ['SESSION_IDLE_HOURS', '-1', 'positive number'],
    ['UPSTREAM_TIMEOUT_SECONDS', '0', 'positive number'],
    ['ANSWER_CHARS', '1999', 'from 2000 to 100000'],
    ['ANSWER_CHARS', '100001', 'from 2000 to 100000'],
    ['ANSWER_CHARS', '2500.5', 'whole number'],
    ['ANSWER_CHARS', 'all', 'positive number'],
    ['ANSWER_CHARS', '0', 'positive number'],
    ['TOOLS', 'Directory', 'must be default or directory'],
    ['TOOLS', 'all', 'must be default or directory'],
    ['AI_TAG', 'yes', 'on or off'],
    ['CONFIRM', 'always', 'delete, write or never'],
    ['AI_PROVENANCE', 'true', 'on or off'],
    ['FHIR_AUDIT', '1', 'on or off'],
    ['AUDIT_KEY', 'short', 'at least 32'],
  ])('%s = %s', (name, value, problem) => {
    expect(() => read({ [name]: value })).toThrow(`Setting ${name}`)
    expect(() => read({ [name]: value })).toThrow(problem)
  })
})
