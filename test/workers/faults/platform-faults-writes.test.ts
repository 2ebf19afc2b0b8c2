import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Fetch, Person, UnexpectedPage } from '../../../programs/person.ts'
import { READ } from '../world/grants.ts'
import { REFUSALS, refuse } from '../world/kv.ts'
import { fhir } from '../world/mcp.ts'
import { authorization, exchange, refresh, register, signIn, type Tokens, tokensOf } from '../world/signing-in.ts'
import { alice, ORIGIN, postJson, REDIRECT_URI, sandbox, send } from '../world/world.ts'
import { expectUnavailable } from './refused-writes.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

async function tokensFrom(clientId: string, response: Response): Promise<Tokens> {
  expect(response.status).toBe(200)
  return tokensOf(clientId, await response.json())
}

async function expectGood(tokens: Tokens): Promise<void> {
  expect((await fhir(tokens.access, READ)).isError).toBe(false)
  const next = await tokensFrom(tokens.clientId, await refresh(tokens))
  expect((await fhir(next.access, READ)).isError).toBe(false)
}

describe.each(REFUSALS)('sign-in, with %s', (status) => {
  test('registration', async () => {
    const fault = refuse('put', 'client:', status)
    const metadata = { client_name: 'Test client', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' }
    const response = await postJson(`${ORIGIN}/oauth/register`, metadata)
    expect(fault.refused()).toBe(1)
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('Try again')
    await register()
  })

  test.each([
    ['the login that is begun', 'put', 'transaction:', true],
    ['the login that is used up', 'delete', 'transaction:', true],
    ['the grant', 'put', 'grant:', false],
  ] as const)('%s', async (_, method, prefix, repeats) => {
    const request = await authorization((await register()).client_id)
    const fault = refuse(method, prefix, status)
    const { result: page, requests } = await sandbox.during(() =>
      new Person(send).signIn(request.url, REDIRECT_URI, alice).catch((error) => error),
    )
    expect(fault.refused()).toBe(1)
    expect(page).toBeInstanceOf(UnexpectedPage)
    expect(page.status).toBe(500)
    expect(page.html).toContain('Try again in a minute')
    // Medplum's tokens for a sign-in that failed are revoked.
    const left = requests.filter(({ path, status }) => path === '/oauth2/token' && status === 200).length
    expect(requests.filter(({ path }) => path === '/oauth2/logout')).toHaveLength(left)

    vi.restoreAllMocks()
    refuse(method, prefix, status)
    const again: Fetch = async (input, init) => {
      const response = await send(input, init)
      return response.status === 500 && repeats ? send(input, init) : response
    }
    if (!repeats) vi.restoreAllMocks()
    const callback = await new Person(again).signIn(request.url, REDIRECT_URI, alice)
    const granted = await exchange(request, callback.searchParams.get('code') ?? '')
    await expectGood(await tokensFrom(request.clientId, granted))
  })
})

/** Until the server's own repetitions are used up. */
const WRITES = (['grant:', 'token:'] as const).flatMap((prefix) =>
  REFUSALS.map((status) => [prefix, status, status.startsWith('429') ? 3 : 1] as const),
)

describe('the code', () => {
  test.each(WRITES)('works when it is used again, after %s … with %s', async (prefix, status, times) => {
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const code = callback.searchParams.get('code') ?? ''
    const fault = refuse('put', prefix, status, { times })
    await expectUnavailable(await exchange(request, code))
    expect(fault.refused()).toBe(times)
    await expectGood(await tokensFrom(request.clientId, await exchange(request, code)))
  })

  test.each(['grant:', 'token:'])("waits KV's limit out at %s …", async (prefix) => {
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const fault = refuse('put', prefix, REFUSALS[0])
    const response = await exchange(request, callback.searchParams.get('code') ?? '')
    expect(fault.refused()).toBe(1)
    await expectGood(await tokensFrom(request.clientId, response))
  })
})

test.each(WRITES)('a refresh works when it is repeated, after %s … with %s', async (prefix, status, times) => {
  const tokens = await signIn()
  const fault = refuse('put', prefix, status, { times })
  const { result, requests } = await sandbox.during(async () => {
    await expectUnavailable(await refresh(tokens))
    expect(fault.refused()).toBe(times)
    return tokensFrom(tokens.clientId, await refresh(tokens))
  })
  // Medplum's token was used once, and the new one was kept.
  expect(requests.filter(({ grantType }) => grantType === 'refresh_token')).toHaveLength(1)
  await expectGood(result)
})
