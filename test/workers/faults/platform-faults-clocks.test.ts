// Medplum's clock is five minutes off; and simultaneous changes.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { GET, POST, PUT } from '../../calls.ts'
import { READ } from '../world/grants.ts'
import { expiryOf } from '../world/kv.ts'
import { fhir, fhirCall, post, rpc, startSession } from '../world/mcp.ts'
import { refresh, signIn, type Tokens, tokensOf } from '../world/signing-in.ts'
import { evict } from '../world/streams.ts'
import { ada, alice, sandbox } from '../world/world.ts'

const SYSTEM = 'https://example.com/races'
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
    // Lifetimes are durations, so no clock is involved.
    for (const { expiresIn } of result) {
      expect(expiresIn).toBeGreaterThan(3590)
      expect(expiresIn).toBeLessThanOrEqual(3600)
    }
  })

  test('a short lifetime is reported as it is', async () => {
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

describe('two people at the same record', () => {
  let each: { tokens: Tokens; session: Record<string, string> }[]
  beforeAll(async () => {
    const signedIn = [await signIn(alice), await signIn(ada)]
    each = await Promise.all(signedIn.map(async (tokens) => ({ tokens, session: await startSession(tokens.access) })))
  })

  test('change one version at once: one succeeds, the other is told to read it again', async () => {
    const body = { resourceType: 'Basic', code: { text: 'first' } }
    const [one] = each
    const made = JSON.parse((await fhir(one?.tokens.access ?? '', POST('Basic', body))).text)
    const path = `Basic/${made.id}`
    const answers = await Promise.all(
      each.map(({ tokens, session }, n) => {
        const changed = { ...made, code: { text: `by ${n}` } }
        return fhir(tokens.access, PUT(path, changed, { ifMatch: made.meta.versionId }), session)
      }),
    )
    const [winner, ...more] = answers.filter(({ isError }) => !isError)
    const [loser] = answers.filter(({ isError }) => isError)
    expect(more).toEqual([])
    expect(loser?.text).toContain('HTTP 412')
    expect(loser?.text).toContain(`GET ${path}, merge your change into it`)
    expect(loser?.text).not.toContain('may conflict with its own change')
    const now = JSON.parse((await fhir(one?.tokens.access ?? '', GET(path))).text)
    expect(now.meta.versionId).toBe(JSON.parse(winner?.text ?? '').meta.versionId)
    expect(now.code.text).toBe(`by ${answers.findIndex(({ isError }) => !isError)}`)
  })

  test('create a missing record 20 times at once: one is made, and all get it', async () => {
    const value = crypto.randomUUID()
    const ifNoneExist = `identifier=${SYSTEM}|${value}`
    const body = { resourceType: 'Basic', code: { text: 'once' }, identifier: [{ system: SYSTEM, value }] }
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const { tokens, session } = each[n % 2] ?? { tokens: { access: '' }, session: {} }
        // Concurrent requests of a session have different ids.
        const call = fhirCall(POST('Basic', body, { ifNoneExist }), n)
        return (await rpc(await post(tokens.access, call, session))).result?.content[0]?.text ?? ''
      }),
    )
    // Medplum runs search and create in one serializable transaction (FhirRepository.conditionalCreate).
    const ids = answers.map((text) => JSON.parse(text).id)
    expect(new Set(ids).size).toBe(1)
  })
})
