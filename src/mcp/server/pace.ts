// Rate limits of a connection: by grant and by kind of request, so that a runaway client is stopped much earlier if it writes than if it
// reads.

import type { Kind } from '../../access/risk/routes.ts'
import { ToldError } from '../../base/told-error.ts'
import type { Bindings } from '../../config/settings.ts'

/** Every rate limit counts over this many seconds (wrangler.toml). */
export const LIMIT_PERIOD_S = 60

/** Too many requests of one kind. This one was not sent. */
class LimitError extends ToldError {
  override readonly name = 'LimitError'
}

type Pace = 'LIMIT_READS' | 'LIMIT_WRITES' | 'LIMIT_OPERATIONS'

const PACE_OF: Record<Kind, Pace> = {
  read: 'LIMIT_READS',
  write: 'LIMIT_WRITES',
  delete: 'LIMIT_WRITES',
  operate: 'LIMIT_OPERATIONS',
  admin: 'LIMIT_OPERATIONS',
}

const NAME_OF: Record<Pace, string> = {
  LIMIT_READS: 'reads',
  LIMIT_WRITES: 'writes and deletions',
  LIMIT_OPERATIONS: 'operations',
}

/**
 * The rate limit for one call. However many requests it sends, it counts once for each kind: a search over all pages is one read.
 *
 * @returns called before each request; throws {@link LimitError} if it may not be sent now
 */
export function paceOf(env: Bindings, grantId: string): (kind: Kind) => Promise<void> {
  const counted = new Map<Pace, Promise<RateLimitOutcome>>()
  return async (kind) => {
    const pace = PACE_OF[kind]
    const asked = counted.get(pace) ?? env[pace].limit({ key: grantId })
    counted.set(pace, asked)
    if ((await asked).success) return
    throw new LimitError(
      `Too many ${NAME_OF[pace]} through this connection in one minute. This request was not sent. Wait ${LIMIT_PERIOD_S} seconds, then send it again. Several changes can go in one batch Bundle (POST, empty path), and several reads in one search (_id=A,B).`,
    )
  }
}
