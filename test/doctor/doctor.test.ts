// `npm run doctor` finds nothing wrong with a healthy deployment, and each planted fault with its cure.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { freePort, type RunningWorker, startWorker } from '../../sandbox/worker.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { examine } from '../../scripts/doctor/examine.ts'
import { type Fault, type Passing, startPlanting } from './planting.ts'

let sandbox: Sandbox
let worker: RunningWorker
let port = 0
let front: Awaited<ReturnType<typeof startPlanting>>

beforeAll(async () => {
  port = await freePort()
  front = await startPlanting(() => port)
  sandbox = await startSandbox({ redirectUris: ['', '/t/north'].map((root) => `${front.url}${root}/oauth/callback`) })
  const own = { baseUrl: sandbox.baseUrl, clientId: SANDBOX_CLIENT_ID }
  worker = await startWorker({
    port,
    vars: {
      MEDPLUM_BASE_URL: own.baseUrl,
      MEDPLUM_CLIENT_ID: own.clientId,
      // Of south, Medplum doesn't know the redirect URI.
      TENANTS: JSON.stringify({ north: own, south: own, west: { ...own, clientId: 'away' } }),
    },
  })
}, 90_000)

afterAll(async () => {
  await worker?.stop()
  await sandbox?.close()
  await front?.close()
})

it('finds nothing wrong with a healthy deployment', async () => {
  front.plant({})
  const findings = await examine(`${front.url}/mcp`)
  expect(findings.filter((one) => !one.ok)).toEqual([])
  expect(findings.length).toBeGreaterThan(15)
})

it.each(['/t/north', '/t/north/', '/t/north/mcp'])('finds nothing wrong with a tenant at %s', async (path) => {
  front.plant({})
  const findings = await examine(`${front.url}${path}`)
  expect(findings.filter((one) => !one.ok)).toEqual([])
  const found = findings.map((one) => one.found)
  expect(found).toContain(`the resource is ${front.url}/t/north/mcp`)
  expect(found).toContain(`Medplum is asked to come back to ${front.url}/t/north/oauth/callback`)
})

it.each([
  ['/t/south', 'medplum', /Add the redirect URI http:\S+\/t\/south\/oauth\/callback to .* in Medplum\.$/],
  ['/t/west/mcp', 'medplum', /no ClientApplication away .*check clientId of west in TENANTS/],
  ['/t/east', 'tenant', /add it to TENANTS/],
])('of a tenant at %s: finding %s', async (path, check, cure) => {
  front.plant({})
  const faults = (await examine(`${front.url}${path}`)).filter((one) => !one.ok)
  expect(faults).toEqual([expect.objectContaining({ check, cure: expect.stringMatching(cure) })])
})

const SERVER = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource/mcp'

/** Changes a JSON document on its way. */
function document(path: string, change: Record<string, unknown>): Fault {
  return {
    answer: (passing) => {
      if (passing.path === path) passing.text = JSON.stringify({ ...JSON.parse(passing.text), ...change })
    },
  }
}

function answering(path: string, change: (passing: Passing) => void): Fault {
  return { answer: (passing) => passing.path.startsWith(path) && change(passing) }
}

function login(change: (url: URL) => void): Fault {
  return answering('/authorize', (passing) => {
    const location = passing.headers.get('location')
    if (!location?.includes('oauth2/authorize')) return
    const url = new URL(location)
    change(url)
    passing.headers.set('location', url.href)
  })
}

