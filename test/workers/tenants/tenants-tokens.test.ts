// No token, code or callback of one tenant works at another, in each direction and at each endpoint.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { newKey } from '../../../src/base/seal.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { Grant } from '../../../src/oauth/grant/grant.ts'
import { createAuthorizationServer } from '../../../src/oauth/provider.ts'
import { GET } from '../../calls.ts'
import { under } from '../world/browsing.ts'
import { browser } from '../world/connecting.ts'
import { INITIALIZE, post } from '../world/mcp.ts'
import { exchange, grantName, refresh, token } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, send } from '../world/world.ts'
import { askedDuring, fhirAt, NORTH, PAIRS, PLACES, requestAt, SOUTH, signInAt } from './tenancy.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(PAIRS)('a token of %s', (_name, from, to) => {
  test('gets 401 at each other endpoint, and works at its own', async () => {
    const { access } = await signInAt(from)
    const authorized = { authorization: `Bearer ${access}`, accept: 'application/json, text/event-stream' }
    const {
      result: statuses,
      north,
      south,
    } = await askedDuring(async () => {
      const responses = await Promise.all([
        ...['/mcp', '/mcp/stream', '/mcp/sse?sessionId=1'].map((path) => post(access, INITIALIZE, {}, to.root + path)),
        ...['/mcp', '/mcp/sse'].map((path) => send(`${ORIGIN}${to.root}${path}`, { headers: authorized })),
        send(to.resource, { method: 'DELETE', headers: authorized }),
      ])
      await Promise.all(responses.map((response) => response.text()))
      return responses.map(({ status }) => status)
    })
    expect(statuses).toEqual(Array(6).fill(401))
    expect([...north, ...south]).toEqual([])
    expect((await fhirAt(from, access, GET('Patient?_count=1'))).isError).toBe(false)
  })

  test('cannot be got by its code or its refresh token', async () => {
    const request = await requestAt(from)
    const end = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    const code = end.searchParams.get('code') ?? ''
    const foreign = await exchange(request, code, { resource: to.resource })
    expect([foreign.status, await foreign.json()]).toMatchObject([400, { error: 'invalid_target' }])

    const tokens = await signInAt(from)
    const { result, north, south } = await askedDuring(() =>
      token({
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh ?? '',
        client_id: tokens.clientId,
        resource: to.resource,
      }),
    )
    expect([result.status, await result.json()]).toMatchObject([400, { error: 'invalid_target' }])
    expect([...north, ...south]).toEqual([])
    const renewed = await (await refresh(tokens)).json<{ access_token: string; resource: string }>()
    expect(renewed.resource).toBe(from.resource)
    expect((await post(renewed.access_token, INITIALIZE, {}, `${to.root}/mcp`)).status).toBe(401)
  })

  test('cannot be got by the callback: a state ends where it began (mix-up)', async () => {
    const person = browser()
    const callbackOf = (root: string) => `${ORIGIN}${root}/oauth/callback`
    const request = await requestAt(from)
    const client = await person.signIn(request.url, callbackOf(from.root), alice)
    const page = await person.signIn(`${ORIGIN}${from.root}/connections/sign-in`, callbackOf(from.root), alice)
    const { north, south } = await askedDuring(async () => {
      for (const { search } of [client, page]) {
        const response = await person.visit(`${callbackOf(to.root)}${search}`)
        expect(response.status).toBe(400)
        expect(response.headers.getSetCookie().filter((line) => line.startsWith('__Host-session'))).toEqual([])
        await response.text()
      }
    })
    expect([...north, ...south]).toEqual([])
  })
})

describe('a tenant that was removed', () => {
  const TENANTS = JSON.stringify({ south: { baseUrl: SOUTH.medplum, clientId: 'client' } })

  test('has no address, and its tokens work nowhere', async () => {
    const { access } = await signInAt(NORTH)
    const init = { method: 'POST', headers: { authorization: `Bearer ${access}` }, body: JSON.stringify(INITIALIZE) }
    const statusAt = async (path: string) => (await under({ TENANTS }, path, init)).status
    expect(await statusAt('/t/north/mcp')).toBe(404)
    expect(await statusAt('/t/south/mcp')).toBe(401)
    expect(await statusAt('/mcp')).toBe(401)
  })

  test('renews nothing, and what was granted there can be revoked', async () => {
    const tokens = await signInAt(NORTH)
    const ask = (form: Record<string, string>) =>
      runInDurableObject(env.GRANT.getByName(grantName(tokens)), (_, state) => {
        const request = new Request(`${ORIGIN}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
        return new Grant(state, { ...env, TENANTS } as Bindings).fetch(request)
      })
    const refreshing = { grant_type: 'refresh_token', refresh_token: tokens.refresh ?? '', client_id: tokens.clientId }
    const { result: refused, north } = await askedDuring(() => ask(refreshing))
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }])
    expect(north).toEqual([])
    const revoked = await ask({ token: tokens.refresh ?? '', client_id: tokens.clientId })
    expect(revoked.status).toBe(200)
    expect(await env.OAUTH_KV.get(`grant:${grantName(tokens)}`)).toBeNull()
  })
})

test('the callback of an unknown tenant exchanges nothing', async () => {
  const person = browser()
  const callback = await person.signIn((await requestAt(SOUTH)).url, `${ORIGIN}/t/south/oauth/callback`, alice)
  const { result, south } = await askedDuring(() => person.visit(`${ORIGIN}/t/east/oauth/callback${callback.search}`))
  expect(result.status).toBe(404)
  expect(south).toEqual([])
})

test('the same Medplum user is a different person at each place; their grants never share a name', async () => {
  const names = await Promise.all(PLACES.map(async (place) => grantName(await signInAt(place))))
  const users = names.map((name) => name.split(':')[0] ?? '')
  const [own] = users
  expect(own).toMatch(/^[\w-]+$/)
  expect(users).toEqual([own, `north~${own}`, `south~${own}`])
  for (const name of names) expect(await env.OAUTH_KV.get(`grant:${name}`)).not.toBeNull()
})

test('a token for a tenant that names a person of another opens nothing', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const authorization = await requestAt(SOUTH)
  const oauth = createAuthorizationServer(env as Bindings).getOAuthApi(env as Bindings)
  const vaultKey = newKey()
  const { redirectTo } = await oauth.completeAuthorization({
    request: await oauth.parseAuthRequest(new Request(authorization.url)),
    userId: 'north~somebody',
    metadata: {},
    scope: ['fhir:read'],
    props: { vaultKey },
    revokeExistingGrants: false,
  })
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  const name = code.split(':').slice(0, 2).join(':')
  await env.GRANT.getByName(name).keep(vaultKey, { accessToken: 'x', accessExpiresAt: Date.now() + 3_600_000 })
  const { access_token: access } = await (await exchange(authorization, code)).json<{ access_token: string }>()
  const { result, north, south } = await askedDuring(() => post(access, INITIALIZE, {}, '/t/south/mcp'))
  expect(result.status).toBe(500)
  expect([...north, ...south]).toEqual([])
})
