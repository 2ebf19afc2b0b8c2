/** The sandbox must answer as the recorded Medplum did, except where a reason is written down. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { notYet } from './not-yet.ts'
import { GIVEN, MEMBERSHIPS, recordingWorld } from './recording-world.ts'
import { type Exchange, replay, type Target } from './replay.ts'

const FILES = ['oauth', 'read-write', 'search', 'errors', 'bundles', 'graphql', 'files', 'operations', 'async']
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

describe.each(FILES)('%s.json', (file) => {
  const exchanges: Exchange[] = JSON.parse(readFileSync(new URL(`../recordings/${file}.json`, import.meta.url), 'utf8'))
  const reasons = notYet[file] ?? {}
  let sandbox: Sandbox
  let target: Target
  let replayed = 0

  beforeAll(async () => {
    let clock = Date.now()
    sandbox = await startSandbox({ world: recordingWorld(), now: () => clock++, introspection: true, agentWaitMs: 0 })
    const variables = { ...GIVEN, base: sandbox.baseUrl, appBase: `${sandbox.baseUrl}app/` }
    const tokens: Record<string, string> = {}
    for (const sender of new Set(exchanges.map((one) => one.as).filter((one) => one !== 'anonymous'))) {
      tokens[sender] = await tokenOf(sandbox.baseUrl, sender)
    }
    target = {
      variables,
      tokens,
      wait(ms) {
        clock += ms
      },
    }
  })

  afterAll(async () => {
    console.log(`${file}.json: ${replayed} of ${exchanges.length} exchanges replay`)
    await sandbox.close()
  })

  it.each(exchanges)('$name', async (exchange) => {
    const different = await replay(exchange, target)
    if (exchange.name in reasons) {
      expect(different, 'replays now: take it off the list in not-yet.ts').not.toEqual([])
    } else {
      expect(different).toEqual([])
      replayed++
    }
  })

  it('lists only exchanges that exist', () => {
    const names = new Set(exchanges.map((one) => one.name))
    expect(Object.keys(reasons).filter((name) => !names.has(name))).toEqual([])
  })
})

async function tokenOf(base: string, sender: string): Promise<string> {
  const who = MEMBERSHIPS[sender]
  const challenge = { codeChallenge: CHALLENGE, codeChallengeMethod: 'S256' }
  const started = await post(`${base}auth/login`, {
    email: who?.email,
    password: who?.password,
    scope: who?.scope,
    ...challenge,
  })
  const { code } = started.code
    ? started
    : await post(`${base}auth/profile`, { login: started.login, profile: who?.membershipId })
  const response = await fetch(`${base}oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', code: code ?? '', code_verifier: VERIFIER }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}

async function post(url: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return response.json() as Promise<Record<string, string>>
}
