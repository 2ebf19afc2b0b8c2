// A call beyond the access of its connection: clients that can ask for more are challenged; those that only refresh are told in the result.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connect, SignIn } from '../../../programs/clients.ts'
import { POST } from '../../calls.ts'
import { fhirCall, post, postModern, rpc, startSession } from '../world/mcp.ts'
import { grantName, refresh, signIn, type Tokens, tokensOf } from '../world/signing-in.ts'
import { alice, ORIGIN, send } from '../world/world.ts'

afterEach(() => {
  vi.useRealTimers()
})

const WRITE = POST('Basic', { resourceType: 'Basic', code: { text: 'step-up' } })
const STATELESS = { 'mcp-protocol-version': '2025-11-25' }

const renewed = async (tokens: Tokens) => tokensOf(tokens.clientId, await (await refresh(tokens)).json())
const status = async (tokens: Tokens) => {
  const response = await post(tokens.access, fhirCall(WRITE), STATELESS)
  await response.text()
  return response.status
}

/** A person who chooses Read whenever they are asked. */
class Reader extends SignIn {
  asked = 0

  override async redirectToAuthorization(url: URL) {
    this.asked++
    this.callback = await this.person.signIn(url.href, this.redirectUrl, alice, 'approve', 'read')
  }
}

test('a client of SDK 1, which refreshes and tries again, gets an error result that says what to do', async () => {
  const person = new Reader(alice, send)
  const client = await connect('Streamable HTTP 2025-11-25, SDK 1', ORIGIN, person, send)
  for (const _ of [1, 2]) {
    const { isError, content } = await client.call('fhir-request', WRITE)
    expect(isError).toBe(true)
    expect(content[0]?.text).toMatch(
      /needs the access level "Read and write".*Nothing was sent.*signs in to this server again/,
    )
  }
  expect((await client.call('whoami', {})).isError).not.toBe(true)
  expect(person.asked).toBe(1)
  await client.close()
})

const LANES: Record<string, (access: string) => Promise<Response>> = {
  'without a session': (access) => post(access, fhirCall(WRITE), STATELESS),
  'in a session': async (access) => post(access, fhirCall(WRITE), await startSession(access)),
  'of 2026-07-28': (access) => postModern(access, 'tools/call', fhirCall(WRITE).params, 'fhir-request'),
}

describe.each(Object.entries(LANES))('a call %s', (_, call) => {
  test('is challenged, and answered once its client comes back with the same scope', async () => {
    const tokens = await signIn(alice, undefined, 'read')
    const challenged = await call(tokens.access)
    expect(challenged.status).toBe(403)
    expect(challenged.headers.get('www-authenticate')).toContain('scope="fhir:read fhir:write"')
    const after = await call((await renewed(tokens)).access)
    expect(after.status).toBe(200)
    expect((await rpc(after)).result).toMatchObject({ isError: true })
  })
})

test('a client that asks again with its old token is challenged again', async () => {
  const tokens = await signIn(alice, undefined, 'read')
  expect([await status(tokens), await status(tokens)]).toEqual([403, 403])
})

test('the grant knows of the challenge after a restart of its object', async () => {
  const tokens = await signIn(alice, undefined, 'read')
  expect(await status(tokens)).toBe(403)
  await evictDurableObject(env.GRANT.getByName(grantName(tokens)))
  expect(await status(await renewed(tokens))).toBe(200)
})

test.each([
  ['a refresh that was due anyway', 0],
  ['one that comes later than a minute after the challenge', 61_000],
])('%s does not change the challenge', async (_, ms) => {
  const tokens = await signIn(alice, undefined, 'read')
  if (ms > 0) {
    expect(await status(tokens)).toBe(403)
    vi.setSystemTime(Date.now() + ms)
  }
  expect(await status(await renewed(tokens))).toBe(403)
})

test('the next refresh without a challenge lifts the mark', async () => {
  const tokens = await signIn(alice, undefined, 'read')
  expect(await status(tokens)).toBe(403)
  const marked = await renewed(tokens)
  expect(await status(marked)).toBe(200)
  expect(await status(await renewed(marked))).toBe(403)
})
