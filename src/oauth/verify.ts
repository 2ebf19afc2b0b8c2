// Verifies tokens, and remembers recent ones in this isolate's memory, so that the next call needs no KV read and no decryption. Whether
// the grant has ended is checked separately, with information at most a second old (current-access.ts).

import type { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import { Latest } from '../base/latest.ts'
import type { Bindings } from '../config/settings.ts'
import { stateOf } from './current-access.ts'
import { grantOf, isGrantName } from './grant-name.ts'
import type { GrantProps } from './record.ts'

type Validation = Awaited<ReturnType<typeof OAuthAuthorizationServer.prototype.validateToken<GrantProps>>>

const KEPT_MS = 30_000
const MAX_KEPT = 1_000

interface Known {
  /** Milliseconds since the epoch. */
  until: number
  validation: NonNullable<Validation>
}

const kept = new Latest<Known>(MAX_KEPT)

/** What the authorization server says about a token for a resource; null if the token is not valid there. */
export async function verify(
  authorizationServer: OAuthAuthorizationServer<Bindings>,
  resource: string,
  token: string,
  env: Bindings,
): Promise<Validation> {
  const grant = grantOf(token)
  // KV fails for a longer key.
  if (grant === undefined || !isGrantName(grant)) return null
  const key = `${resource} ${token}`
  const before = kept.get(key)
  const known =
    before && Date.now() < before.until ? before : await validated(authorizationServer, resource, token, env)
  // KV may still know tokens of an ended grant. Checked last, so that a forged token creates no object.
  const active = known !== undefined && (await stateOf(grant, env)).active
  if (active) {
    kept.set(key, known)
    return known.validation
  }
  kept.delete(key)
  return null
}

async function validated(
  authorizationServer: OAuthAuthorizationServer<Bindings>,
  resource: string,
  token: string,
  env: Bindings,
): Promise<Known | undefined> {
  const validation = await authorizationServer.validateToken<GrantProps>(resource, token, env)
  if (!validation) return undefined
  const expiresAt = (validation.expiresAt ?? Number.POSITIVE_INFINITY) * 1000
  return { until: Math.min(Date.now() + KEPT_MS, expiresAt), validation }
}
