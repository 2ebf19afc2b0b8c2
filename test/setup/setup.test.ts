// `npm run setup` by real wrangler against a loopback Cloudflare API, with the sandbox as Medplum.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_PASSWORD } from '../../sandbox/world.ts'
import { signIn } from '../../scripts/setup/medplum.ts'
import { setup, type Wishes } from '../../scripts/setup/setup.ts'
import { Stop } from '../../scripts/setup/stop.ts'
import { ACCOUNT, startCloudflare, TOKEN } from './cloudflare.ts'

const ADDRESS = 'https://medplum-mcp.clinic.workers.dev'

let sandbox: Sandbox
let cloudflare: Awaited<ReturnType<typeof startCloudflare>>
let folder: string
let said: string[]

beforeEach(async () => {
  sandbox = await startSandbox({ control: true })
  cloudflare = await startCloudflare()
  folder = mkdtempSync(join(tmpdir(), 'medplum-mcp-setup-'))
  said = []
  vi.stubEnv('CLOUDFLARE_API_BASE_URL', cloudflare.url)
  vi.stubEnv('CLOUDFLARE_API_TOKEN', TOKEN)
  vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', undefined)
  vi.stubEnv('XDG_CONFIG_HOME', folder)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
  await sandbox.close()
  await cloudflare.close()
})

const person = (email: string, password = SANDBOX_PASSWORD) => ({ kind: 'person' as const, email, password })

function run(wishes: Partial<Wishes> = {}): Promise<boolean> {
  return setup({
    medplumUrl: sandbox.baseUrl,
    credentials: person('ada@example.com'),
    name: 'medplum-mcp',
    dryRun: false,
    file: join(folder, 'deployment.json'),
    say: (line) => said.push(line),
    check: async (address) => [{ check: 'asked', ok: true, found: address }],
    ...wishes,
  })
}

/** Writes at Medplum so far, other than logins. */
async function medplumChanges(): Promise<string[]> {
  const { requests } = await (await fetch(`${sandbox.baseUrl}_sandbox/log`)).json()
  return (requests as { method: string; path: string }[])
    .filter(({ method, path }) => method !== 'GET' && !/^\/(auth|oauth2|_sandbox)\//.test(path))
    .map(({ method, path }) => `${method} ${path}`)
}

async function atMedplum(id: string, change?: (client: Record<string, unknown>) => void) {
  const { accessToken } = await signIn(sandbox.baseUrl, person('ada@example.com'))
  const url = `${sandbox.baseUrl}fhir/R4/ClientApplication/${id}`
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/fhir+json' }
  const client = (await (await fetch(url, { headers })).json()) as Record<string, unknown>
  if (!change) return client
  change(client)
  const saved = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(client) })
  expect(saved.status).toBe(200)
  return client
}

const redirectUris = async (id: string) => (await atMedplum(id)).redirectUris

const dropRedirectUris = (id: string) =>
  atMedplum(id, (client) => {
    delete client.redirectUris
  })

async function changes(): Promise<string[]> {
  return [...cloudflare.changes, ...(await medplumChanges())]
}

const deployment = () => JSON.parse(readFileSync(join(folder, 'deployment.json'), 'utf8'))

it('goes from nothing to a deployment, and a second time changes nothing', async () => {
  expect(await run()).toBe(true)
  expect(cloudflare.unknown).toEqual([])
  expect(deployment()).toMatchObject({
    accountId: ACCOUNT.id,
    kv: cloudflare.world.namespaces.get('medplum-mcp-oauth-kv'),
    vars: { PUBLIC_URL: ADDRESS, MEDPLUM_BASE_URL: sandbox.baseUrl },
  })
  const script = cloudflare.world.scripts.get('medplum-mcp')
  expect([...(script?.secrets ?? [])]).toEqual(['AUDIT_KEY'])
  expect(script?.bindings).toContainEqual({ type: 'plain_text', name: 'PUBLIC_URL', text: ADDRESS })
  expect(said.join('\n')).toContain(`asked: ${ADDRESS}`)
  const key = cloudflare.bodies.map((body) => /"text":"([^"]+)"/.exec(body)?.[1]).find(Boolean) ?? ''
  expect(Buffer.from(key, 'base64')).toHaveLength(32)
  for (const secret of [key, SANDBOX_PASSWORD, TOKEN])
    expect(said.join('\n') + JSON.stringify(deployment())).not.toContain(secret)

  const first = await changes()
  await run()
  expect(await changes()).toEqual(first)
  expect(said).toContain('Nothing to change.')

  // Half done: each time only what is missing is done.
  script?.secrets.clear()
  await run()
  expect((await changes()).filter((one) => !first.includes(one))).toEqual([])
  expect(cloudflare.changes.at(-1)).toBe(`PUT /accounts/${ACCOUNT.id}/workers/scripts/medplum-mcp/secrets`)
  expect([...(script?.secrets ?? [])]).toEqual(['AUDIT_KEY'])

  const atCloudflare = [...cloudflare.changes]
  await dropRedirectUris(deployment().vars.MEDPLUM_CLIENT_ID)
  rmSync(join(folder, 'deployment.json'))
  await run()
  expect(await redirectUris(deployment().vars.MEDPLUM_CLIENT_ID)).toEqual([`${ADDRESS}/oauth/callback`])
  expect(cloudflare.changes).toEqual(atCloudflare)
  expect(cloudflare.unknown).toEqual([])
}, 180_000)