/** What is wrong, the check that finds it, the cure, and the path of the endpoint that is examined. */
const FAULTS: [string, string, RegExp, Fault, path?: string][] = [
  [
    'a setting is missing',
    'health',
    /Correct the setting/,
    answering('/health', (it) =>
      Object.assign(it, { status: 503, text: 'This server is not configured: Setting PUBLIC_URL is missing' }),
    ),
  ],
  [
    'PUBLIC_URL is another address',
    'health',
    /Set PUBLIC_URL/,
    answering('/health', (it) => Object.assign(it, { status: 403 })),
  ],
  [
    'another Worker answers',
    'health',
    /npm run setup/,
    answering('/health', (it) => Object.assign(it, { text: 'hello' })),
  ],
  [
    'a login stands in front of /mcp',
    'unauthenticated',
    /Cloudflare Access/,
    answering('/mcp', (it) => Object.assign(it, { status: 302 })),
  ],
  [
    'the challenge is stripped',
    'challenge',
    /where to sign in/,
    answering('/mcp', (it) => it.headers.delete('www-authenticate')),
  ],
  [
    'the challenge names another address',
    'challenge',
    /PUBLIC_URL/,
    answering('/mcp', (it) => it.headers.set('www-authenticate', 'Bearer resource_metadata="https://other.example/x"')),
  ],
  [
    'the resource is another',
    'resource-metadata',
    /PUBLIC_URL/,
    document(RESOURCE, { resource: 'https://other.example/mcp' }),
  ],
  [
    'the resource is another, at a tenant',
    'resource-metadata',
    /PUBLIC_URL/,
    document('/.well-known/oauth-protected-resource/t/north/mcp', { resource: 'https://other.example/mcp' }),
    '/t/north',
  ],
  [
    'the challenge is stripped, at a tenant',
    'challenge',
    /where to sign in/,
    answering('/t/north/mcp', (it) => it.headers.delete('www-authenticate')),
    '/t/north/mcp',
  ],
  [
    'the resource document is away',
    'resource-metadata',
    /PUBLIC_URL/,
    answering(RESOURCE, (it) => Object.assign(it, { status: 404 })),
  ],
  [
    'the authorization server is another',
    'authorization-servers',
    /PUBLIC_URL/,
    document(RESOURCE, { authorization_servers: ['https://other.example'] }),
  ],
  ['the issuer is another', 'issuer', /RFC 8414/, document(SERVER, { issuer: 'https://other.example' })],
  [
    'the token endpoint is elsewhere',
    'endpoints',
    /PUBLIC_URL/,
    document(SERVER, { token_endpoint: 'https://other.example/token' }),
  ],
  [
    'PKCE plain is offered',
    'pkce',
    /S256 and nothing else/,
    document(SERVER, { code_challenge_methods_supported: ['S256', 'plain'] }),
  ],
  [
    'registration is not offered',
    'registration',
    /register themselves/,
    document(SERVER, { registration_endpoint: undefined }),
  ],
  [
    'CIMD is not offered',
    'cimd',
    /global_fetch_strictly_public/,
    document(SERVER, { client_id_metadata_document_supported: false }),
  ],
  [
    'the Host is rewritten',
    'host',
    /DNS rebinding/,
    {
      request: (headers) => {
        headers.host = `localhost:${port}`
      },
    },
  ],
  [
    'the Origin is stripped',
    'foreign-origin',
    /ALLOWED_ORIGINS/,
    {
      request: (headers) => {
        delete headers.origin
      },
    },
  ],
  [
    'its own origin is refused',
    'own-origin',
    /PUBLIC_URL/,
    {
      request: (headers, path) => {
        if (path === '/mcp' && headers.origin?.includes('localhost')) headers.origin = 'https://other.example'
      },
    },
  ],
  [
    'the notice is gone',
    'preview-notice',
    /before they connect/,
    answering('/', (it) => {
      it.text = it.text.replace(/preview/gi, 'product')
    }),
  ],
  [
    'registration fails',
    'register',
    /OAUTH_KV/,
    answering('/oauth/register', (it) => Object.assign(it, { status: 500, text: 'no' })),
  ],
  [
    'the consent page may be framed',
    'consent',
    /changes its headers/,
    answering('/authorize', (it) => it.headers.delete('content-security-policy')),
  ],
  ['cookies are dropped', 'medplum', /drop cookies/, answering('/authorize', (it) => it.headers.delete('set-cookie'))],
  [
    'the callback is of another address',
    'callback',
    /PUBLIC_URL/,
    login((url) => url.searchParams.set('redirect_uri', 'http://127.0.0.1:8787/oauth/callback')),
  ],
  [
    'the client lacks the redirect URI',
    'medplum',
    /Add the redirect URI/,
    login((url) => url.searchParams.set('redirect_uri', 'https://other.example/oauth/callback')),
  ],
  [
    'there is no such client',
    'medplum',
    /MEDPLUM_CLIENT_ID/,
    login((url) => url.searchParams.set('client_id', '5a9d0000-0000-4000-8000-00000000ffff')),
  ],
  [
    'Medplum is away',
    'medplum',
    /that the Medplum server runs/,
    login((url) => {
      url.port = '1'
    }),
  ],
]

it.each(FAULTS)('%s: finding %s', async (_, check, cure, fault, path = '') => {
  front.plant(fault)
  const findings = await examine(`${front.url}${path}`)
  expect(findings.filter((one) => !one.ok).map((one) => one.check)).toContain(check)
  expect(findings.find((one) => one.check === check && !one.ok)?.cure).toMatch(cure)
})

it.each([
  ['http://deployment.example', 'tls', /https/],
  ['https://deployment.invalid', 'dns', /spelling/],
  ['http://127.0.0.1:1', 'reach', /is deployed/],
  ['deployment', 'address', /whole address/],
])('%s: finding %s', async (address, check, cure) => {
  const [finding] = (await examine(address)).filter((one) => !one.ok)
  expect(finding).toMatchObject({ check, cure: expect.stringMatching(cure) })
})
