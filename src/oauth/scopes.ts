// Access levels as OAuth scopes. A higher scope includes the lower ones; all of them are named, as the specification asks.
import { covers, LEVELS, type Level, lower } from '../access/access.ts'

const SCOPE_OF: Record<Level, string> = {
  read: 'fhir:read',
  write: 'fhir:write',
  full: 'fhir:full',
  admin: 'fhir:admin',
}

/** The scopes that can be granted here (RFC 8414 `scopes_supported`). */
export const SCOPES: readonly string[] = LEVELS.map((level) => SCOPE_OF[level])

/** The scopes of a level: its own and those of all lower levels. */
export function scopesFor(level: Level): string[] {
  return LEVELS.filter((one) => covers(level, one)).map((one) => SCOPE_OF[one])
}

/** The level that granted scopes mean; undefined if none of them is ours. */
export function levelOf(scopes: readonly string[]): Level | undefined {
  return LEVELS.findLast((level) => scopes.includes(SCOPE_OF[level]))
}

/** The levels that the consent page offers. */
export interface Offer {
  /** In ascending order; none above what was requested or what the deployment allows. */
  levels: Level[]
  /** The preselected one: the lowest, or what a step-up needs. */
  preselected: Level
}

/**
 * The levels that a person may choose from.
 *
 * @param asked requested scopes; none of them, or all, means no preference
 * @param most what the deployment allows
 */
export function offerFor(asked: readonly string[], most: Level): Offer {
  const named = levelOf(asked)
  const isParticular = named !== undefined && !SCOPES.every((scope) => asked.includes(scope))
  const top = isParticular ? lower(named, most) : most
  return { levels: LEVELS.filter((level) => covers(top, level)), preselected: isParticular ? top : 'read' }
}

/** The SMART scopes (SMART App Launch 2.0, section 3.0) requested at Medplum: they limit what its token can do. */
export function smartScopes(level: Level): string[] {
  // Above reading, Medplum's operations don't fit into them: the guard of this server decides alone.
  return level === 'read' ? ['user/*.rs'] : []
}
