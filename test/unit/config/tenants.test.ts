// The setting TENANTS: what an entry sets, what it takes from the deployment, and errors that name a malformed one.
import { describe, expect, test } from 'vitest'
import { type Bindings, SettingError } from '../../../src/config/settings.ts'
import { findSettings, settingsAt, settingsFor, tenantOf, tenantsOf, userIdAt } from '../../../src/config/tenants.ts'

const DEPLOYMENT = {
  PUBLIC_URL: 'https://mcp.example.com',
  MEDPLUM_BASE_URL: 'https://api.medplum.com/',
  MEDPLUM_CLIENT_ID: 'client',
  MEDPLUM_CLIENT_SECRET: 'secret of the deployment',
  MEDPLUM_APP_URL: 'https://app.example.com/',
  MAX_ACCESS: 'write',
  CONFIRM: 'write',
  ANSWER_CHARS: '25000',
}
const ACME = { baseUrl: 'https://api.acme.example', clientId: 'acme-client' }

function bindings(TENANTS: unknown, more: Record<string, string> = {}): Bindings {
  const text = typeof TENANTS === 'string' ? TENANTS : JSON.stringify(TENANTS)
  return { ...DEPLOYMENT, TENANTS: text, ...more } as unknown as Bindings
}

describe('a tenant', () => {
  test('has its own path, resource and Medplum; what it does not set is the deployment’s', () => {
    const settings = findSettings(bindings({ acme: ACME }), 'acme')
    expect(settings).toMatchObject({
      tenant: 'acme',
      root: '/t/acme',
      resource: 'https://mcp.example.com/t/acme/mcp',
      maxAccess: 'write',
      confirm: 'write',
      answerChars: 25_000,
    })
    expect(settings?.medplum.fhirBase.href).toBe('https://api.acme.example/fhir/R4/')
    expect(settings?.medplum.clientId).toBe('acme-client')
  })

  test('never takes the App or the secret of another Medplum', () => {
    const { medplum } = settingsAt(bindings({ acme: ACME }), '/t/acme/mcp')
    expect(medplum.appUrl).toBeUndefined()
    expect(medplum.clientSecret).toBeUndefined()
  })

  test('may have its own App, secret, level and policy', () => {
    const entry = { ...ACME, appUrl: 'https://app.acme.example', maxAccess: 'admin', confirm: 'delete' }
    const env = bindings({ acme: entry, beta: ACME }, { TENANT_SECRETS: '{"acme":"its own"}' })
    const settings = settingsAt(env, '/t/acme')
    expect(settings.medplum.appUrl?.href).toBe('https://app.acme.example/')
    expect(settings).toMatchObject({ maxAccess: 'admin', confirm: 'delete', medplum: { clientSecret: 'its own' } })
    expect(settingsAt(env, '/t/beta').medplum.clientSecret).toBeUndefined()
  })

  test('leaves the deployment’s own settings as they are', () => {
    const own = { tenant: undefined, root: '', resource: 'https://mcp.example.com/mcp' }
    for (const env of [bindings({ acme: ACME }), bindings(''), bindings('  '), bindings('{}')]) {
      for (const path of ['/', '/mcp', '/t', '/tea/acme', '/connections/t/acme']) {
        expect(settingsAt(env, path)).toMatchObject(own)
        expect(settingsAt(env, path).medplum.clientSecret).toBe(DEPLOYMENT.MEDPLUM_CLIENT_SECRET)
      }
    }
  })

  test('is found by its exact name only', () => {
    const env = bindings({ acme: ACME })
    for (const path of [
      ...['/t/', '/t/ACME', '/t/acme ', '/t/acm', '/t/acme.', '/t/__proto__', '/t/constructor', '/t//acme'],
    ]) {
      expect(() => settingsAt(env, path)).toThrow('no such tenant')
    }
    expect(() => settingsFor(env, 'beta~user')).toThrow('no such tenant')
    expect(findSettings(env, 'toString')).toBeUndefined()
  })
})

