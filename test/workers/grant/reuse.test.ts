// A refresh token that comes back after it was replaced: somebody has a copy.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { keysOf, LIST, refreshed } from '../world/grants.ts'
import { post } from '../world/mcp.ts'
import { grantName, refresh, signIn, type Tokens, token } from '../world/signing-in.ts'
import { sandbox } from '../world/world.ts'

afterEach(() => vi.useRealTimers())

function later(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

async function expectEnded(...all: Tokens[]): Promise<void> {
  for (const tokens of all) {
    expect((await post(tokens.access, LIST)).status).toBe(401)
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
  }
  expect(await keysOf(all[0] as Tokens)).toEqual([])
}

describe('an earlier refresh token', () => {
  test('ends the grant, and the login at Medplum', async () => {
    const first = await signIn()
    const second = await refreshed(first)
    const third = await refreshed(second)
    later(61_000)
    expect((await post(third.access, LIST)).status).toBe(200)
    const { result, requests } = await sandbox.during(() => refresh(first))
    expect(await result.json()).toMatchObject({ error: 'invalid_grant' })
    expect(requests.map(({ path }) => path)).toContain('/oauth2/logout')
    await expectEnded(third, second, first)
  })

  test('ends the grant whoever comes first: the thief uses it, then the client its newer one', async () => {
    const first = await signIn()
    const owners = await refreshed(first)
    later(61_000)
    const thiefs = await refreshed(first)
    later(61_000)
    expect((await refresh(owners)).status).toBe(400)
    await expectEnded(thiefs)
  })

  test('ends nothing within a minute, which parallel programs need', async () => {
    const first = await signIn()
    const third = await refreshed(await refreshed(first))
    later(31_000)
    expect((await refresh(first)).status).toBe(400)
    expect((await post(third.access, LIST)).status).toBe(200)
    await refreshed(third)
  })

  test('is not counted if the request is wrong', async () => {
    const tokens = await refreshed(await signIn())
    later(61_000)
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh ?? '', client_id: tokens.clientId }
    for (const wrong of [{ resource: 'https://other.example/mcp' }, { scope: 'other' }]) {
      expect((await token({ ...form, ...wrong })).status).toBe(400)
    }
    await refreshed(tokens)
  })

  test('that was invented ends nothing', async () => {
    const tokens = await signIn()
    later(61_000)
    for (const refreshToken of [`${grantName(tokens)}:${'x'.repeat(32)}`, `${tokens.refresh}x`]) {
      expect((await refresh({ ...tokens, refresh: refreshToken })).status).toBe(400)
    }
    expect((await post(tokens.access, LIST)).status).toBe(200)
    await refreshed(tokens)
  })
})
