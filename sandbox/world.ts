/** Who and what exists in a sandbox when it starts: projects, clients, people, their access, and the clinical records. */
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
import { CLINIC_NOW, clinic, PRACTITIONER_IDS } from './clinic/index.ts'
import { CLAIM_SETTING, LABORATORY_AGENT_ID, SYSTEMS } from './systems.ts'

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
  /** Ids of Users for whom Medplum's super admin rules hold. */
  superAdmins: string[]
  /** The client that `/oauth2/register` hands out to a caller that names one of its redirect URIs. */
  registrable?: { clientId: string; redirectUris: string[] }
}

export interface SandboxUser {
  id: string
  email: string
  password: string
  given: string
  family: string
  profileId: string
  membershipId: string
  admin?: boolean
  superAdmin?: boolean
  readonly?: boolean
}

export const SANDBOX_PASSWORD = 'medplum-sandbox'
const SANDBOX_PROJECT_ID = '5a9d0000-0000-4000-8000-000000000001'
const SANDBOX_READONLY_POLICY_ID = '5a9d0000-0000-4000-8000-000000000002'
export const SANDBOX_CLIENT_ID = '5a9d0000-0000-4000-8000-000000000003'
export const SANDBOX_CLIENT_SECRET = 'sandbox-client-secret-5d1c7e0f2a9b4c86'
export const SANDBOX_REDIRECT_URIS = ['http://localhost:8790/oauth/callback', 'http://127.0.0.1:8790/oauth/callback']

/** Medplum's own answer names `terminology`, which its types don't. */
export const FEATURES = ['bots', 'cron', 'websocket-subscriptions', 'terminology'] as NonNullable<Project['features']>

/** A member of the clinic's staff who can log in. */
function sandboxUser(n: number, given: StaffLogin, family: string, rights: Partial<SandboxUser> = {}): SandboxUser {
  const id = (kind: number) => `5a9d0000-0000-4000-8000-0000000000${kind}${n}`
  return {
    id: id(1),
    email: `${given}@example.com`,
    password: SANDBOX_PASSWORD,
    given: given[0]?.toUpperCase() + given.slice(1),
    family,
    profileId: PRACTITIONER_IDS[given],
    membershipId: id(3),
    ...rights,
  }
}

type StaffLogin = 'alice' | 'rita' | 'ada' | 'sam'

export const SANDBOX_USERS = {
  alice: sandboxUser(1, 'alice', 'Nguyen'),
  rita: sandboxUser(2, 'rita', 'Okafor', { readonly: true }),
  ada: sandboxUser(3, 'ada', 'Lindqvist', { admin: true }),
  sam: sandboxUser(4, 'sam', 'Petrov', { admin: true, superAdmin: true }),
} as const satisfies Record<string, SandboxUser>

/** What a person may do there, for a list of logins. */
export function roleOf({ superAdmin, admin, readonly }: SandboxUser): string {
  if (superAdmin) return 'super admin'
  if (admin) return 'project admin'
  return readonly ? 'read only' : 'practitioner'
}

/** Puts resources into a project, as Medplum does with everything that is created there. */
export function inProject<T extends Resource>(projectId: string, resources: T[]): T[] {
  return resources.map((resource) => ({ ...resource, meta: { ...resource.meta, project: projectId } }))
}

/** The User, profile and membership that make a person able to log in to a project. */
export function person(user: SandboxUser, project: { id: string; name: string }, policyId?: string) {
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
    person(user, { id: project.id, name: 'Sandbox Clinic' }, user.readonly ? readonlyPolicy.id : undefined),
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
