// A person's connections for the connections page, from the provider's grants and each grant's object.

import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import { type Level, lower } from '../../access/access.ts'
import type { Bindings } from '../../config/settings.ts'
import { redirectPlace, withoutPort } from '../../oauth/clients/redirects.ts'
import type { Activity } from '../../oauth/grant/activity.ts'
import type { GrantMetadata } from '../../oauth/grant-metadata.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import { levelOf } from '../../oauth/scopes.ts'
import { grantsOf } from '../../oauth/user-grants.ts'

export interface Connection {
  grantId: string
  clientName: string
  /** The site that hosts the client's metadata document; undefined for a client that registered itself. */
  publisher: string | undefined
  /** Where its access goes: a host, with a port for a program on the person's computer. */
  redirectHost: string
  level: Level
  /** The resource types that it is narrowed to; empty if it isn't. */
  types: readonly string[]
  /** Whether it is narrowed to one patient. */
  onePatient: boolean
  /** Milliseconds since the epoch. */
  since: number
  /** The latest first. */
  activity: Activity[]
  /** Kind of device that the person signed in on, if known. */
  device?: string
  /** Grants of the client's earlier sign-ins that were not used since: it has probably forgotten them. */
  earlier: string[]
}

interface Found extends Connection {
  /** Equal for sign-ins of the same client in the same browser; undefined if the browser is unknown. */
  identity: string | undefined
}

/** All connections of this person, latest first. */
export async function connectionsOf(userId: string, env: Bindings, oauth: OAuthHelpers): Promise<Connection[]> {
  const grants = await grantsOf(userId, oauth)
  const connections = await Promise.all(grants.map((grant) => connectionOf(grant, env)))
  return folded(connections.filter((one) => one !== undefined).sort((a, b) => b.since - a.since))
}

/**
 * Folds sign-ins that are most likely the same connection: many hosts register again, or forget, each time they sign in. A sign-in
 * that is still used stays separate, so that another account of a host is visible.
 */
function folded(found: readonly Found[]): Connection[] {
  const latest = new Map<string, Connection>()
  return found.flatMap(({ identity, ...connection }) => {
    const newer = identity === undefined ? undefined : latest.get(identity)
    if (newer && lastUse(connection) <= newer.since) {
      newer.earlier.push(connection.grantId)
      return []
    }
    if (identity !== undefined && !newer) latest.set(identity, connection)
    return [connection]
  })
}

function lastUse({ activity, since }: Connection): number {
  return activity[0]?.at ?? since
}

/** The connection of a grant; undefined if the client never took its tokens, or it has ended and KV doesn't know yet. */
async function connectionOf(grant: GrantSummary, env: Bindings): Promise<Found | undefined> {
  const { active, begun, limit, activity } = await env.GRANT.getByName(
    grantNameOf({ userId: grant.userId, grantId: grant.id }),
  ).about()
  if (!active || !begun) return undefined
  const granted = levelOf(grant.scope) ?? 'read'
  const metadata = (grant.metadata ?? {}) as Partial<GrantMetadata>
  const { clientName, types = [], onePatient = false, browser, device } = metadata
  const redirect = grant.redirectUri ?? ''
  const publisher = URL.parse(grant.clientId)?.hostname
  return {
    grantId: grant.id,
    clientName: clientName || grant.clientId,
    publisher,
    redirectHost: withPort(redirect),
    level: limit === undefined ? granted : lower(granted, limit),
    types,
    onePatient,
    since: grant.createdAt * 1000,
    activity,
    earlier: [],
    ...(device !== undefined && { device }),
    identity: browser && JSON.stringify([browser, clientName, publisher, grant.resource, withoutPort(redirect)]),
  }
}

/** The host, with its port for a loopback address, which distinguishes programs on one computer. */
function withPort(redirectUri: string): string {
  const { name } = redirectPlace(redirectUri)
  const host = URL.parse(redirectUri)?.host ?? ''
  return host.startsWith(`${name}:`) ? host : name
}
