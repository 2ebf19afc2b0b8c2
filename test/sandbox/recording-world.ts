/** The server that the exchanges in test/recordings were recorded from: its projects, clients and people. */

import type { WithId } from '@medplum/core'
import type { AccessPolicy, Bot, ClientApplication, Project, ProjectMembership, Resource } from '@medplum/fhirtypes'
import type { SandboxUser } from '../../sandbox/core/people.ts'
import type { World } from '../../sandbox/core/seed.ts'
import { FEATURES, inProject, personResources } from '../../sandbox/world.ts'

const id = (n: number) => `eec00000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`

const REDIRECT_URIS = ['http://localhost:8788/callback', 'http://127.0.0.1:8788/callback']

const dana: SandboxUser = {
  id: id(1),
  email: 'dana@recording.example',
  password: 'recording-password-1',
  given: 'Dana',
  family: 'Recorder',
  profileId: id(2),
  membershipId: id(3),
  admin: true,
}
const rita: SandboxUser = {
  id: id(4),
  email: 'rita@recording.example',
  password: 'recording-password-2',
  given: 'Rita',
  family: 'Readonly',
  profileId: id(5),
  membershipId: id(6),
  readonly: true,
}

const clinic: WithId<Project> = {
  resourceType: 'Project',
  id: id(10),
  name: 'Recording Clinic',
  strictMode: true,
  features: FEATURES,
}
const transactions: WithId<Project> = {
  resourceType: 'Project',
  id: id(11),
  name: 'Recording Transactions',
  strictMode: true,
  features: [...FEATURES, 'transaction-bundles'],
}
const limits: WithId<Project> = {
  resourceType: 'Project',
  id: id(12),
  name: 'Recording Limits',
  strictMode: true,
  features: FEATURES,
  systemSetting: [{ name: 'userFhirQuota', valueInteger: 60 }],
}

const client = (n: number, name: string, rest: Partial<ClientApplication>): WithId<ClientApplication> => ({
  resourceType: 'ClientApplication',
  id: id(n),
  name,
  ...rest,
})
const pages = client(20, 'Recording client', { secret: 'recording-client-secret', redirectUris: REDIRECT_URIS })
const short = client(21, 'Recording short', {
  secret: 'recording-short-secret',
  redirectUris: REDIRECT_URIS,
  accessTokenLifetime: '2s',
})
const backend = client(22, 'Recording backend', { secret: 'recording-backend-secret' })
const bot: WithId<Bot> = { resourceType: 'Bot', id: id(30), name: 'Recording bot', runtimeVersion: 'vmcontext' }
const policy: WithId<AccessPolicy> = {
  resourceType: 'AccessPolicy',
  id: id(31),
  name: 'Read only',
  resource: [{ resourceType: '*', readonly: true }],
}

/** Dana in another project, as the same practitioner. */
function membership(n: number, project: WithId<Project>): WithId<ProjectMembership> {
  return {
    ...danaHere.membership,
    id: id(n),
    project: { reference: `Project/${project.id}`, display: project.name ?? '' },
  }
}

const danaHere = personResources(dana, { id: clinic.id, name: 'Recording Clinic' })
const ritaHere = personResources(rita, { id: clinic.id, name: 'Recording Clinic' }, policy.id)

/** Which membership the recorded senders use. */
export const MEMBERSHIPS: Record<string, { email: string; password: string; membershipId: string; scope: string }> = {
  practitioner: sender(dana, dana.membershipId),
  'practitioner-read-scope': { ...sender(dana, dana.membershipId), scope: 'openid user/*.rs' },
  readonly: sender(rita, rita.membershipId),
  'practitioner-transactions': sender(dana, id(41)),
  'practitioner-limited': sender(dana, id(42)),
}

function sender({ email, password }: SandboxUser, membershipId: string) {
  return { email, password, membershipId, scope: 'openid profile offline_access' }
}

export function recordingWorld(): World {
  return {
    resources: [
      danaHere.account,
      ritaHere.account,
      ...inProject<WithId<Resource>>(clinic.id, [
        clinic,
        policy,
        pages,
        short,
        backend,
        bot,
        danaHere.profile,
        danaHere.membership,
        ritaHere.profile,
        ritaHere.membership,
      ]),
      ...inProject<WithId<Resource>>(transactions.id, [transactions, membership(41, transactions)]),
      ...inProject<WithId<Resource>>(limits.id, [limits, membership(42, limits)]),
    ],
    passwords: { [dana.email]: dana.password, [rita.email]: rita.password },
    superAdmins: [],
    registrable: { clientId: 'registered-client', redirectUris: REDIRECT_URIS },
  }
}

/** The values that the recordings name but don't capture. */
export const GIVEN: Record<string, string> = {
  clientId: pages.id,
  clientSecret: pages.secret ?? '',
  shortClientId: short.id,
  backendClientId: backend.id,
  backendClientSecret: backend.secret ?? '',
  backendBasic: Buffer.from(`${backend.id}:${backend.secret}`).toString('base64'),
  projectId: clinic.id,
  transactionsProjectId: transactions.id,
  limitsProjectId: limits.id,
  practitionerId: dana.profileId,
  membershipId: dana.membershipId,
  userId: dana.id,
  botId: bot.id,
  readonlyPolicyId: policy.id,
  practitionerEmail: dana.email,
  practitionerPassword: dana.password,
  readonlyEmail: rita.email,
  readonlyPassword: rita.password,
}
