// A connection's current access. The token says what was granted; the grant's object knows whether the person has reduced it since. Each
// isolate asks the object at most once a second, so a change takes effect everywhere within a second.

import { type Access, lower } from '../access/access.ts'
import { Latest } from '../base/latest.ts'
import { SessionError } from '../client/transport.ts'
import type { Bindings } from '../config/settings.ts'
import { grantNameOf } from './grant-name.ts'
import type { CallerRecord, GrantState } from './record.ts'
import { levelOf } from './scopes.ts'

const FRESH_MS = 1_000
const MAX_KNOWN = 1_000
const known = new Latest<{ at: number; state: Promise<GrantState> }>(MAX_KNOWN)

/**
 * What the caller's connection may do now.
 *
 * @throws {SessionError} when the person has disconnected it
 */
export async function accessOf(record: CallerRecord, env: Bindings): Promise<Access> {
  const { active, limit } = await stateOf(grantNameOf(record), env)
  if (!active) {
    throw new SessionError('The person has disconnected this client. Nothing was done. Reconnect it to sign in again.')
  }
  const level = levelOf(record.scope) ?? 'read'
  return { ...record.props.narrowing, level: limit === undefined ? level : lower(level, limit) }
}

/** The state that a grant's object reported at most a second ago; `name` is user id and grant id. */
export async function stateOf(name: string, env: Bindings): Promise<GrantState> {
  const now = Date.now()
  const before = known.get(name)
  if (before && now - before.at < FRESH_MS) return before.state
  const state = env.GRANT.getByName(name).state()
  // A failure isn't kept: the next call asks again.
  state.catch(() => known.delete(name))
  known.set(name, { at: now, state })
  return state
}

/** Asks a grant's object again, after it has just changed. */
export function forgetState(name: string): void {
  known.delete(name)
}
