// What stops `npm run setup` before it has changed anything, each with what to do next.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET } from '../../sandbox/world.ts'
import type { Wishes } from '../../scripts/setup/setup.ts'
import { Stop } from '../../scripts/setup/stop.ts'
import { groundOfTests, person } from './ground.ts'

const ground = groundOfTests()

const BAD: [string, () => Partial<Wishes> | Promise<Partial<Wishes>>, RegExp, RegExp][] = [
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
  ['an address that is no URL', () => ({ medplumUrl: 'medplum' }), /not a URL/, /complete/],
  [
    'a base URL that is no Medplum',
    () => ({ medplumUrl: ground.cloudflare.url }),
    /not a Medplum/,
    /not the address of the Medplum App/,
  ],
  [
    'a base URL below the root',
    () => ({ medplumUrl: `${ground.sandbox.baseUrl}fhir/R4/` }),
    /not a Medplum/,
    /API base URL/,
  ],
  ['a Medplum that does not answer', () => ({ medplumUrl: 'http://127.0.0.1:1/' }), /does not respond/, /running/],
  [
    'a Medplum access token that is refused at once',
    async () => {
      await ground.control('settings', 'PUT', { accessTokenLifetime: -1 })
      return {}
    },
    /expired or was revoked/,
    /sign in again/,
  ],
  [
    'a Medplum access token that is refused later',
    async () => {
      await refuseAt('/fhir/R4/ClientApplication')
      return {}
    },
    /expired or was revoked/,
    /sign in again/,
  ],
  [
    'a Medplum access token that is refused for the client that was named',
    async () => {
      await refuseAt(`/fhir/R4/ClientApplication/${SANDBOX_CLIENT_ID}`)
      return { clientId: SANDBOX_CLIENT_ID }
    },
    /expired or was revoked/,
    /sign in again/,
  ],
  [
    'a client that is not there',
    () => ({ clientId: '5a9d0000-0000-4000-8000-00000000ffff' }),
    /no ClientApplication/,
    /--client-id/,
  ],
  [
    'an expired Cloudflare login',
    () => {
      ground.cloudflare.world.token = 'another'
      return {}
    },
    /refused the login/,
    /wrangler login/,
  ],
  [
    'an expired login of wrangler',
    () => {
      const folder = join(ground.folder, '.wrangler', 'config')
      mkdirSync(folder, { recursive: true })
      const old = 'oauth_token = "old"\nrefresh_token = "old"\nexpiration_time = "2020-01-01T00:00:00.000Z"\n'
      writeFileSync(join(folder, 'default.toml'), `${old}scopes = ["account:read"]\n`)
      vi.stubEnv('CLOUDFLARE_API_TOKEN', undefined)
      vi.stubEnv('WRANGLER_TOKEN_URL', `${ground.cloudflare.url}/oauth2/token`)
      return {}
    },
    /no Cloudflare login, or it has expired/,
    /wrangler login/,
  ],
  [
    'a Cloudflare login that may only read',
    () => {
      ground.cloudflare.world.readOnly = true
      return {}
    },
    /may not run wrangler/,
    /"Workers Scripts: Edit" and "Workers KV Storage: Edit"/,
  ],
  [
    'an account without Durable Objects',
    () => {
      ground.cloudflare.world.durableObjects = false
      return {}
    },
    /no Durable Objects/,
    /Enable/,
  ],
  [
    'an account without a workers.dev subdomain',
    () => {
      ground.cloudflare.world.subdomain = undefined
      return {}
    },
    /workers\.dev/,
    /onboarding/,
  ],
  [
    'a name that is taken',
    () => {
      ground.cloudflare.world.scripts.set('medplum-mcp', { bindings: [], secrets: new Set() })
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
      writeFileSync(ground.file, '{')
      return {}
    },
    /malformed/,
    /delete it/,
  ],
]

/** Medplum no longer accepts the login's token, as after it expired or was revoked. */
function refuseAt(path: string): Promise<Response> {
  return ground.control('faults', 'POST', [
    { path: `^${path}`, status: 401, body: { resourceType: 'OperationOutcome' } },
  ])
}

it.each(BAD)('%s changes nothing and says what to do', async (_, arrange, problem, fix) => {
  const error = await ground.run(await arrange()).catch((thrown: unknown) => thrown)
  if (!(error instanceof Stop)) throw error
  expect(error.message).toMatch(problem)
  expect(error.fix).toMatch(fix)
  expect(await ground.changes()).toEqual([])
})
