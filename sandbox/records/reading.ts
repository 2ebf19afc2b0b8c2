/** Read, vread, history and search on a caller's records, within project, policy and quota. */

import {
  type AccessPolicyInteraction,
  badRequest,
  forbidden,
  gone,
  isUUID,
  notFound,
  Operator,
  type SearchRequest,
  validateResourceType,
  type WithId,
} from '@medplum/core'
import { FhirRepository, getExtraEntries, type ReadHistoryOptions } from '@medplum/fhir-router'
import type { Binary, Bundle, BundleEntry, Reference, Resource } from '@medplum/fhirtypes'
import { Access } from '../core/access.ts'
import { fail } from '../core/answers.ts'
import type { Caller } from '../core/caller.ts'
import type { SandboxContext } from '../core/context.ts'
import { COST, LimitReached } from '../core/ratelimit.ts'
import type { Stored, Version } from '../core/store.ts'
import { Presentation } from './presentation.ts'
import { find, normalize } from './search.ts'
import { subset } from './subset.ts'

export abstract class Reading extends FhirRepository {
  readonly access: Access
  /** The quota's part of the RateLimit header, as of the last interaction. */
  quota: string | undefined
  readonly context: SandboxContext
  protected readonly presentation: Presentation

  constructor(context: SandboxContext, caller: Caller, extended: boolean) {
    super()
    this.context = context
    this.access = new Access(context.store, caller)
    this.presentation = new Presentation(context, extended, (id) => this.file(id))
  }

  setMode(): void {}

  async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    this.consume(COST.read)
    if (!isUUID(id)) throw fail(notFound)
    validateResourceType(type)
    this.checkType('read', type)
    return this.presentation.show(this.live(type, id) as Stored<T>)
  }

  async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [type, id, ...rest] = reference.reference?.split('/') ?? []
    if (!type || !id || rest.length > 0) {
      throw fail(badRequest('Invalid reference'))
    }
    return this.readResource(type, id)
  }

  /** @returns the resource with this id, or else with this identifier; undefined if neither is given or no identifier matches */
  async byIdOrIdentifier<T extends Resource>(
    type: T['resourceType'],
    id: string | undefined,
    identifier: string | null,
  ): Promise<WithId<T> | undefined> {
    if (id) {
      return this.readResource<T>(type, id)
    }
    const filters = [{ code: 'identifier', operator: Operator.EXACT, value: identifier ?? '' }]
    return identifier ? this.searchOne<T>({ resourceType: type, filters }) : undefined
  }

  readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map((one) => this.readReference<T>(one).catch((error: Error) => error)))
  }

  async readHistory<T extends Resource>(
    type: string,
    id: string,
    options?: ReadHistoryOptions,
  ): Promise<Bundle<WithId<T>>> {
    this.consume(COST.history)
    validateResourceType(type)
    this.checkType('history', type)
    const { resource } = this.known(type, id)
    const versions = this.context.store.history(type, resource.id).toReversed()
    const from = options?.offset ?? 0
    const entry = versions.slice(from, from + (options?.limit ?? 100)).map((one) => this.presentation.version(one))
    return { resourceType: 'Bundle', type: 'history', entry: entry as BundleEntry<WithId<T>>[], total: versions.length }
  }

  async readVersion<T extends Resource>(type: string, id: string, versionId: string): Promise<WithId<T>> {
    this.consume(COST.read)
    this.checkType('vread', type)
    this.known(type, id)
    const version = this.context.store.history(type, id).find((one) => one.resource.meta.versionId === versionId)
    if (!version) {
      throw fail(notFound)
    }
    if (version.deleted) {
      throw fail(gone)
    }
    return this.presentation.show(version.resource as Stored<T>)
  }

  async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    this.consume(COST.search * (request.types?.length ?? 1))
    normalize(request)
    for (const type of request.types ?? [request.resourceType]) {
      this.checkType('search', type)
    }
    const page = find(this.context.store, this.context.baseUrl, request, (one) => this.visible(one))
    const entries = page.resources.map((one) => this.presentation.match(this.presentation.show(one)))
    if (entries.length > 0 && (request.include || request.revInclude)) {
      for (const one of [...(request.include ?? []), ...(request.revInclude ?? [])]) {
        validateResourceType(one.resourceType)
      }
      await getExtraEntries<Resource>(this, request, page.resources, entries, {
        fullUrl: (type, id) => this.presentation.url(type, id),
        executeSearch: async (included) => this.matches(included).map((one) => this.presentation.show(one)),
      })
    }
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: entries.map((one) => (one.resource ? { ...one, resource: subset(one.resource, request) } : one)),
      ...(request.total && request.total !== 'none' ? { total: page.found } : {}),
      link: page.links,
    } as Bundle<WithId<T>>
  }

  async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    field: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {}
    for (const value of references) {
      const filters = [...(request.filters ?? []), { code: field, operator: Operator.EQUALS, value }]
      found[value] = await this.searchResources({ ...request, filters })
    }
    return found
  }

  /** A search through several types that counts as one against the quota. */
  compartment(request: SearchRequest): Bundle {
    this.consume(COST.search)
    normalize(request)
    const seen = request.types?.filter((type) => this.access.mayType('search', type)) ?? []
    const page = find(this.context.store, this.context.baseUrl, { ...request, types: seen }, (one) => this.visible(one))
    const entry = page.resources.map((one) => this.presentation.match(this.presentation.show(one)))
    return { resourceType: 'Bundle', type: 'searchset', entry, link: page.links }
  }

  /** @returns all live resources that the caller may see, by type */
  readable(): [type: string, resources: WithId<Resource>[]][] {
    return this.context.store
      .typesInUse()
      .filter((type) => this.access.mayType('search', type))
      .map((type) => [type, this.all(type as Resource['resourceType'])])
  }

  /** @returns all live resources of a type that the caller may see, without using quota */
  all<T extends Resource>(type: T['resourceType']): WithId<T>[] {
    const resources = [...this.context.store.all<T>(type)]
    return resources.filter((one) => this.visible(one)).map((one) => this.presentation.show(one))
  }

  /** @returns a Binary with its content, if the caller may read it */
  file(id: string): Stored<Binary> | undefined {
    const binary = this.context.store.get<Binary>(`Binary/${id}`)
    return binary && this.access.sees(binary) && this.access.may('read', binary) ? binary : undefined
  }

  /** Takes units from the quota of the membership. */
  consume(units: number): void {
    const { project, membership } = this.access.caller
    try {
      this.quota = this.context.limits.interaction(project, membership.id, units)
    } catch (error) {
      this.quota = error instanceof LimitReached ? error.header : this.quota
      throw error
    }
  }

  /** A search on the caller's behalf that uses no quota. */
  protected matches(request: SearchRequest): Stored[] {
    normalize(request)
    return find(this.context.store, this.context.baseUrl, request, (one) => this.visible(one)).resources
  }

  protected checkType(interaction: AccessPolicyInteraction, type: string): void {
    if (!this.access.mayType(interaction, type)) {
      throw fail(forbidden)
    }
  }

  /** @throws "Not found" also for records outside the caller's project or policy */
  protected known(type: string, id: string): Version {
    const version = this.context.store.current(type, id)
    if (!version || !this.access.sees(version.resource) || !this.access.may('read', version.resource)) {
      throw fail(notFound)
    }
    return version
  }

  protected live(type: string, id: string): Stored {
    const version = this.known(type, id)
    if (version.deleted) {
      throw fail(gone)
    }
    return version.resource
  }

  private visible(resource: Stored): boolean {
    return this.access.sees(resource) && this.access.may('search', resource)
  }
}
