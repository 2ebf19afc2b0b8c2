// Which grant's object handles a token request: the one grant that it names, in any parameter, and never another person's.
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { keysOf, LIST, READ, refreshed, revoke } from '../world/grants.ts'
import { fhir, post } from '../world/mcp.ts'
import {
  authorization,
  exchange,
  grantName,
  refresh,
  register,
  signIn,
  type Tokens,
  token,
} from '../world/signing-in.ts'
import { ada, alice, ORIGIN, REDIRECT_URI, sandbox, send } from '../world/world.ts'

async function expectStands(tokens: Tokens): Promise<void> {
  expect((await post(tokens.access, LIST)).status).toBe(200)
  expect((await fhir((await refreshed(tokens)).access, READ)).isError).toBe(false)
}

describe('a request that names two grants', () => {
  const NAMED = ['refresh_token', 'code'] as const
  test.each(NAMED)('by its token and a %s ends neither, though one token is good', async (parameter) => {
    const [mine, other] = [await signIn(alice), await signIn(ada)]
    const form = { token: mine.access, client_id: mine.clientId, [parameter]: `${grantName(other)}:x` }
    const response = await token(form)
    expect(response.status).toBe(400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    await expectStands(other)
    await expectStands(mine)
  })

  test('gets no tokens', async () => {
    const [mine, other] = [await signIn(alice), await signIn(ada)]
    for (const form of [
      { grant_type: 'refresh_token', refresh_token: mine.refresh ?? '', token: other.access },
      { grant_type: 'refresh_token', refresh_token: mine.refresh ?? '', code: `${grantName(other)}:x` },
    ]) {
      expect((await token({ ...form, client_id: mine.clientId })).status).toBe(400)
    }
    await expectStands(mine)
  })
})

describe('a parameter that names no grant does not bypass the object', () => {
  test.each(['x', ''])('a code beside the refresh token "%s" replaces earlier grants', async (none) => {
    const { client_id: clientId } = await register()
    const person = new Person(send)
    const earlier = await signIn(alice, clientId, undefined, undefined, person)
    const request = await authorization(clientId)
    const callback = await person.signIn(request.url, REDIRECT_URI, alice)
    const code = callback.searchParams.get('code') ?? ''
    expect((await exchange(request, code, { refresh_token: none })).status).toBe(200)
    expect((await refresh(earlier)).status).toBe(400)
  })

  test('a token beside an invalid refresh token is revoked for good', async () => {
    const tokens = await signIn()
    const form = { token: tokens.access, client_id: tokens.clientId, refresh_token: 'x' }
    expect((await token(form)).status).toBe(200)
    expect(await keysOf(tokens)).toEqual([])
  })
})

test.each([300, 3_000])('a name of %i characters belongs to no grant, and is not a server error', async (length) => {
  const name = `${'a'.repeat(length)}:b:c`
  const clientId = (await register()).client_id
  for (const form of [
    { grant_type: 'refresh_token', refresh_token: name },
    { grant_type: 'authorization_code', code: name },
    { token: name },
  ]) {
    expect((await token({ ...form, client_id: clientId })).status).toBe(400)
  }
  expect((await post(name, LIST)).status).toBe(401)
})

test('a grant ends only by its own token', async () => {
  const [mine, other] = [await signIn(alice), await signIn(ada)]
  const body = new URLSearchParams({ token: mine.access, client_id: mine.clientId })
  const asked = env.GRANT.getByName(grantName(other)).fetch(`${ORIGIN}/oauth/token`, { method: 'POST', body })
  await (await asked).text()
  await expectStands(other)
})

test('an empty grant_type counts as absent: the token is revoked, and the login at Medplum ends', async () => {
  const tokens = await signIn()
  const form = { grant_type: '', token: tokens.access, client_id: tokens.clientId }
  const { result, requests } = await sandbox.during(() => token(form))
  expect(result.status).toBe(200)
  expect(await keysOf(tokens)).toEqual([])
  expect(requests.map(({ path }) => path)).toContain('/oauth2/logout')
})

test('a request that names one grant is unchanged', async () => {
  const tokens = await refreshed(await signIn())
  expect((await revoke(tokens)).status).toBe(200)
  expect(await keysOf(tokens)).toEqual([])
})

describe('a client id or token that is too long for a storage key', () => {
  const LONG = 'x'.repeat(600)
  const form = { grant_type: 'refresh_token', refresh_token: 'a:b:c', client_id: 'x' }
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send(`${ORIGIN}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields), headers })
  const REQUESTS: Record<string, () => Promise<Response>> = {
    'by a form': () => post({ ...form, client_id: LONG }),
    'of three bytes a letter': () => post({ ...form, client_id: '漢'.repeat(200) }),
    'by a header': () => post({ grant_type: 'refresh_token' }, { authorization: `Basic ${btoa(`${LONG}:x`)}` }),
    'for a code': () => post({ grant_type: 'authorization_code', code: 'a:b:c', client_id: LONG }),
    'to be revoked': () => post({ token: 'a:b:c', client_id: LONG }),
    'as a refresh token': async () =>
      post({ ...form, client_id: (await register()).client_id, refresh_token: `${LONG}:b:c` }),
    'as a code': async () =>
      post({
        grant_type: 'authorization_code',
        client_id: (await register()).client_id,
        code: `a:${LONG}:c`,
        redirect_uri: REDIRECT_URI,
        code_verifier: 'v'.repeat(43),
      }),
    'as a token to be revoked': async () => post({ token: `${LONG}:b:c`, client_id: (await register()).client_id }),
    'at the authorization page': () =>
      send(
        `${ORIGIN}/authorize?response_type=code&client_id=${LONG}&redirect_uri=${encodeURIComponent(REDIRECT_URI)}&code_challenge=${'c'.repeat(43)}&code_challenge_method=S256&state=s`,
      ),
    'at the MCP endpoint': () =>
      send(`${ORIGIN}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${LONG}:b:c` }, body: '{}' }),
  }
  test.each(Object.entries(REQUESTS))('%s is refused', async (_, request) => {
    const response = await request()
    expect([400, 401], await response.text()).toContain(response.status)
  })
})
