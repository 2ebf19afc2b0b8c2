/** The default contents of a sandbox: project, client, users, their access, and the clinical records. */

import type { WithId } from '@medplum/core'
import type {
  AccessPolicy,
  ClientApplication,
  Practitioner,
  Project,
  ProjectMembership,
  Resource,
  User,
} from '@medplum/fhirtypes'
import { CLINIC_NOW, clinic } from './clinic/index.ts'
import { SANDBOX_USERS, type SandboxUser } from './core/people.ts'
import type { World } from './core/seed.ts'
import { CLAIM_SETTING, LABORATORY_AGENT_ID, SYSTEMS } from './systems.ts'

const SANDBOX_PROJECT_ID = '5a9d0000-0000-4000-8000-000000000001'
const SANDBOX_READONLY_POLICY_ID = '5a9d0000-0000-4000-8000-000000000002'
export const SANDBOX_CLIENT_ID = '5a9d0000-0000-4000-8000-000000000003'
export const SANDBOX_CLIENT_SECRET = 'sandbox-client-secret-5d1c7e0f2a9b4c86'
export const SANDBOX_REDIRECT_URIS = ['http://localhost:8790/oauth/callback', 'http://127.0.0.1:8790/oauth/callback']

/** Medplum's answers include `terminology`, which its types don't. */
export const FEATURES = ['bots', 'cron', 'websocket-subscriptions', 'terminology'] as NonNullable<Project['features']>

/** Sets the project of resources, as Medplum does when it creates them. */
export function inProject<T extends Resource>(projectId: string, resources: T[]): T[] {
  return resources.map((resource) => ({ ...resource, meta: { ...resource.meta, project: projectId } }))
}

/** The User, profile and membership with which a person can sign in to a project. */
export function personResources(user: SandboxUser, project: { id: string; name: string }, policyId?: string) {
  const name = `${user.given} ${user.family}`
  const account: WithId<User> = {
    resourceType: 'User',
    id: user.id,
    firstName: user.given,
    lastName: user.family,
    email: user.email,
  }
  const profile: WithId<Practitioner> = {
    resourceType: 'Practitioner',
    id: user.profileId,
    active: true,
    name: [{ given: [user.given], family: user.family }],
    telecom: [{ system: 'email', use: 'work', value: user.email }],
  }
  const membership: WithId<ProjectMembership> = {
    resourceType: 'ProjectMembership',
    id: user.membershipId,
    project: { reference: `Project/${project.id}`, display: project.name },
    user: { reference: `User/${user.id}`, display: user.email },
    profile: { reference: `Practitioner/${user.profileId}`, display: name },
    ...(user.admin ? { admin: true } : {}),
    ...(policyId ? { accessPolicy: { reference: `AccessPolicy/${policyId}` } } : {}),
  }
  return { account, profile, membership }
}

/**
 * The default world: project "Sandbox Clinic", one client for the MCP server, four people, and the clinic's records.
 * @param redirectUris added to those of the MCP server's client
 */
export function clinicWorld(redirectUris: string[] = []): World {
  const project: WithId<Project> = {
    resourceType: 'Project',
    id: SANDBOX_PROJECT_ID,
    name: 'Sandbox Clinic',
    strictMode: true,
    features: FEATURES,
    setting: CLAIM_SETTING,
  }
  const readonlyPolicy: WithId<AccessPolicy> = {
    resourceType: 'AccessPolicy',
    id: SANDBOX_READONLY_POLICY_ID,
    name: 'Read only',
    resource: [{ resourceType: '*', readonly: true }],
  }
  const client: WithId<ClientApplication> = {
    resourceType: 'ClientApplication',
    id: SANDBOX_CLIENT_ID,
    name: 'MCP server',
    secret: SANDBOX_CLIENT_SECRET,
    redirectUris: [...SANDBOX_REDIRECT_URIS, ...redirectUris],
  }
  const users: SandboxUser[] = Object.values(SANDBOX_USERS)
  const people = users.map((user) =>
    personResources(user, { id: project.id, name: 'Sandbox Clinic' }, user.readonly ? readonlyPolicy.id : undefined),
  )
  return {
    resources: [
      ...people.map((one) => one.account),
      ...inProject<WithId<Resource>>(project.id, [
        project,
        readonlyPolicy,
        client,
        ...people.map((one) => one.membership),
        ...clinic().filter(hasId),
        ...SYSTEMS,
      ]),
    ],
    lastUpdated: CLINIC_NOW,
    passwords: Object.fromEntries(users.map((user) => [user.email, user.password])),
    connectedAgents: [LABORATORY_AGENT_ID],
    superAdmins: users.filter((user) => user.superAdmin).map((user) => user.id),
  }
}

function hasId(resource: Resource): resource is WithId<Resource> {
  return resource.id !== undefined
}
