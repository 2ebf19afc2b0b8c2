/** Who sends a request: the membership behind a bearer token or behind a client's Basic credentials. */
import { unauthorized, type WithId } from '@medplum/core'
import type { ClientApplication, Project, ProjectMembership } from '@medplum/fhirtypes'
import { outcome } from './answers.ts'
import type { SandboxContext } from './context.ts'
import { clientById, membershipById, membershipOfClient } from './directory.ts'
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

export async function authenticate(
  context: SandboxContext,
  authorization: string | undefined,
): Promise<Caller | undefined> {
  const [scheme, credentials] = authorization?.split(' ') ?? []
  if (!credentials) {
    return undefined
  }
  if (scheme === 'Basic') {
    const client = clientByBasic(context, credentials)
    const membership = client && membershipOfClient(context.store, client)
    return membership && callerOf(context, membership, { name: `ClientApplication/${client.id}`, scope: 'openid' })
  }
  const login = scheme === 'Bearer' ? await context.logins.byAccessToken(credentials) : undefined
  const membership = login && membershipById(context.store, login.membershipId)
  if (!login || !membership) {
    return undefined
  }
  const { scope, superAdmin } = login
  return callerOf(context, membership, { login, name: login.email ?? login.user, scope, superAdmin })
}

function callerOf(
  context: SandboxContext,
  membership: WithId<ProjectMembership>,
  rest: Pick<Caller, 'name' | 'scope'> & Partial<Caller>,
): Caller | undefined {
  const project = context.store.get<Project>(membership.project.reference)
  return project && { superAdmin: false, ...rest, project, membership }
}

/** @returns the client, if id and secret are right */
function clientByBasic(context: SandboxContext, credentials: string): WithId<ClientApplication> | undefined {
  const [id, ...secret] = Buffer.from(credentials, 'base64').toString().split(':')
  const client = clientById(context.store, id)
  return client?.secret && client.secret === secret.join(':') ? client : undefined
}

/** Expired, revoked, malformed and missing tokens look the same. */
export function refuse(context: SandboxContext, authorization: string | undefined): Response {
  const scheme = authorization?.startsWith('Basic') ? 'Basic' : 'Bearer'
  return outcome(unauthorized, { 'www-authenticate': `${scheme} realm="${context.baseUrl}"` })
}
