// A grant's tokens renewed and revoked, and what its object stores.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Grant } from '../../../src/oauth/grant/grant.ts'
import { GET } from '../../calls.ts'
import { grantName, refresh, type Tokens, token, tokensOf } from './signing-in.ts'

/** Arguments of a call that needs a good Medplum token. */
export const READ = GET('Patient?_count=1&_total=accurate')

/** A message that needs a good token of this server only. */
export const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

export function grantObject(tokens: Tokens): DurableObjectStub<Grant> {
  return env.GRANT.getByName(grantName(tokens))
}

/** The keys of what the grant's object has stored. */
export function keysOf(tokens: Tokens): Promise<string[]> {
  return runInDurableObject(grantObject(tokens), async (_, { storage }) => [...(await storage.list()).keys()])
}

export async function refreshed(tokens: Tokens): Promise<Tokens> {
  const response = await refresh(tokens)
  expect(response.status).toBe(200)
  return tokensOf(tokens.clientId, await response.json())
}

export function revoke(tokens: Tokens, kind: 'access' | 'refresh' = 'access'): Promise<Response> {
  return token({ token: tokens[kind] ?? '', client_id: tokens.clientId })
}
