/** What a caller may do: the access policy of the membership, narrowed by the SMART scopes of the token. */
import {
  type AccessPolicyInteraction,
  accessPolicySupportsInteraction,
  projectAdminResourceTypes,
  protectedResourceTypes,
  satisfiedAccessPolicy,
  type WithId,
} from '@medplum/core'
import type { AccessPolicy, AccessPolicyResource, Resource } from '@medplum/fhirtypes'
import type { Caller } from './caller.ts'
import type { Store, Stored } from './store.ts'

const EVERYTHING: AccessPolicyResource[] = [{ resourceType: '*' }]

/** SMART App Launch 2.0, "Scopes for requesting FHIR Resources", and the v1 form `.read`, `.write`. */
const SMART_SCOPE = /^(?:patient|user|system)\/(\w+|\*)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$/

const INTERACTIONS: Record<string, AccessPolicyInteraction[]> = {
  c: ['create'],
  r: ['read', 'vread', 'history'],
  u: ['update'],
  d: ['delete'],
  s: ['search'],
}

/** @returns the effective policy, as `/auth/me` shows it */
export function policyOf(store: Store, caller: Caller): AccessPolicyResource[] {
  const policy = caller.superAdmin ? EVERYTHING : membershipPolicy(store, caller)
  const granted = caller.scope.split(' ').flatMap((scope) => scopePolicy(scope))
  if (granted.length === 0) {
    return policy
  }
  return granted.flatMap((scope) => policy.flatMap((entry) => intersect(entry, scope)))
}

function membershipPolicy(store: Store, { membership }: Caller): AccessPolicyResource[] {
  const references = [membership.accessPolicy, ...(membership.access ?? []).map((one) => one.policy)]
  const policies = references.flatMap((one) => store.get<AccessPolicy>(one?.reference)?.resource ?? [])
  const own = references.some(Boolean) ? policies : EVERYTHING
  const administration = projectAdminResourceTypes.map((resourceType) => ({ resourceType }))
  return membership.admin ? [...own, ...administration] : own
}

function scopePolicy(scope: string): AccessPolicyResource[] {
  const [, resourceType, rights] = scope.match(SMART_SCOPE) ?? []
  if (!resourceType || !rights) {
    return []
  }
  const letters = { read: 'rs', write: 'cud', '*': 'cruds' }[rights] ?? rights
  if (/^r?s?$/.test(letters)) {
    return [{ resourceType, readonly: true }]
  }
  return [{ resourceType, interaction: [...letters].flatMap((letter) => INTERACTIONS[letter] ?? []) }]
}

function intersect(entry: AccessPolicyResource, scope: AccessPolicyResource): AccessPolicyResource[] {
  if (scope.resourceType !== '*' && entry.resourceType !== '*' && scope.resourceType !== entry.resourceType) {
    return []
  }
  const resourceType = entry.resourceType === '*' ? scope.resourceType : entry.resourceType
  const interaction = entry.interaction?.filter((one) => !scope.interaction || scope.interaction.includes(one))
  return [
    {
      ...entry,
      resourceType,
      ...(entry.readonly || scope.readonly ? { readonly: true } : {}),
      ...((interaction ?? scope.interaction) ? { interaction: interaction ?? scope.interaction ?? [] } : {}),
    },
  ]
}

export class Access {
  private readonly policy: AccessPolicy
  readonly caller: Caller

  constructor(store: Store, caller: Caller) {
    this.caller = caller
    this.policy = { resourceType: 'AccessPolicy', resource: policyOf(store, caller) }
  }

  /** Whether scopes and policy allow this interaction with any resource of the type. */
  mayType(interaction: AccessPolicyInteraction, type: string): boolean {
    const resourceType = type as Resource['resourceType']
    if (protectedResourceTypes.includes(type)) {
      return false
    }
    const unlimited = this.caller.superAdmin && projectAdminResourceTypes.includes(type)
    return unlimited || accessPolicySupportsInteraction(this.policy, interaction, resourceType)
  }

  /** Whether scopes and policy allow this interaction with this resource. */
  may(interaction: AccessPolicyInteraction, resource: WithId<Resource>): boolean {
    if (this.caller.superAdmin && projectAdminResourceTypes.includes(resource.resourceType)) {
      return true
    }
    return Boolean(satisfiedAccessPolicy(resource, interaction, this.policy))
  }

  /** Resources of other projects don't exist for a caller; those of no project belong to the server. */
  sees(resource: Stored): boolean {
    const { project } = resource.meta
    return this.caller.superAdmin || project === undefined || project === this.caller.project.id
  }

  get administers(): boolean {
    return this.caller.superAdmin || this.caller.membership.admin === true
  }
}
