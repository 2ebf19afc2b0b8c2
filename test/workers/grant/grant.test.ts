// Medplum's tokens behind a grant: refreshes, a 401 and lifetimes.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Bindings } from '../../../src/config/settings.ts'
import { POST } from '../../calls.ts'
import { grantObject, LIST, READ, refreshed } from '../world/grants.ts'
import { fhir, post } from '../world/mcp.ts'
import { refresh, signIn } from '../world/signing-in.ts'
import { rita, sam, sandbox } from '../world/world.ts'

afterEach(async () => {
  await sandbox.clearFaults()
  await sandbox.settings({ accessTokenLifetime: 3600, refreshTokenLifetime: 1_209_600 })
})

function refreshesOf(requests: { grantType?: string }[]) {
  return requests.filter(({ grantType }) => grantType === 'refresh_token')
}

/** Medplum's recorded messages for each way to say that a session is dead. */
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

  test('tokens work over many rotations, also if the object is evicted between them', async () => {
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

  test('nothing is lost if KV refuses a write', async () => {
    const tokens = await signIn()
    // Each refresh of the vault counts as old, so that the second one must use the token from the first.
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
    // If Medplum's answer was cut off, the token was used: that can't be undone.
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

  test('for a revoked login: the call says so, and the client must sign in again', async () => {
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

  test('a token known to have expired is renewed before the call', async () => {
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

  test('the access token ends no later than Medplum’s', async () => {
    await sandbox.settings({ accessTokenLifetime: 600 })
    expect((await signIn()).expiresIn).toBeGreaterThan(590)
    expect((await signIn()).expiresIn).toBeLessThanOrEqual(600)
  })
})
