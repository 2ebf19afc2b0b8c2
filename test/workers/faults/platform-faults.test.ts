// KV is a minute behind: nothing valid is refused for good, and nothing that has ended works.

import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { POST } from '../../calls.ts'
import { keysOf, LIST, READ, refreshed, revoke } from '../world/grants.ts'
import { remember } from '../world/kv.ts'
import { fhir, post } from '../world/mcp.ts'
import {
  authorization,
  exchange,
  grantName,
  refresh,
  register,
  signIn,
  type Tokens,
  tokensOf,
} from '../world/signing-in.ts'
import { alice, REDIRECT_URI, sandbox, send } from '../world/world.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Nothing of the grant works, and its object has stored nothing. */
async function expectEnded(tokens: Tokens): Promise<void> {
  expect((await post(tokens.access, LIST)).status).toBe(401)
  const response = await refresh(tokens)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: 'invalid_grant' })
  expect(await keysOf(tokens)).toEqual([])
}

describe('KV still has the record of a grant from before', () => {
  test('the last refresh: the next one still works', async () => {
    const tokens = await signIn()
    const before = await remember(`grant:${grantName(tokens)}`)
    const next = await refreshed(tokens)
    before.show()
    const last = await refreshed(next)
    vi.restoreAllMocks()
    expect((await fhir(last.access, READ)).isError).toBe(false)
    await refreshed(last)
  })

  test('the last refresh, with the object restarted in between', async () => {
    const tokens = await signIn()
    const before = await remember(`grant:${grantName(tokens)}`)
    const next = await refreshed(tokens)
    await evictDurableObject(env.GRANT.getByName(grantName(tokens)))
    before.show()
    const last = await refreshed(next)
    expect((await fhir(last.access, READ)).isError).toBe(false)
  })

  test('the code was exchanged: the first refresh works, and the code does not', async () => {
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const code = callback.searchParams.get('code') ?? ''
    const before = await remember(`grant:${code.split(':').slice(0, 2).join(':')}`)
    const tokens = tokensOf(request.clientId, await (await exchange(request, code)).json())
    before.show()
    const next = await refreshed(tokens)
    expect((await fhir(next.access, READ)).isError).toBe(false)
    // A second use ends the grant (RFC 6749 section 4.1.2).
    const second = await exchange(request, code)
    expect(second.status).toBe(400)
    expect(await second.json()).toMatchObject({ error: 'invalid_grant' })
    await expectEnded(next)
  })

  test.each(['access', 'refresh'] as const)('it was revoked by its %s token: it stays so', async (kind) => {
    const tokens = await signIn()
    const before = await remember(`grant:${grantName(tokens)}`, `token:${grantName(tokens)}`)
    before.show()
    expect((await revoke(tokens, kind)).status).toBe(200)
    await expectEnded(tokens)
    vi.restoreAllMocks()
    await expectEnded(tokens)
  })

  test('it was ended while it was written: nothing of it is kept', async () => {
    const tokens = await signIn()
    const put = env.OAUTH_KV.put.bind(env.OAUTH_KV)
    vi.spyOn(env.OAUTH_KV, 'put').mockImplementation(async (...args) => {
      // As another sign-in of this client does.
      if (args[0].startsWith('grant:')) await env.GRANT.getByName(grantName(tokens)).forget()
      return put(...args)
    })
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_grant' })
    vi.restoreAllMocks()
    await expectEnded(tokens)
    expect(await env.OAUTH_KV.get(`grant:${grantName(tokens)}`)).toBeNull()
  })

  test('Medplum ended the login: it stays so', async () => {
    const tokens = await signIn()
    const before = await remember(`grant:${grantName(tokens)}`)
    await sandbox.faults([POST('^/oauth2/token', { error: 'invalid_grant' }, { status: 400 })])
    expect((await refresh(tokens)).status).toBe(400)
    before.show()
    await expectEnded(tokens)
  })

  test('a client signed in again: its earlier grant is ended', async () => {
    const person = new Person(send)
    const first = await signIn(alice, undefined, undefined, undefined, person)
    const before = await remember(`grant:${first.access.split(':')[0]}`)
    const request = await authorization(first.clientId)
    const callback = await person.signIn(request.url, REDIRECT_URI, alice)
    const code = callback.searchParams.get('code') ?? ''
    // The list doesn't have the new one yet.
    before.show()
    vi.mocked(env.OAUTH_KV.get).mockRestore()
    expect((await exchange(request, code)).status).toBe(200)
    await expectEnded(first)
  })
})

describe('an access token that KV does not know yet', () => {
  test('is refused so that the client refreshes, and works once it is known', async () => {
    const tokens = await signIn()
    const before = await remember(`token:${grantName(tokens)}`)
    const next = await refreshed(tokens)
    before.show()
    const refused = await post(next.access, LIST)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('invalid_token')
    vi.restoreAllMocks()
    expect((await fhir(next.access, READ)).isError).toBe(false)
    await refreshed(next)
  })

  test('can be revoked', async () => {
    const tokens = await signIn()
    const before = await remember(`token:${grantName(tokens)}`)
    const next = await refreshed(tokens)
    before.show()
    expect((await revoke(next)).status).toBe(200)
    vi.restoreAllMocks()
    await expectEnded(next)
  })
})

describe('a client that KV does not know yet', () => {
  test('gets a page that says so, and can begin a moment later', async () => {
    const before = await remember('client:')
    const { client_id } = await register()
    const request = await authorization(client_id)
    before.show()
    const refused = await send(request.url)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('Nothing was allowed')
    vi.restoreAllMocks()
    expect((await send(request.url)).status).toBe(200)
  })

  test('keeps its code and its grant', async () => {
    const before = await remember('client:')
    const request = await authorization((await register()).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const code = callback.searchParams.get('code') ?? ''
    before.show()
    expect(await (await exchange(request, code)).json()).toMatchObject({ error: 'invalid_client' })
    vi.restoreAllMocks()
    const tokens = tokensOf(request.clientId, await (await exchange(request, code)).json())
    before.show()
    expect(await (await refresh(tokens)).json()).toMatchObject({ error: 'invalid_client' })
    vi.restoreAllMocks()
    expect((await fhir((await refreshed(tokens)).access, READ)).isError).toBe(false)
  })
})
