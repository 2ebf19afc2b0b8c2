// Medplum's clock is five minutes off.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expiryOf } from './kv.ts'
import { evict } from './streams.ts'
import { fhir, refresh, sandbox, signIn, startSession, tokensOf } from './world.ts'

const READ = { method: 'GET', path: 'Patient?_count=1&_total=accurate' }
const FOURTEEN_DAYS_S = 1_209_600

describe.each([
  ['behind', -300_000],
  ['ahead', 300_000],
])("Medplum's clock is five minutes %s", (_, clockSkewMs) => {
  beforeAll(() => sandbox.settings({ clockSkewMs }))
  afterEach(() => sandbox.settings({ accessTokenLifetime: 3600 }))
  afterAll(() => sandbox.settings({ clockSkewMs: 0 }))

  test('a sign-in, a call, a refresh and a call work, without a refresh too many', async () => {
    const { result, requests } = await sandbox.during(async () => {
      const tokens = await signIn()
      expect((await fhir(tokens.access, READ)).isError).toBe(false)
      const response = await refresh(tokens)
      expect(response.status).toBe(200)
      const next = tokensOf(tokens.clientId, await response.json())
      expect((await fhir(next.access, READ)).isError).toBe(false)
      const session = await startSession(next.access)
      await evict(session)
      expect((await fhir(next.access, READ, session)).isError).toBe(false)
      return [tokens, next]
    })
    expect(requests.filter(({ grantType }) => grantType === 'refresh_token')).toHaveLength(1)
    expect(requests.filter(({ status }) => status === 401)).toEqual([])
    // Lifetimes are told as durations, so no clock has a part in them.
    for (const { expiresIn } of result) {
      expect(expiresIn).toBeGreaterThan(3590)
      expect(expiresIn).toBeLessThanOrEqual(3600)
    }
  })

  test('a short life is told as it is', async () => {
    await sandbox.settings({ accessTokenLifetime: 600 })
    const { expiresIn } = await signIn()
    expect(expiresIn).toBeGreaterThan(590)
    expect(expiresIn).toBeLessThanOrEqual(600)
  })

  test('the grant lives as long as the refresh token at Medplum', async () => {
    const tokens = await signIn()
    const left = (await expiryOf(tokens.access)) - Date.now() / 1000
    expect(left).toBeGreaterThan(FOURTEEN_DAYS_S - 60)
    expect(left).toBeLessThanOrEqual(FOURTEEN_DAYS_S)
  })
})
