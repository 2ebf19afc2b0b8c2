/**
 * The records as one caller may use them: a FhirRepository over the store, with Medplum's rules about ids, versions and deletion.
 * FhirRouter calls it for single requests, bundles and GraphQL.
 */

import { randomUUID } from 'node:crypto'
import {
  allOk,
  applyPatch,
  badRequest,
  deepClone,
  deepEquals,
  fhirpathPatchTypedValue,
  forbidden,
  isResourceType,
  isUUID,
  type Operation,
  parseFhirPathPatchParameters,
  preconditionFailed,
  stringify,
  toTypedValue,
  validateResource,
  validateResourceType,
  type WithId,
} from '@medplum/core'
import type { CreateResourceOptions, FhirRequest, UpdateResourceOptions } from '@medplum/fhir-router'
import type { OperationOutcome, Parameters, Resource, StructureDefinition } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { COST } from '../core/ratelimit.ts'
import type { Stored, Version } from '../core/store.ts'
import { withBinaryUrls } from './attachments.ts'
import { patientsOf } from './compartment.ts'
import { Reading } from './reading.ts'
import { resolveConditionalReferences } from './references.ts'

export class Records extends Reading {
  generateId(): string {
    return randomUUID()
  }

  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    this.consume(COST.write)
    if (!isResourceType(resource.resourceType)) {
      throw fail(badRequest(`Unknown data type: ${resource.resourceType}`))
    }
    this.validate(resource)
    this.checkType('create', resource.resourceType)
    // An id that the client chose is ignored; one that the server assigned in a bundle is kept.
    const id = options?.assignedId && resource.id ? resource.id : this.generateId()
    return this.write({ ...resource, id }, 'create')
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    this.consume(COST.write)
    return this.update(resource, options)
  }

  /** Medplum checks If-Match on PUT only: a PATCH or DELETE with a stale version succeeds. */
  async patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
  ): Promise<WithId<T>> {
    this.consume(COST.write)
    this.checkType('update', type)
    const resource = deepClone(this.live(type, id) as Stored<T>)
    if (Array.isArray(patch)) {
      const errors = applyPatch(resource, patch).filter((error) => error !== null)
      if (errors.length > 0) {
        throw fail(badRequest(errors.map((error) => error.message).join('\n')))
      }
    } else if (patch.parameter) {
      fhirpathPatchTypedValue(toTypedValue(resource), parseFhirPathPatchParameters(patch))
    }
    return this.update<T>(resource)
  }

  /** Deleting a deleted resource succeeds and adds no version. */
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
    this.context.store.add({ resource: { ...resource, meta: { ...resource.meta, ...this.stamp() } }, deleted: true })
  }

  withTransaction<TResult>(work: (records: this) => Promise<TResult>): Promise<TResult> {
    return this.context.store.atomically(() => work(this))
  }

  /**
   * Erases a resource with its history. As in Medplum, neither access policy nor scope stops a project admin.
   * @param everything whether to erase also all resources of this patient
   */
  expunge(type: string, id: string, everything = false): OperationOutcome {
    if (!this.access.administers) {
      throw fail(forbidden)
    }
    this.known(type, id)
    const belonging = everything ? this.readable().flatMap(([, all]) => all) : []
    for (const one of belonging.filter((other) => patientsOf(other).includes(`${type}/${id}`))) {
      this.context.store.expunge(one.resourceType, one.id)
    }
    this.context.store.expunge(type, id)
    return allOk
  }

  /** Writes into the caller's project as the server itself: regardless of policy and quota. */
  writeAsServer<T extends Resource>(resource: T): WithId<T> {
    const { project } = this.access.caller
    const id = resource.id ?? this.generateId()
    const stored = { ...resource, id, meta: { ...resource.meta, ...this.stamp(), project: project.id } } as Stored<T>
    this.context.store.add({ resource: stored, deleted: false })
    return this.presentation.show(stored)
  }

  /** Validates by FHIR R4 and by those of the resource's profiles that are stored here. */
  validate(resource: Resource): void {
    validateResource(withoutData(resource))
    for (const url of resource.meta?.profile ?? []) {
      const profile = this.all<StructureDefinition>('StructureDefinition').find((one) => one.url === url)
      if (profile) {
        validateResource(resource, { profile })
      }
    }
  }

  private update<T extends Resource>(resource: T, options?: UpdateResourceOptions): WithId<T> {
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
    if (!this.access.may('update', existing.resource)) {
      throw fail(forbidden)
    }
    if (options?.ifMatch && options.ifMatch !== existing.resource.meta.versionId) {
      throw fail(preconditionFailed)
    }
    return this.write({ ...resource, id }, 'update', existing)
  }

  private write<T extends Resource>(resource: WithId<T>, how: 'create' | 'update', before?: Version): WithId<T> {
    const plain = withBinaryUrls(this.context, JSON.parse(stringify(resource)) as WithId<T>)
    const resolved = resolveConditionalReferences(plain, (request) => {
      this.consume(COST.search)
      return this.matches(request)
    })
    const { project, membership } = this.access.caller
    const { author: _, compartment: __, ...meta } = resolved.meta ?? {}
    const author = membership.profile ?? { reference: 'system' }
    const owner = before ? before.resource.meta.project : project.id
    const next = { ...resolved, meta: { ...meta, ...this.stamp(), author, project: owner } } as Stored<T>
    if (before && !before.deleted && deepEquals(before.resource, next)) {
      return this.presentation.show(before.resource as Stored<T>)
    }
    if (!this.access.may(how, next)) {
      throw fail(forbidden)
    }
    this.context.store.add({ resource: next, deleted: false })
    return this.presentation.show(next)
  }

  private stamp() {
    return { versionId: randomUUID(), lastUpdated: new Date(this.context.now()).toISOString() }
  }
}

/** @param repo as FhirRouter passes it to a route */
export function recordsOf(repo: unknown): Records {
  if (repo instanceof Records) {
    return repo
  }
  throw new TypeError('The sandbox routes only over Records')
}

/** @returns a parameter of the path */
export function paramOf(req: FhirRequest, name: string): string {
  return req.params[name] ?? ''
}

/** Leaves out a Binary's content: Medplum keeps it in its file storage, where validation's size limit for base64 doesn't apply. */
function withoutData(resource: Resource): Resource {
  if (resource.resourceType !== 'Binary') {
    return resource
  }
  const { data: _, ...rest } = resource
  return rest
}
