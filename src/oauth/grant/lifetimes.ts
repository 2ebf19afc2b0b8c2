// The lifetimes of this server's tokens and grants, which depend on Medplum's tokens.

import type { MedplumTokens } from '../medplum.ts'
import type { GrantProps } from '../record.ts'

/** Also for a token of Medplum's that has expired: the client refreshes, and learns what became of it. */
const MIN_TTL_S = 60
const MAX_TTL_S = 3600

/** When Medplum's tokens become useless, milliseconds since the epoch. */
export function expiryOf({ accessExpiresAt, refreshExpiresAt }: MedplumTokens): number {
  return Math.max(accessExpiresAt, refreshExpiresAt ?? 0)
}

/** Props and lifetimes that follow from Medplum's tokens. Without a refresh token from Medplum there is none here. */
export function lifetimes(props: GrantProps, tokens: MedplumTokens) {
  const now = Date.now()
  const seconds = (until: number) => Math.floor((until - now) / 1000)
  const refreshTtl = tokens.refreshExpiresAt ? Math.max(MIN_TTL_S, seconds(tokens.refreshExpiresAt)) : 0
  return {
    newProps: { ...props, accessToken: tokens.accessToken, accessExpiresAt: tokens.accessExpiresAt },
    accessTokenTTL: Math.min(MAX_TTL_S, Math.max(MIN_TTL_S, seconds(tokens.accessExpiresAt))),
    refreshTokenTTL: refreshTtl,
    ...(refreshTtl > 0 && { refreshTokenIdleTTL: refreshTtl }),
  }
}
