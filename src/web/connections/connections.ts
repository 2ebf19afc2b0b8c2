// What a person has connected, as the connections page shows it: from the provider's grants and the object of each.

import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import { type Level, lower } from '../../access/access.ts'
import type { Bindings } from '../../config/settings.ts'
import type { Activity } from '../../oauth/grant/activity.ts'
import type { GrantMetadata } from '../../oauth/grant-metadata.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import { placeOf } from '../../oauth/redirects.ts'
import { levelOf } from '../../oauth/scopes.ts'
import { grantsOf } from '../../oauth/user-grants.ts'

export interface Connection {
  grantId: string
  clientName: string
  /** The site that vouches for the client; undefined for one that named itself. */
  publisher: string | undefined
  /** Where its access goes. */
  redirectHost: string
  level: Level
  /** The resource types that it is narrowed to; any, if there are none here. */
  types: readonly string[]
  /** Whether it is narrowed to one patient. */
  onePatient: boolean
  /** Milliseconds since the epoch. */
  since: number
  /** From the latest. */
  activity: Activity[]
}

/** All that this person has connected, from the latest; nobody else's. */
export async function connectionsOf(userId: string, env: Bindings, oauth: OAuthHelpers): Promise<Connection[]> {
  const grants = await grantsOf(userId, oauth)
  const connections = await Promise.all(grants.map((grant) => connectionOf(grant, env)))
  return connections.filter((one) => one !== undefined).sort((a, b) => b.since - a.since)
}

/** The connection of a grant; undefined where it has ended and KV doesn't know yet. */
async function connectionOf(grant: GrantSummary, env: Bindings): Promise<Connection | undefined> {
  const { active, limit, activity } = await env.GRANT.getByName(
    grantNameOf({ userId: grant.userId, grantId: grant.id }),
  ).about()
  if (!active) return undefined
  const granted = levelOf(grant.scope) ?? 'read'
  const { clientName, types = [], onePatient = false } = (grant.metadata ?? {}) as Partial<GrantMetadata>
  return {
    grantId: grant.id,
    clientName: clientName || grant.clientId,
    publisher: URL.parse(grant.clientId)?.hostname,
    redirectHost: placeOf(grant.redirectUri ?? '').name,
    level: limit === undefined ? granted : lower(granted, limit),
    types,
    onePatient,
    since: grant.createdAt * 1000,
    activity,
  }
}
