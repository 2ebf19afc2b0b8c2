// The sandbox's test controls.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_SECRET } from '../../sandbox/world.ts'
import { at, control, fhir, PATIENT, refresh, setUp, signIn, type Tokens } from './own-sandbox.ts'

const { alice } = SANDBOX_USERS

setUp()

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