it('shows the steps in a dry run and changes nothing', async () => {
  await run({ dryRun: true })
  expect(said.filter((line) => line.startsWith('would '))).toHaveLength(5)
  expect(await changes()).toEqual([])
  expect(existsSync(join(folder, 'deployment.json'))).toBe(false)
})

it('goes on where only the namespace is made, with a client that lacks the redirect URI', async () => {
  cloudflare.world.namespaces.set('medplum-mcp-oauth-kv', 'a'.repeat(32))
  await run({ dryRun: true, clientId: SANDBOX_CLIENT_ID })
  const steps = said.filter((line) => line.startsWith('would ')).join('\n')
  expect(steps).not.toContain('KV namespace')
  expect(steps).not.toContain('create the ClientApplication')
  expect(steps).toContain(`make the ClientApplication ${SANDBOX_CLIENT_ID} fit: redirect URI ${ADDRESS}/oauth/callback`)
  expect(await changes()).toEqual([])
})

const BAD: [string, () => Partial<Wishes>, RegExp, RegExp][] = [
  [
    'a wrong password',
    () => ({ credentials: person('ada@example.com', 'wrong') }),
    /refused the login/,
    /Check the e-mail/,
  ],
  [
    'a wrong client secret',
    () => ({ credentials: { kind: 'client', clientId: SANDBOX_CLIENT_ID, clientSecret: 'wrong' } }),
    /refused the login/,
    /client id and secret/,
  ],
  [
    'a client that is no administrator',
    () => ({ credentials: { kind: 'client', clientId: SANDBOX_CLIENT_ID, clientSecret: SANDBOX_CLIENT_SECRET } }),
    /may not create/,
    /project administrator/,
  ],
  [
    'a person who is no administrator',
    () => ({ credentials: person('alice@example.com') }),
    /may not create/,
    /project administrator/,
  ],
  ['an address that is no URL', () => ({ medplumUrl: 'medplum' }), /no URL/, /whole/],
  [
    'a base URL that is no Medplum',
    () => ({ medplumUrl: cloudflare.url }),
    /not a Medplum/,
    /not the address of the Medplum App/,
  ],
  ['a base URL below the root', () => ({ medplumUrl: `${sandbox.baseUrl}fhir/R4/` }), /not a Medplum/, /API base URL/],
  ['a Medplum that does not answer', () => ({ medplumUrl: 'http://127.0.0.1:1/' }), /does not answer/, /runs/],
  [
    'a client that is not there',
    () => ({ clientId: '5a9d0000-0000-4000-8000-00000000ffff' }),
    /no ClientApplication/,
    /--client-id/,
  ],
  [
    'an expired Cloudflare login',
    () => {
      cloudflare.world.token = 'another'
      return {}
    },
    /refused the login/,
    /wrangler login/,
  ],
  [
    'an account without Durable Objects',
    () => {
      cloudflare.world.durableObjects = false
      return {}
    },
    /no Durable Objects/,
    /Enable/,
  ],
  [
    'an account without a workers.dev subdomain',
    () => {
      cloudflare.world.subdomain = undefined
      return {}
    },
    /workers\.dev/,
    /onboarding/,
  ],
  [
    'a name that is taken',
    () => {
      cloudflare.world.scripts.set('medplum-mcp', { bindings: [], secrets: new Set() })
      return {}
    },
    /taken/,
    /--name/,
  ],
  [
    'an account that is not there',
    () => {
      vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', 'other')
      return {}
    },
    /no account other/,
    /CLOUDFLARE_ACCOUNT_ID/,
  ],
  [
    'a malformed deployment.json',
    () => {
      writeFileSync(join(folder, 'deployment.json'), '{')
      return {}
    },
    /malformed/,
    /delete it/,
  ],
]

it.each(BAD)('%s changes nothing and says what to do', async (_, arrange, problem, cure) => {
  const error = await run(arrange()).catch((thrown: unknown) => thrown)
  if (!(error instanceof Stop)) throw error
  expect(error.message).toMatch(problem)
  expect(error.cure).toMatch(cure)
  expect(await changes()).toEqual([])
})

it('says so on the command line, with the cure and without the secret', async () => {
  const main = new URL('../../scripts/setup/main.ts', import.meta.url).pathname
  const flags = [
    '--medplum-url',
    sandbox.baseUrl,
    '--email',
    'ada@example.com',
    '--file',
    join(folder, 'deployment.json'),
  ]
  const failed = await promisify(execFile)(process.execPath, [main, ...flags], {
    env: { ...process.env, MEDPLUM_PASSWORD: 'a-wrong-password' },
  }).catch((error: { code: number; stdout: string; stderr: string }) => error)
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('Check the e-mail address') })
  expect(failed.stdout + failed.stderr).not.toContain('a-wrong-password')
}, 120_000)
