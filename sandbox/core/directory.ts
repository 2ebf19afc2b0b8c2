/** Finds users, memberships and clients among the stored resources. */
import type { WithId } from '@medplum/core'
import type { ClientApplication, ProjectMembership, User } from '@medplum/fhirtypes'
import type { Store } from './store.ts'

export function userByEmail(store: Store, email: unknown): WithId<User> | undefined {
  const wanted = String(email).toLowerCase()
  return [...store.all<User>('User')].find((user) => user.email?.toLowerCase() === wanted)
}

export function membershipsOf(store: Store, user: string, projectId?: string): WithId<ProjectMembership>[] {
  return [...store.all<ProjectMembership>('ProjectMembership')].filter(
    (membership) =>
      membership.user.reference === user &&
      membership.active !== false &&
      (!projectId || membership.project.reference === `Project/${projectId}`),
  )
}

export function clientById(store: Store, id: unknown): WithId<ClientApplication> | undefined {
  return store.get<ClientApplication>(`ClientApplication/${id}`)
}

/** @param id of a ProjectMembership, or of a ClientApplication, whose membership is then returned */
export function membershipById(store: Store, id: string | undefined): WithId<ProjectMembership> | undefined {
  const client = clientById(store, id)
  return client ? membershipOfClient(store, client) : store.get<ProjectMembership>(`ProjectMembership/${id}`)
}

/** Medplum creates a membership for each client. If a sandbox world has none, this makes one. */
export function membershipOfClient(store: Store, client: WithId<ClientApplication>): WithId<ProjectMembership> {
  const reference = `ClientApplication/${client.id}`
  const project = client.meta?.project ?? ''
  const display = client.name ? { display: client.name } : {}
  return (
    membershipsOf(store, reference, project)[0] ?? {
      resourceType: 'ProjectMembership',
      id: client.id,
      project: { reference: `Project/${project}` },
      user: { reference, ...display },
      profile: { reference, ...display },
    }
  )
}

export function mayRedirect(client: ClientApplication, uri: string): boolean {
  return [...(client.redirectUris ?? []), client.redirectUri].includes(uri)
}
