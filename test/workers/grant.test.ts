// The grant's object: the only place that spends a Medplum refresh token, and what becomes of a sign-in when Medplum says no.

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../programs/person.ts'
import type { Bindings } from '../../src/config/settings.ts'
import { POST } from '../calls.ts'
import { grantObject, keysOf, LIST, READ, refreshed, revoke } from './grants.ts'
import { fhir, post } from './mcp.ts'
import { authorization, exchange, grantName, refresh, register, signIn, token } from './signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, rita, sam, sandbox, send } from './world.ts'

afterEach(async () => {
  await sandbox.clearFaults()
  await sandbox.settings({ accessTokenLifetime: 3600, refreshTokenLifetime: 1_209_600 })
})

function refreshesOf(requests: { grantType?: string }[]) {
  return requests.filter(({ grantType }) => grantType === 'refresh_token')
}

/** Medplum's words, as recorded, for each way of telling that a session is dead. */
const DEAD = [
  ['a rotated token', 400, { error: 'invalid_request', error_description: 'Invalid token' }],
  ['a malformed or expired token', 400, { error: 'invalid_request', error_description: 'Invalid refresh token' }],
  ['a revoked login', 400, { error: 'invalid_grant', error_description: 'Token revoked' }],
  ['a deactivated membership', 400, { error: 'access_denied', error_description: 'Profile not active' }],
  [
    'a deleted login',
    404,
    { resourceType: 'OperationOutcome', id: 'not-found', issue: [{ severity: 'error', code: 'not-found' }] },
  ],
] as const

const DOWN = [
  ['a rate limit', { status: 429, body: { resourceType: 'OperationOutcome', id: 'too-many-requests' } }],
  ['an error of the server', { status: 500, body: { msg: 'Internal Server Error' } }],
  [
    'a gateway page',
    { status: 503, headers: { 'content-type': 'text/html' }, body: '<html>Service Unavailable</html>' },
  ],
  ['a page of a firewall', { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>Blocked</html>' }],
  ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }],
  ['a connection cut', { drop: 'before' }],
  ['half an answer', { drop: 'body' }],
] as const

describe('refresh', () => {
  test('20 at once: 20 × 200, one refresh at Medplum, every token usable', async () => {
    const tokens = await signIn()
    const { result, requests } = await sandbox.during(() =>
      Promise.all(Array.from({ length: 20 }, () => refreshed(tokens))),
    )
    expect(refreshesOf(requests)).toHaveLength(1)
    for (const { access } of result) expect((await fhir(access, READ)).isError).toBe(false)
    for (const next of result) await refreshed(next)
  })

  test('tokens work over many rotations, also with the object evicted between them', async () => {
    let tokens = await signIn()
    for (let round = 0; round < 3; round++) {
      tokens = await refreshed(tokens)
      await evictDurableObject(grantObject(tokens))
      expect((await fhir(tokens.access, READ)).isError).toBe(false)
    }
  })

  test('a client that lost the answer asks again with the old token, also after eviction', async () => {
    const tokens = await signIn()
    await refreshed(tokens)
    await evictDurableObject(grantObject(tokens))
    const second = await refreshed(tokens)
    expect((await fhir(second.access, READ)).isError).toBe(false)
  })

  test('a write that KV refuses loses nothing', async () => {
    const tokens = await signIn()
    // Each refresh of the vault counts as old, so that the second one must spend the token that the first one brought.
    await runInDurableObject(grantObject(tokens), async (instance) => {
      const { OAUTH_KV } = (instance as unknown as { env: Bindings }).env
      vi.spyOn(OAUTH_KV, 'put').mockRejectedValue(new Error('KV PUT failed: 500 Internal Server Error'))
    })
    const failed = await sandbox.during(() => refresh(tokens))
    expect(failed.result.status).toBe(503)
    expect(await failed.result.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(refreshesOf(failed.requests)).toHaveLength(1)
    vi.restoreAllMocks()
    const next = await refreshed(tokens)
    expect((await fhir(next.access, READ)).isError).toBe(false)
  })

  test("KV's limit of one write a second is waited out", async () => {
    const tokens = await signIn()
    await runInDurableObject(grantObject(tokens), async (instance) => {
      const { OAUTH_KV } = (instance as unknown as { env: Bindings }).env
      vi.spyOn(OAUTH_KV, 'put').mockRejectedValueOnce(new Error('KV PUT failed: 429 Too Many Requests'))
    })
    const { result, requests } = await sandbox.during(() => refreshed(tokens))
    expect(refreshesOf(requests)).toHaveLength(1)
    expect((await fhir(result.access, READ)).isError).toBe(false)
  })

  test.each(DEAD)('%s at Medplum becomes invalid_grant, and the grant ends', async (_, status, body) => {
    const tokens = await signIn()
    await sandbox.faults([POST('^/oauth2/token', body, { status })])
    const response = await refresh(tokens)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(tokens)).status).toBe(400)
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(
      await runInDurableObject(grantObject(tokens), async (__, state) => [...(await state.storage.list()).keys()]),
    ).toEqual([])
  })

  test.each(DOWN)('%s keeps the grant', async (_, fault) => {
    const tokens = await signIn()
    await sandbox.faults([{ method: 'POST', path: '^/oauth2/token', ...fault }])
    const response = await refresh(tokens)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    await sandbox.clearFaults()
    // Where Medplum's answer broke off, the token was spent: nothing can bring that back.
    if ('drop' in fault && fault.drop === 'body') return
    await refreshed(tokens)
  })
})

