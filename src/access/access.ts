// What a connection may do: the only place where a request's risk is compared with the access that the person granted.
import { AccessError } from '../client/access-error.ts'
import type { Guard } from '../client/guard.ts'
import { narrowingGuard } from './narrow/guard.ts'
import { isNarrowed, type Narrowing } from './narrow/narrowing.ts'
import { classify, type Kind, type Risk } from './risk/risk.ts'

/** From the least to the most. */
export const LEVELS = ['read', 'write', 'full', 'admin'] as const
export type Level = (typeof LEVELS)[number]

export { AccessError }

/** What a person granted to a connection. */
export interface Access extends Narrowing {
  level: Level
}

/** The level that each kind of request needs. docs/security.md has the table. */
const NEEDED: Record<Kind, Level> = {
  read: 'read',
  write: 'write',
  delete: 'full',
  operate: 'full',
  admin: 'admin',
}

/** A request that needs a higher level. Nothing was sent. */
class LevelError extends AccessError {
  /** The lowest level that covers it. */
  readonly needed: Level
  constructor(message: string, needed: Level) {
    super(message)
    this.needed = needed
  }
}

/** What a level is called, everywhere. */
export const LEVEL_NAME: Readonly<Record<Level, string>> = {
  read: 'Read',
  write: 'Read and write',
  full: 'Full',
  admin: 'Admin',
}

/** The lower of two levels. */
export function lower(a: Level, b: Level): Level {
  return LEVELS[Math.min(LEVELS.indexOf(a), LEVELS.indexOf(b))] ?? 'read'
}

export function covers(held: Level, needed: Level): boolean {
  return LEVELS.indexOf(held) >= LEVELS.indexOf(needed)
}

/** Why a request of this risk may not pass; undefined if it may. */
export function refusalOf({ kind, reason, targets }: Risk, { level }: Access): LevelError | undefined {
  const needed = NEEDED[kind]
  if (covers(level, needed)) return undefined
  const what = targets[0] && targets[0] !== '*' ? `${targets[0]}: ${reason}` : reason
  const name = LEVEL_NAME[needed]
  return new LevelError(
    `This connection may ${MAY[level]}, but this request needs the access level "${name}" (${what}). Nothing was sent. To allow it, the person signs in to this server again in the client (signing out there first, if it doesn't ask) and chooses "${name}", if it is offered.`,
    needed,
  )
}

const MAY: Record<Level, string> = {
  read: 'only read',
  write: 'read and write, but not delete or run operations',
  full: 'do everything except administer',
  admin: 'do everything',
}

/**
 * The guard that every request of a connection passes on its way out and every answer on its way in, whatever tool or page it
 * comes from. One for each call.
 *
 * @param pace called before each request, with its kind; throws if there were too many
 */
export function guardFor(access: Access, pace?: (kind: Kind) => Promise<void>): Guard {
  const narrowing = isNarrowed(access) ? narrowingGuard(access) : undefined
  return {
    async admit(request, read) {
      const { method, path, content } = request
      const risk = classify({ method, path, body: content?.value })
      const refusal = refusalOf(risk, access)
      if (refusal) throw refusal
      await pace?.(risk.kind)
      return narrowing ? narrowing.admit(request, read) : { request }
    },
    withheld: () => narrowing?.withheld(),
  }
}
