/** What a user of the sandbox relies on beyond the recordings: its login page, its people, its controls. */

import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SANDBOX_USERS, type SandboxUser } from '../../sandbox/ground/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REDIRECT_URIS } from '../../sandbox/world.ts'

const [REDIRECT_URI = ''] = SANDBOX_REDIRECT_URIS
const SCOPE = 'openid profile offline_access'
let sandbox: Sandbox
let clock: number

beforeAll(async () => {
  clock = Date.now()
  sandbox = await startSandbox({ control: true, redirectUris: ['http://localhost:9/more'], now: () => clock })
})
afterAll(() => sandbox.close())
beforeEach(() => control('POST', 'reset'))

const at = (path: string) => `${sandbox.baseUrl}${path}`
const atApp = (path: string) => `${sandbox.appUrl}${path}`

function control(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(at(`_sandbox/${path}`), { method, ...(body ? { body: JSON.stringify(body) } : {}) })
}

interface Tokens {
  access_token: string
  refresh_token?: string
  expires_in: number
}

function authorizationRequest(verifier: string, scope = SCOPE): Record<string, string> {
  return {
    response_type: 'code',
    client_id: SANDBOX_CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope,
    state: 'state & more',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
}

/** Sends the login form as a browser would: all hidden fields of it, and what the person types. */
async function submitLogin(user: { email: string; password: string }, verifier: string, scope?: string) {
  const start = await fetch(at(`oauth2/authorize?${new URLSearchParams(authorizationRequest(verifier, scope))}`))
  const fields = new URLSearchParams({ email: user.email, password: user.password })
  // The forms after it sign in the clinic's people.
  const [form = ''] = (await start.text()).split('</form>')
  for (const [, name = '', value = ''] of form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    fields.set(name, value.replaceAll('&amp;', '&'))
  }
  return fetch(start.url.replace(/\?.*/, ''), { method: 'POST', body: fields, redirect: 'manual' })
}

function tokenRequest(fields: Record<string, string>): Promise<Response> {
  return fetch(at('oauth2/token'), { method: 'POST', body: new URLSearchParams(fields) })
}

async function signIn(user: SandboxUser, scope?: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url')
  const answer = await submitLogin(user, verifier, scope)
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const response = await tokenRequest({ grant_type: 'authorization_code', code, code_verifier: verifier })
  return (await response.json()) as Tokens
}

const refresh = (token = '') => tokenRequest({ grant_type: 'refresh_token', refresh_token: token })

function fhir(tokens: Tokens, path: string, method = 'GET', body?: unknown): Promise<Response> {
  return fetch(at(`fhir/R4/${path}`), {
    method,
    headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/fhir+json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

const PATIENT = { resourceType: 'Patient', name: [{ family: 'Testperson' }] }
const { alice, rita, ada, sam } = SANDBOX_USERS

describe('login page', () => {
  it('sends the browser back with scope, state and code', async () => {
    const answer = await submitLogin(alice, 'v')
    const location = new URL(answer.headers.get('location') ?? '')
    expect(answer.status).toBe(302)
    expect(location.origin + location.pathname).toBe(REDIRECT_URI)
    expect([...location.searchParams.keys()]).toEqual(['scope', 'state', 'code'])
    expect(location.searchParams.get('state')).toBe('state & more')
  })

  it('is shown again for a wrong password, without repeating it', async () => {
    const answer = await submitLogin({ ...alice, password: 'wrong-password' }, 'v')
    const page = await answer.text()
    expect(answer.status).toBe(400)
    expect(page).toContain('Email or password is invalid')
    expect(page).toContain(alice.email)
    expect(page).not.toContain('wrong-password')
  })

  it('refuses a redirect URI that is not the client’s, in the form too', async () => {
    const fields = {
      ...authorizationRequest('v'),
      redirect_uri: 'https://evil.example/',
      email: alice.email,
      password: alice.password,
    }
    const page = await fetch(atApp(`oauth?${new URLSearchParams({ redirect_uri: 'https://evil.example/' })}`))
    const form = await fetch(atApp('oauth'), { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
    expect([page.status, form.status]).toEqual([400, 400])
    expect(await form.text()).toBe('Invalid redirect URI')
  })

  it('keeps markup in parameters from becoming markup', async () => {
    const query = new URLSearchParams({ ...authorizationRequest('v'), state: '"><script>alert(1)</script>' })
    expect(await (await fetch(atApp(`oauth?${query}`))).text()).not.toContain('<script>')
  })

  it('knows the redirect URIs it was started with', async () => {
    const query = new URLSearchParams({ ...authorizationRequest('v'), redirect_uri: 'http://localhost:9/more' })
    expect((await fetch(at(`oauth2/authorize?${query}`))).status).toBe(200)
  })
})

describe('tokens', () => {
  it('rotate: a used refresh token is dead, its successor works', async () => {
    const first = await signIn(alice)
    const second = (await (await refresh(first.refresh_token)).json()) as Tokens
    const again = await refresh(first.refresh_token)
    expect(again.status).toBe(400)
    expect(await again.json()).toEqual({ error: 'invalid_request', error_description: 'Invalid token' })
    expect((await refresh(second.refresh_token)).status).toBe(200)
  })

  it('lets at most one of two simultaneous refreshes through', async () => {
    const { refresh_token } = await signIn(alice)
    const answers = await Promise.all([refresh(refresh_token), refresh(refresh_token)])
    const tokens = (await Promise.all(answers.map((one) => one.json()))) as Partial<Tokens>[]
    const last = await Promise.all(tokens.map((one) => (one.refresh_token ? refresh(one.refresh_token) : undefined)))
    expect(last.filter((one) => one?.status === 200)).toHaveLength(1)
  })

  it('live as long as the settings say', async () => {
    await control('PUT', 'settings', { accessTokenLifetime: 5, refreshTokenLifetime: 60 })
    const tokens = await signIn(alice)
    expect(tokens.expires_in).toBe(5)
    clock += 6000
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(401)
    clock += 60_000
    expect(await (await refresh(tokens.refresh_token)).json()).toMatchObject({
      error_description: 'Invalid refresh token',
    })
  })
})

describe('people', () => {
  it('lets a practitioner read and write, but not administer', async () => {
    const tokens = await signIn(alice)
    const created = await fhir(tokens, 'Patient', 'POST', PATIENT)
    const { id } = (await created.json()) as { id: string }
    expect(created.status).toBe(201)
    expect((await fhir(tokens, `Patient/${id}/$expunge`, 'POST', {})).status).toBe(403)
    expect((await fhir(tokens, 'ProjectMembership')).status).toBe(403)
    expect((await fhir(tokens, `Patient/${id}`, 'DELETE')).status).toBe(200)
  })

  it('lets the read-only user read', async () => {
    const tokens = await signIn(rita)
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(200)
    expect((await fhir(tokens, 'Patient', 'POST', PATIENT)).status).toBe(403)
  })

  it('lets an admin administer, and expunge even with a read-only scope', async () => {
    const full = await signIn(ada)
    expect((await fhir(full, 'ProjectMembership')).status).toBe(200)
    const { id } = (await (await fhir(full, 'Patient', 'POST', PATIENT)).json()) as { id: string }
    const reader = await signIn(ada, `${SCOPE} user/*.rs`)
    expect((await fhir(reader, `Patient/${id}`, 'DELETE')).status).toBe(403)
    expect((await fhir(reader, `Patient/${id}/$expunge`, 'POST', {})).status).toBe(200)
  })

  it('gives a super admin no refresh token', async () => {
    const tokens = await signIn(sam)
    expect(tokens.refresh_token).toBeUndefined()
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(200)
  })

  it('narrows a token to the types in its scope', async () => {
    const tokens = await signIn(alice, `${SCOPE} user/Patient.rs`)
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(200)
    expect((await fhir(tokens, 'Observation?_count=1')).status).toBe(403)
  })
})

describe('controls', () => {
  it('are absent unless requested', async () => {
    const plain = await startSandbox()
    expect((await fetch(`${plain.baseUrl}_sandbox/secrets`)).status).toBe(404)
    await plain.close()
  })

  it('log requests without credentials', async () => {
    const tokens = await signIn(alice)
    await fhir(tokens, 'Patient?_count=1')
    const log = await (await control('GET', 'log')).text()
    const { requests } = JSON.parse(log) as { requests: Record<string, unknown>[] }
    expect(requests.at(-1)).toMatchObject({
      method: 'GET',
      path: '/fhir/R4/Patient?_count=1',
      status: 200,
      user: alice.email,
      authorization: createHash('sha256').update(tokens.access_token).digest('hex'),
    })
    expect(requests.at(-2)).toMatchObject({ path: '/oauth2/token', grantType: 'authorization_code', user: alice.email })
    expect(log).not.toContain(tokens.access_token)
    await control('DELETE', 'log')
    expect(await (await control('GET', 'log')).json()).toMatchObject({ requests: [] })
  })

  it('answer in place of the server', async () => {
    await control('POST', 'faults', [{ path: '/oauth2/token', status: 503, body: 'busy', times: 2 }])
    expect(await (await refresh('x')).text()).toBe('busy')
    expect((await refresh('x')).status).toBe(503)
    expect((await refresh('x')).status).toBe(400)
  })

  it('cut connections before, after and in the middle of an answer', async () => {
    const tokens = await signIn(alice)
    await control('POST', 'faults', [
      { method: 'POST', path: '/Patient$', drop: 'before' },
      { method: 'POST', path: '/Patient$', drop: 'after' },
      { method: 'GET', path: '/Patient\\?family', drop: 'body' },
    ])
    await expect(fhir(tokens, 'Patient', 'POST', PATIENT)).rejects.toThrow()
    await expect(fhir(tokens, 'Patient', 'POST', PATIENT)).rejects.toThrow()
    const halved = await fhir(tokens, 'Patient?family=Testperson')
    expect(halved.status).toBe(200)
    await expect(halved.text()).rejects.toThrow()
    const found = await (await fhir(tokens, 'Patient?family=Testperson&_summary=count')).json()
    expect(found).toMatchObject({ total: 1 })
  })

  it('hold a request open until its sender goes away', async () => {
    await control('POST', 'faults', [{ path: '/metadata', delayMs: 60_000 }])
    const gone = new AbortController()
    const held = fetch(at('fhir/R4/metadata'), { signal: gone.signal })
    const log = async () => (await (await control('GET', 'log')).json()) as { requests: { aborted?: boolean }[] }
    await expect.poll(async () => (await log()).requests.length).toBe(1)
    gone.abort()
    await expect(held).rejects.toThrow()
    await expect.poll(async () => (await log()).requests[0]?.aborted).toBe(true)
  })

  it('expire access tokens and revoke logins', async () => {
    const tokens = await signIn(alice)
    await control('POST', 'expire-access-tokens')
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(401)
    const renewed = (await (await refresh(tokens.refresh_token)).json()) as Tokens
    expect((await fhir(renewed, 'Patient?_count=1')).status).toBe(200)
    await control('POST', 'revoke', { email: alice.email })
    expect((await fhir(renewed, 'Patient?_count=1')).status).toBe(401)
    expect(await (await refresh(renewed.refresh_token)).json()).toEqual({
      error: 'invalid_grant',
      error_description: 'Token revoked',
    })
  })

  it('name every secret, including those from before a reset', async () => {
    const tokens = await signIn(alice)
    await control('POST', 'reset')
    const { secrets } = (await (await control('GET', 'secrets')).json()) as { secrets: string[] }
    expect(secrets).toEqual(
      expect.arrayContaining([tokens.access_token, tokens.refresh_token, alice.password, SANDBOX_CLIENT_SECRET]),
    )
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(401)
  })

  it('bring the records back', async () => {
    const count = async (tokens: Tokens) => (await fhir(tokens, 'Patient?_summary=count')).json()
    const before = await count(await signIn(alice))
    await fhir(await signIn(alice), 'Patient', 'POST', PATIENT)
    await control('POST', 'reset')
    expect(await count(await signIn(alice))).toEqual(before)
  })
})
