import { describe, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import {
  at,
  authorizationRequest,
  control,
  fhir,
  PATIENT,
  passTime,
  REDIRECT_URI,
  refresh,
  SCOPE,
  sandbox,
  setUp,
  signIn,
  submitLogin,
  type Tokens,
} from './own-sandbox.ts'

const { alice, rita, ada, sam } = SANDBOX_USERS

setUp()

const atApp = (path: string) => `${sandbox.appUrl}${path}`

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
    passTime(6000)
    expect((await fhir(tokens, 'Patient?_count=1')).status).toBe(401)
    passTime(60_000)
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