describe('a 401 of Medplum', () => {
  test('is answered by one refresh, and the call is sent once more', async () => {
    const tokens = await signIn()
    await sandbox.expireAccessTokens()
    const { result, requests } = await sandbox.during(() => fhir(tokens.access, READ))
    expect(result.isError).toBe(false)
    expect(requests.map(({ method, status }) => `${method} ${status}`)).toEqual(['GET 401', 'POST 200', 'GET 200'])
  })

  test('of 10 calls at once: one refresh', async () => {
    const tokens = await signIn()
    await sandbox.expireAccessTokens()
    const { result, requests } = await sandbox.during(() =>
      Promise.all(Array.from({ length: 10 }, () => fhir(tokens.access, READ))),
    )
    expect(result.filter(({ isError }) => isError)).toEqual([])
    expect(refreshesOf(requests)).toHaveLength(1)
  })

  test('of a login that was revoked: the call says so, and the client must sign in again', async () => {
    const tokens = await signIn(rita)
    await sandbox.revoke(rita.email)
    const answer = await fhir(tokens.access, READ)
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringContaining('sign-in behind this connection has ended'),
    })
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
  })

  test('while Medplum does not refresh: the call says so, and the grant stays', async () => {
    const tokens = await signIn()
    await sandbox.expireAccessTokens()
    await sandbox.faults([POST('^/oauth2/token', 'down', { status: 503 })])
    expect(await fhir(tokens.access, READ)).toMatchObject({ isError: true, text: expect.stringContaining('Try again') })
    expect((await fhir(tokens.access, READ)).isError).toBe(false)
  })

  test('a token known to be over is renewed before the call', async () => {
    await sandbox.settings({ accessTokenLifetime: 2 })
    const tokens = await signIn()
    expect(tokens.expiresIn).toBe(60)
    await sandbox.settings({ accessTokenLifetime: 3600 })
    const { result, requests } = await sandbox.during(() => fhir(tokens.access, READ))
    expect(result.isError).toBe(false)
    expect(requests.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 200', 'GET 200'])
  })
})

describe('lifetimes follow from those of Medplum', () => {
  test('a super admin gets no refresh token there, so none here', async () => {
    const tokens = await signIn(sam)
    expect(tokens.refresh).toBeUndefined()
    await sandbox.expireAccessTokens()
    expect(await fhir(tokens.access, READ)).toMatchObject({ isError: true })
    expect((await post(tokens.access, LIST)).status).toBe(401)
  })

  test('the access token ends no later than that of Medplum', async () => {
    await sandbox.settings({ accessTokenLifetime: 600 })
    expect((await signIn()).expiresIn).toBeGreaterThan(590)
    expect((await signIn()).expiresIn).toBeLessThanOrEqual(600)
  })
})

