// `npm run doctor` finds nothing wrong with a healthy deployment, and each planted fault with its fix.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { Person } from '../../programs/person.ts'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { examine } from '../../scripts/doctor/examine.ts'
import { answering, FAULTS } from './faults.ts'
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
      // Medplum doesn't know the redirect URI of south.
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
  expect(found).toContain(`Medplum is asked to return to ${front.url}/t/north/oauth/callback`)
})

it.each([
  ['/t/south', 'medplum', /Add the redirect URI http:\S+\/t\/south\/oauth\/callback to .* in Medplum\.$/],
  ['/t/west/mcp', 'medplum', /no ClientApplication away\b.*check clientId of west in TENANTS/],
  ['/t/east', 'tenant', /add it to TENANTS/],
])('of a tenant at %s: finding %s', async (path, check, fix) => {
  front.plant({})
  const faults = (await examine(`${front.url}${path}`)).filter((one) => !one.ok)
  expect(faults).toEqual([expect.objectContaining({ check, fix: expect.stringMatching(fix) })])
})

it.each(FAULTS)('%s: finding %s', async (_, check, fix, fault, path = '') => {
  front.plant(fault)
  const findings = await examine(`${front.url}${path}`)
  expect(findings.filter((one) => !one.ok).map((one) => one.check)).toContain(check)
  expect(findings.find((one) => one.check === check && !one.ok)?.fix).toMatch(fix)
})

it.each([
  ['http://deployment.example', 'tls', /https/],
  ['https://deployment.invalid', 'dns', /spelling/],
  ['http://127.0.0.1:1', 'reach', /is deployed/],
  ['deployment', 'address', /complete address/],
])('%s: finding %s', async (address, check, fix) => {
  const [finding] = (await examine(address)).filter((one) => !one.ok)
  expect(finding).toMatchObject({ check, fix: expect.stringMatching(fix) })
})

/** An examination with a person who signs in, by the pages as a browser would show them. */
function examineWith(decision: 'approve' | 'deny', path = '') {
  const show = async (url: string) => {
    const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
    // Others may knock too.
    expect((await fetch(`${redirectUri}?code=x&state=another`)).status).toBe(400)
    expect((await fetch(redirectUri, { method: 'POST' })).status).toBe(400)
    const end = await new Person().signIn(url, redirectUri, SANDBOX_USERS.alice, decision)
    expect(await (await fetch(end)).text()).toContain('You can close this page')
  }
  return examine(`${front.url}${path}`, { person: { show, waitMs: 10_000 } })
}

it.each(['', '/t/north'])('signs a person in at %s/mcp, with the least access, and out again', async (path) => {
  front.plant({})
  const findings = await examineWith('approve', path)
  expect(findings.filter((one) => !one.ok)).toEqual([])
  expect(findings.slice(-5).map((one) => one.check)).toEqual([
    'authorization',
    'token',
    'tools',
    'whoami',
    'revocation',
  ])
  expect(findings.at(-4)?.found).toContain('fhir:read')
  expect(JSON.stringify(findings)).not.toContain(SANDBOX_USERS.alice.email)
})

it('reports only that nobody signed in', async () => {
  front.plant({})
  const findings = await examine(front.url, { person: { show: () => {}, waitMs: 1 } })
  expect(findings.filter((one) => !one.ok)).toEqual([
    expect.objectContaining({ check: 'authorization', fix: expect.stringContaining('in a browser on this machine') }),
  ])
})

it('says what to do after a person denied access', async () => {
  front.plant({})
  const fault = (await examineWith('deny')).at(-1)
  expect(fault).toMatchObject({ check: 'authorization', ok: false, found: 'The person denied access' })
  expect(fault?.fix).toMatch(/allow access/)
})

/** Answers of the token endpoint: to the code, or to the revocation. */
const atToken = (kind: 'code' | 'revocation', status: number) =>
  answering('/oauth/token', (it) => {
    if (it.text.includes('access_token') === (kind === 'code')) Object.assign(it, { status, text: 'no' })
  })

const atMcp = (holding: string, change: (text: string) => Partial<Passing>) =>
  answering('/mcp', (it) => {
    if (it.status === 200 && it.text.includes(holding)) Object.assign(it, change(it.text))
  })

/** What is wrong, the check that finds it, the fix, and whether the token is revoked anyway. */
const SIGNED_IN: [string, string, RegExp, boolean, Fault][] = [
  ['the code is refused', 'token', /tail/, false, atToken('code', 400)],
  [
    'more is granted than asked for',
    'token',
    /npm run deploy/,
    true,
    answering('/oauth/token', (it) => {
      it.text = it.text.replace('"fhir:read"', '"fhir:read fhir:write"')
    }),
  ],
  ["the tools can't be listed", 'tools', /tail/, true, atMcp('"tools"', () => ({ status: 500, text: 'no' }))],
  [
    'there are no tools',
    'tools',
    /npm run deploy/,
    true,
    atMcp('"tools"', (text) => ({ text: text.replace('"tools":[', '"tools":[],"other":[') })),
  ],
  [
    'a tool fails',
    'whoami',
    /Medplum server is running/,
    true,
    atMcp('Signed in', (text) => ({ text: text.replace('"content":', '"isError":true,"content":') })),
  ],
  [
    'Medplum tells nothing of the person',
    'whoami',
    /access policy/,
    true,
    atMcp('Signed in', (text) => ({ text: text.replace('Signed in', 'Medplum gave no more details') })),
  ],
  ['the revocation fails', 'revocation', /End the connection/, false, atToken('revocation', 500)],
]

it.each(SIGNED_IN)('of a sign-in where %s: finding %s', async (_, check, fix, isRevoked, fault) => {
  front.plant(fault)
  const findings = await examineWith('approve')
  const faults = findings.filter((one) => !one.ok)
  expect(faults).toEqual([expect.objectContaining({ check, fix: expect.stringMatching(fix) })])
  expect(findings.some((one) => one.check === 'revocation' && one.ok)).toBe(isRevoked)
})

it('deletes its registration if the server offers that, and sends its token nowhere else', async () => {
  const deleted: string[] = []
  const offer = (uri: string): Fault => ({
    request: (headers, path) => {
      if (path.startsWith('/oauth/register/')) deleted.push(`${path} ${headers.authorization}`)
    },
    answer: (it) => {
      if (it.path !== '/oauth/register') return
      const offered = { registration_client_uri: uri, registration_access_token: 'of-the-registration' }
      it.text = JSON.stringify({ ...JSON.parse(it.text), ...offered })
    },
  })
  front.plant(offer(`${front.url}/oauth/register/doctor`))
  await examine(front.url)
  expect(deleted).toEqual(['/oauth/register/doctor Bearer of-the-registration'])
  front.plant(offer(`${front.url.replace('localhost', '127.0.0.1')}/oauth/register/doctor`))
  await examine(front.url)
  expect(deleted).toHaveLength(1)
})

// The last: the App stays away.
it('names the login page of a Medplum whose App is away', async () => {
  front.plant({})
  await sandbox.stopApp()
  const faults = (await examine(front.url)).filter((one) => !one.ok)
  expect(faults).toEqual([expect.objectContaining({ check: 'login-page', fix: expect.stringMatching(/appBaseUrl/) })])
})
