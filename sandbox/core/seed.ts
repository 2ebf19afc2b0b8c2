import type { WithId } from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'

/** What a sandbox contains when it starts. The users, memberships and clients that can sign in are resources, too. */
export interface World {
  /** In dependency order, each with `meta.project` unless it belongs to the whole server. */
  resources: WithId<Resource>[]
  /** `meta.lastUpdated` of resources that have none; the start of the sandbox by default. */
  lastUpdated?: string
  /** By e-mail address of the User. */
  passwords: Record<string, string>
  /** Ids of Agents that are connected. */
  connectedAgents?: string[]
  /** Ids of Users with Medplum's super admin rights. */
  superAdmins: string[]
  /** The client that `/oauth2/register` returns to a caller whose redirect URIs are all among these. */
  registrable?: { clientId: string; redirectUris: string[] }
}
