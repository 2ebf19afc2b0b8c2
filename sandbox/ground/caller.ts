/** Who sends a request: the membership behind a bearer token or behind a client's Basic credentials. */
import { unauthorized, type WithId } from '@medplum/core'
import type { ClientApplication, Project, ProjectMembership } from '@medplum/fhirtypes'
import { outcome } from './answers.ts'
import { clientById, membershipById, membershipOfClient } from './directory.ts'
import type { Ground } from './ground.ts'
import type { Login } from './logins.ts'

export interface Caller {
  login?: Login
  project: WithId<Project>
  membership: WithId<ProjectMembership>
  /** E-mail address, or the reference of a client. */
  name: string
  scope: string
  superAdmin: boolean
}

export async function authenticate(ground: Ground, authorization: string | undefined): Promise<Caller | undefined> {
  const [scheme, credentials] = authorization?.split(' ') ?? []
  if (!credentials) {
    return undefined
  }
  if (scheme === 'Basic') {
    const client = clientByBasic(ground, credentials)
    const membership = client && membershipOfClient(ground.store, client)
    return membership && callerOf(ground, membership, { name: `ClientApplication/${client.id}`, scope: 'openid' })
  }
  const login = scheme === 'Bearer' ? await ground.logins.byAccessToken(credentials) : undefined
  const membership = login && membershipById(ground.store, login.membershipId)
  if (!login || !membership) {
    return undefined
  }
  const { scope, superAdmin } = login
  return callerOf(ground, membership, { login, name: login.email ?? login.user, scope, superAdmin })
}

function callerOf(
  ground: Ground,
  membership: WithId<ProjectMembership>,
  rest: Pick<Caller, 'name' | 'scope'> & Partial<Caller>,
): Caller | undefined {
  const project = ground.store.get<Project>(membership.project.reference)
  return project && { superAdmin: false, ...rest, project, membership }
}

/** @returns the client, if id and secret are right */
function clientByBasic(ground: Ground, credentials: string): WithId<ClientApplication> | undefined {
  const [id, ...secret] = Buffer.from(credentials, 'base64').toString().split(':')
  const client = clientById(ground.store, id)
  return client?.secret && client.secret === secret.join(':') ? client : undefined
}

/** Expired, revoked, malformed and missing tokens look the same. */
export function refuse(ground: Ground, authorization: string | undefined): Response {
  const scheme = authorization?.startsWith('Basic') ? 'Basic' : 'Bearer'
  return outcome(unauthorized, { 'www-authenticate': `${scheme} realm="${ground.baseUrl}"` })
}
