/** What a sandbox begins with. */
import type { WithId } from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'

/** Everything that a sandbox is seeded with. The OAuth side reads users, memberships and clients from the resources. */
export interface World {
  /** In dependency order, each with `meta.project` unless it belongs to the whole server. */
  resources: WithId<Resource>[]
  /** `meta.lastUpdated` of resources without their own; when the sandbox was started, if absent. */
  lastUpdated?: string
  /** By e-mail address of the User. */
  passwords: Record<string, string>
  /** Ids of Agents that are connected. */
  connectedAgents?: string[]
  /** Ids of Users with Medplum's super admin rights. */
  superAdmins: string[]
  /** The client that `/oauth2/register` hands out to a caller that names one of its redirect URIs. */
  registrable?: { clientId: string; redirectUris: string[] }
}