test('people of two tenants with the same Medplum id are different people', () => {
  const env = bindings({ acme: ACME, beta: ACME })
  const ids = ['/mcp', '/t/acme', '/t/beta'].map((path) => userIdAt(settingsAt(env, path), 'user.1_-'))
  expect(ids).toEqual(['user.1_-', 'acme~user.1_-', 'beta~user.1_-'])
  expect(ids.map(tenantOf)).toEqual([undefined, 'acme', 'beta'])
  expect(ids.map((id) => settingsFor(env, id).tenant)).toEqual([undefined, 'acme', 'beta'])
})

describe('a malformed setting', () => {
  const OWN = { baseUrl: ACME.baseUrl, clientId: 'c' }
  test.each<[string, unknown, string]>([
    ['no JSON', '{acme', 'TENANTS is not JSON'],
    ['a list', [ACME], 'TENANTS must be a JSON object'],
    ['null', 'null', 'TENANTS must be a JSON object'],
    ['an entry that is a text', { acme: 'https://x' }, 'TENANTS: acme must be an object'],
    ['no base URL', { acme: { clientId: 'c' } }, 'TENANTS: acme.baseUrl is missing'],
    ['no client', { acme: { baseUrl: ACME.baseUrl } }, 'TENANTS: acme.clientId is missing'],
    ['no client of the second', { acme: ACME, beta: { ...OWN, clientId: ' ' } }, 'TENANTS: beta.clientId is missing'],
    ['a base URL that is none', { acme: { ...OWN, baseUrl: 'acme' } }, 'TENANTS: acme.baseUrl is not a URL'],
    ['http', { acme: { ...OWN, baseUrl: 'http://api.acme.example' } }, 'TENANTS: acme.baseUrl must be https'],
    ['a query', { acme: { ...OWN, appUrl: 'https://a.example/?x' } }, 'TENANTS: acme.appUrl must not have a query'],
    ['a level', { acme: { ...OWN, maxAccess: 'all' } }, 'TENANTS: acme.maxAccess must be read, write, full or admin'],
    ['a policy', { acme: { ...OWN, confirm: 'sometimes' } }, 'TENANTS: acme.confirm must be'],
    ['a number', { acme: { ...OWN, clientId: 7 } }, 'TENANTS: acme.clientId must be a text'],
    ['an unknown field', { acme: { ...OWN, clientSecret: 's3cr3t' } }, 'TENANTS: acme.clientSecret is not known'],
    ['a field of the prototype', '{"acme":{"__proto__":"x"}}', 'TENANTS: acme.__proto__ is not known'],
  ])('%s', (_, tenants, message) => {
    expect(() => tenantsOf(bindings(tenants))).toThrow(SettingError)
    expect(() => tenantsOf(bindings(tenants))).toThrow(message)
    expect(() => tenantsOf(bindings(tenants))).not.toThrow('s3cr3t')
  })

  test.each(['', '-', 'a-', '-a', 'Acme', 'a.b', 'a~b', 'a:b', 'a/b', '..', 'a b', 'ä', 'a'.repeat(33), '__proto__'])(
    'the name "%s"',
    (name) => {
      const tenants = `{${JSON.stringify(name)}:${JSON.stringify(ACME)}}`
      expect(() => tenantsOf(bindings(tenants))).toThrow(`TENANTS has the name ${JSON.stringify(name)}`)
    },
  )

  test.each(['a', '0', 'a-b', 'a'.repeat(32)])('the name "%s" is valid', (name) => {
    expect([...tenantsOf(bindings({ [name]: ACME })).keys()]).toEqual([name])
  })

  test.each<[string, string]>([
    ['no JSON', '{"acme":"s3cr3t"'],
    ['a list', '["s3cr3t"]'],
    ['a tenant that there is not', '{"s3cr3t":"s3cr3t"}'],
    ['no text', '{"acme":["s3cr3t"]}'],
    ['an empty text', '{"acme":""}'],
  ])('TENANT_SECRETS with %s, which no message repeats', (_, TENANT_SECRETS) => {
    const read = () => tenantsOf(bindings({ acme: ACME }, { TENANT_SECRETS }))
    expect(read).toThrow(/^Setting TENANT_SECRETS /)
    expect(read).not.toThrow('s3cr3t')
  })
})
