/**
 * The records as one caller may use them: FhirRepository over the store, with Medplum's rules about access, ids,
 * versions, deletion and quota. FhirRouter drives it, for single requests, bundles and GraphQL alike.
 */
import { randomUUID } from 'node:crypto'
import {
  type AccessPolicyInteraction,
  allOk,
  applyPatch,
  badRequest,
  deepClone,
  deepEquals,
  fhirpathPatchTypedValue,
  forbidden,
  gone,
  isResourceType,
  isUUID,
  notFound,
  type Operation,
  OperationOutcomeError,
  Operator,
  parseFhirPathPatchParameters,
  preconditionFailed,
  type SearchRequest,
  stringify,
  toTypedValue,
  validateResource,
  validateResourceType,
  type WithId,
} from '@medplum/core'
import {
  FhirRepository,
  getExtraEntries,
  type ReadHistoryOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router'
import type { Bundle, BundleEntry, OperationOutcome, Parameters, Reference, Resource } from '@medplum/fhirtypes'
import { Access } from './access.ts'
import type { Caller } from './caller.ts'
import { patientsOf } from './compartment.ts'
import type { Ground } from './ground.ts'
import { COST, LimitReached } from './ratelimit.ts'
import { resolveConditionalReferences } from './references.ts'
import { find, normalize } from './search.ts'
import type { Stored, Version } from './store.ts'
import { subset } from './subset.ts'

const fail = (outcome: OperationOutcome) => new OperationOutcomeError(outcome)

export class Records extends FhirRepository {
  readonly access: Access
  /** The RateLimit member of the last thing that took from the quota. */
  quota: string | undefined
  private readonly ground: Ground
  private readonly extended: boolean

  /** @param extended whether the caller asked to see project, author and compartments */
  constructor(ground: Ground, caller: Caller, extended: boolean) {
    super()
    this.ground = ground
    this.access = new Access(ground.store, caller)
    this.extended = extended
  }

  setMode(): void {}

  generateId(): string {
    return randomUUID()
  }

  async createResource<T extends Resource>(resource: T, options?: { assignedId?: boolean }): Promise<WithId<T>> {
    this.consume(COST.write)
    if (!isResourceType(resource.resourceType)) {
      throw fail(badRequest(`Unknown data type: ${resource.resourceType}`))
    }
    this.validate(resource)
    this.checkType('create', resource.resourceType)
    const id = options?.assignedId && resource.id ? resource.id : this.generateId()
    return this.write({ ...resource, id }, 'create')
  }

  async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    this.consume(COST.read)
    validateResourceType(type)
    this.checkType('read', type)
    return this.show(this.live(type, id)) as WithId<T>
  }

  async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [type, id, ...rest] = reference.reference?.split('/') ?? []
    if (!type || !id || rest.length > 0) {
      throw fail(badRequest('Invalid reference'))
    }
    return this.readResource(type, id)
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
    const versions = this.ground.store.history(type, id).filter((one) => this.access.sees(one.resource))
    if (versions.length === 0) {
      throw fail(notFound)
    }
    const from = options?.offset ?? 0
    const entry = versions.toReversed().slice(from, from + (options?.limit ?? 100))
    return {
      resourceType: 'Bundle',
      type: 'history',
      entry: entry.map((version) => this.historyEntry(version)) as BundleEntry<WithId<T>>[],
      total: versions.length,
    }
  }

  async readVersion<T extends Resource>(type: string, id: string, versionId: string): Promise<WithId<T>> {
    this.consume(COST.read)
    this.checkType('vread', type)
    const version = this.ground.store.history(type, id).find((one) => one.resource.meta.versionId === versionId)
    if (!version || !this.access.sees(version.resource)) {
      throw fail(notFound)
    }
    if (version.deleted) {
      throw fail(gone)
    }
    return this.show(version.resource) as WithId<T>
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    this.consume(COST.write)
    const { resourceType, id } = resource
    if (!id) {
      throw fail(badRequest('Missing id'))
    }
    this.validate(resource)
    if (!isUUID(id)) {
      throw fail(badRequest('Invalid id'))
    }
    this.checkType('update', resourceType)
    const existing = this.known(resourceType, id)
    if (!existing.deleted && !this.access.may('update', existing.resource)) {
      throw fail(forbidden)
    }
    if (options?.ifMatch && options.ifMatch !== existing.resource.meta.versionId) {
      throw fail(preconditionFailed)
    }
    return this.write({ ...resource, id }, 'update', existing)
  }

  /** Medplum heeds If-Match on PUT only: a stale PATCH or DELETE succeeds. */
  async patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
  ): Promise<WithId<T>> {
    this.checkType('update', type)
    const resource = deepClone(this.live(type, id)) as WithId<T>
    if (Array.isArray(patch)) {
      const errors = applyPatch(resource, patch).filter((error) => error !== null)
      if (errors.length > 0) {
        throw fail(badRequest(errors.map((error) => error.message).join('\n')))
      }
    } else if (patch.parameter) {
      fhirpathPatchTypedValue(toTypedValue(resource), parseFhirPathPatchParameters(patch))
    }
    return this.updateResource(resource)
  }

  async deleteResource(type: string, id: string): Promise<void> {
    this.consume(COST.write)
    validateResourceType(type)
    this.checkType('delete', type)
    const { deleted, resource } = this.known(type, id)
    if (deleted) {
      return
    }
    if (!this.access.may('delete', resource)) {
      throw fail(forbidden)
    }
    const meta = { ...resource.meta, versionId: randomUUID(), lastUpdated: this.timestamp() }
    this.ground.store.add({ resource: { ...resource, meta }, deleted: true })
  }

  async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    this.consume(COST.search * (request.types?.length ?? 1))
    normalize(request)
    for (const type of request.types ?? [request.resourceType]) {
      this.checkType('search', type)
    }
    const page = find(this.ground.store, this.ground.baseUrl, request, (one) => this.visible(one))
    const entries = page.resources.map((resource): BundleEntry => this.entry(this.show(resource), 'match'))
    if (entries.length > 0 && (request.include || request.revInclude)) {
      const fullUrl = (type: string, id: string) => `${this.ground.baseUrl}fhir/R4/${type}/${id}`
      const executeSearch = async (included: SearchRequest) =>
        find(this.ground.store, this.ground.baseUrl, included, (one) => this.visible(one)).resources.map((one) =>
          this.show(one),
        )
      await getExtraEntries<Resource>(this, request, page.resources, entries, { fullUrl, executeSearch })
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

  withTransaction<TResult>(work: (records: this) => Promise<TResult>): Promise<TResult> {
    return this.ground.store.atomically(() => work(this))
  }

  /** Erases a resource with its history. The access policy and scopes aren't asked: that is Medplum's behaviour. */
  expunge(type: string, id: string): OperationOutcome {
    if (!this.access.administers) {
      throw fail(forbidden)
    }
    this.known(type, id)
    this.ground.store.expunge(type, id)
    return allOk
  }

  /** @returns every live resource of the patient's compartment, the patient first */
  everything(patient: WithId<Resource>): BundleEntry[] {
    const reference = `Patient/${patient.id}`
    const others = this.ground.store
      .typesInUse()
      .filter((type) => type !== 'Patient' && this.access.mayType('search', type))
      .flatMap((type) => [...this.ground.store.all<Resource>(type as Resource['resourceType'])])
      .filter((one) => this.visible(one) && patientsOf(one).includes(reference))
    return [this.entry(patient, 'match'), ...others.map((one) => this.entry(this.show(one), 'match'))]
  }

  validate(resource: Resource): void {
    validateResource(resource)
  }

  consume(units: number): void {
    const { project, membership } = this.access.caller
    try {
      this.quota = this.ground.limits.interaction(project, membership.id, units)
    } catch (error) {
      this.quota = error instanceof LimitReached ? error.header : this.quota
      throw error
    }
  }

  private write<T extends Resource>(resource: WithId<T>, how: 'create' | 'update', before?: Version): WithId<T> {
    const plain = JSON.parse(stringify(resource)) as WithId<T>
    const resolved = resolveConditionalReferences(plain, (request) => {
      normalize(request)
      return find(this.ground.store, this.ground.baseUrl, request, (one) => this.visible(one)).resources
    })
    const { project, membership } = this.access.caller
    const { author: _, compartment: __, ...meta } = resolved.meta ?? {}
    const next: Stored<T> = {
      ...resolved,
      meta: {
        ...meta,
        versionId: randomUUID(),
        lastUpdated: this.timestamp(),
        author: membership.profile ?? { reference: 'system' },
        project: before ? before.resource.meta.project : project.id,
      },
    } as Stored<T>
    if (before && !before.deleted && deepEquals(before.resource, next)) {
      return this.show(before.resource) as WithId<T>
    }
    if (!this.access.may(how, next)) {
      throw fail(forbidden)
    }
    this.ground.store.add({ resource: next, deleted: false })
    return this.show(next) as WithId<T>
  }

  private checkType(interaction: AccessPolicyInteraction, type: string): void {
    if (!this.access.mayType(interaction, type)) {
      throw fail(forbidden)
    }
  }

  private visible(resource: Stored): boolean {
    return this.access.sees(resource) && this.access.may('search', resource)
  }

  /** What lies outside the caller's project or criteria doesn't exist. */
  private known(type: string, id: string): Version {
    const version = this.ground.store.current(type, id)
    if (!version || !this.access.sees(version.resource) || !this.access.may('read', version.resource)) {
      throw fail(notFound)
    }
    return version
  }

  private live(type: string, id: string): Stored {
    const version = this.known(type, id)
    if (version.deleted) {
      throw fail(gone)
    }
    return version.resource
  }

  private show<T extends Resource>(resource: Stored<T>): WithId<T> {
    const { author, project, ...meta } = deepClone(resource.meta)
    const copy = deepClone(resource)
    const compartment = [project ? `Project/${project}` : undefined, ...patientsOf(resource)]
      .filter((one) => one !== undefined)
      .map((reference) => ({ reference }))
    return { ...copy, meta: this.extended ? { ...meta, author, project, compartment } : meta }
  }

  private entry(resource: WithId<Resource>, mode: 'match' | 'include'): BundleEntry {
    return {
      fullUrl: `${this.ground.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`,
      search: { mode },
      resource,
    }
  }

  private historyEntry({ resource, deleted }: Version): BundleEntry {
    const { resourceType, id, meta } = resource
    const [issue] = gone.issue
    const text = `Deleted on ${new Date(meta.lastUpdated)}`
    return {
      fullUrl: `${this.ground.baseUrl}fhir/R4/${resourceType}/${id}`,
      request: { method: 'GET', url: `${resourceType}/${id}/_history/${meta.versionId}` },
      response: deleted
        ? {
            status: '410',
            outcome: { ...gone, issue: [{ severity: 'error', code: 'deleted', ...issue, details: { text } }] },
          }
        : { status: '200', outcome: allOk },
      ...(deleted ? {} : { resource: this.show(resource) }),
    }
  }

  private timestamp(): string {
    return new Date(this.ground.now()).toISOString()
  }
}
