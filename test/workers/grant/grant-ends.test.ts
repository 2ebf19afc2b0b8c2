// The code of a grant, and its revocation.
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { grantObject, keysOf, LIST, READ, refreshed, revoke } from '../world/grants.ts'
import { fhir, post } from '../world/mcp.ts'
import { authorization, exchange, grantName, refresh, register, signIn, token } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, sandbox, send } from '../world/world.ts'

afterEach(async () => {
  await sandbox.clearFaults()
  await sandbox.settings({ accessTokenLifetime: 3600, refreshTokenLifetime: 1_209_600 })
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
    // The vault's key is in the props, which only a valid access token opens: only then can the login at Medplum be ended.
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