describe('the code', () => {
  async function code() {
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    return { request, code: callback.searchParams.get('code') ?? '' }
  }

  test('works once; a second use revokes what the first gave', async () => {
    const { request, code: value } = await code()
    const first = await exchange(request, value)
    const { access_token: access } = await first.json<{ access_token: string }>()
    const second = await exchange(request, value)
    expect(second.status).toBe(400)
    expect(await second.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await post(access, LIST)).status).toBe(401)
  })

  test('that is never exchanged leaves nothing after ten minutes', async () => {
    const { code: value } = await code()
    const grant = env.GRANT.getByName(value.split(':').slice(0, 2).join(':'))
    const at = (later: number) =>
      runInDurableObject(grant, async (object, state) => {
        vi.spyOn(Date, 'now').mockReturnValue(Date.now() + later)
        await object.alarm().finally(() => vi.restoreAllMocks())
        return [...(await state.storage.list()).keys()]
      })
    const alarm = await runInDurableObject(grant, (_, state) => state.storage.getAlarm())
    expect(alarm).toBeLessThanOrEqual(Date.now() + 600_000)
    expect(await at(590_000)).not.toEqual([])
    expect(await at(600_001)).toEqual([])
  })

  test('that is exchanged keeps the grant for as long as Medplum does', async () => {
    const tokens = await signIn()
    const alarm = await runInDurableObject(grantObject(tokens), (_, state) => state.storage.getAlarm())
    expect(alarm).toBeGreaterThan(Date.now() + 1_200_000_000)
  })

  test('that KV does not know yet is refused, and works once it does', async () => {
    const { request, code: value } = await code()
    const key = `grant:${value.split(':').slice(0, 2).join(':')}`
    const kept = (await env.OAUTH_KV.get(key)) ?? ''
    await env.OAUTH_KV.delete(key)
    expect((await exchange(request, value)).status).toBe(400)
    await env.OAUTH_KV.put(key, kept)
    const granted = await exchange(request, value)
    expect(granted.status).toBe(200)
    const { access_token: access } = await granted.json<{ access_token: string }>()
    expect((await post(access, LIST)).status).toBe(200)
  })

  test.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:33418/other' }],
    ['another resource', { resource: `${ORIGIN}/other` }],
    ['an invented code', { code: 'a:b:c' }],
  ])('is refused with %s', async (_, changes) => {
    const { request, code: value } = await code()
    const response = await exchange(request, value, changes)
    expect(response.status).toBe(400)
    expect(await response.json()).toHaveProperty('error')
  })

  test('is refused for another client', async () => {
    const { request, code: value } = await code()
    const response = await exchange(request, value, { client_id: (await register()).client_id })
    expect(response.status).toBe(400)
  })
})

describe('revocation (RFC 7009)', () => {
  test.each(['access', 'refresh'] as const)('of the %s token signs out', async (kind) => {
    const tokens = await signIn()
    const { result, requests } = await sandbox.during(() =>
      token({ token: tokens[kind] ?? '', token_type_hint: `${kind}_token`, client_id: tokens.clientId }),
    )
    expect(result.status).toBe(200)
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect((await refresh(tokens)).status).toBe(400)
    // The vault's key lies in the props, which only a valid access token opens: only then can Medplum be told.
    expect(requests.map(({ path }) => path)).toEqual(kind === 'access' ? ['/oauth2/logout'] : [])
    expect(await keysOf(tokens)).toEqual([])
  })

  describe('that is cut off while Medplum is told', () => {
    async function cutOff() {
      const tokens = await signIn()
      await sandbox.faults([{ path: '^/oauth2/logout', delayMs: 5_000 }])
      const revoked = revoke(tokens).then(
        ({ status }) => status,
        () => 'cut off',
      )
      await expect.poll(() => keysOf(tokens)).toContain('ending')
      await abortAllDurableObjects()
      expect(await revoked).not.toBe(200)
      await sandbox.clearFaults()
      expect(await keysOf(tokens)).toContain('medplum-tokens')
      return tokens
    }

    test('leaves nothing that can be used', async () => {
      const tokens = await cutOff()
      expect((await post(tokens.access, LIST)).status).toBe(401)
      expect((await refresh(tokens)).status).toBe(400)
    })

    test('is carried out when the client asks again', async () => {
      const tokens = await cutOff()
      expect((await revoke(tokens)).status).toBe(200)
      expect(await keysOf(tokens)).toEqual([])
      expect((await refresh(tokens)).status).toBe(400)
    })

    test('is carried out by itself within a minute', async () => {
      const tokens = await cutOff()
      const alarm = await runInDurableObject(grantObject(tokens), (_, state) => state.storage.getAlarm())
      expect(alarm).toBeLessThan(Date.now() + 60_000)
      expect(await runDurableObjectAlarm(grantObject(tokens))).toBe(true)
      expect(await keysOf(tokens)).toEqual([])
      expect(await env.OAUTH_KV.get(`grant:${grantName(tokens)}`)).toBeNull()
    })
  })

  test('of a foreign token changes nothing', async () => {
    const tokens = await signIn()
    const { client_id } = await register()
    for (const value of [tokens.access, tokens.refresh ?? '']) {
      expect((await token({ token: value, client_id })).status).toBe(200)
    }
    expect((await fhir(tokens.access, READ)).isError).toBe(false)
    await refreshed(tokens)
  })
})
