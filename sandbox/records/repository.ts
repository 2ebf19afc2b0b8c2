/**
 * The records as one caller may use them: FhirRepository over the store, with Medplum's rules about ids, versions and
 * deletion. FhirRouter drives it, for single requests, bundles and GraphQL alike.
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
import { fail } from '../ground/answers.ts'
import { COST } from '../ground/ratelimit.ts'
import type { Stored, Version } from '../ground/store.ts'
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
    // An id that the sender chose is ignored; one that the server gave out for a bundle is kept.
    const id = options?.assignedId && resource.id ? resource.id : this.generateId()
    return this.write({ ...resource, id }, 'create')
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    this.consume(COST.write)
    return this.update(resource, options)
  }

  /** Medplum heeds If-Match on PUT only: a stale PATCH or DELETE succeeds. */
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

  /** Deleting what is deleted succeeds and leaves no further version. */
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
    this.ground.store.add({ resource: { ...resource, meta: { ...resource.meta, ...this.stamp() } }, deleted: true })
  }

  withTransaction<TResult>(work: (records: this) => Promise<TResult>): Promise<TResult> {
    return this.ground.store.atomically(() => work(this))
  }

  /**
   * Erases a resource with its history. As in Medplum, neither access policy nor scope stops a project admin.
   * @param everything also what belongs to this patient
   */
  expunge(type: string, id: string, everything = false): OperationOutcome {
    if (!this.access.administers) {
      throw fail(forbidden)
    }
    this.known(type, id)
    const belonging = everything ? this.readable().flatMap(([, all]) => all) : []
    for (const one of belonging.filter((other) => patientsOf(other).includes(`${type}/${id}`))) {
      this.ground.store.expunge(one.resourceType, one.id)
    }
    this.ground.store.expunge(type, id)
    return allOk
  }

  /** Writes as the server itself does: into the caller's project, outside of policy and quota. */
  keep<T extends Resource>(resource: T): WithId<T> {
    const { project } = this.access.caller
    const id = resource.id ?? this.generateId()
    const stored = { ...resource, id, meta: { ...resource.meta, ...this.stamp(), project: project.id } } as Stored<T>
    this.ground.store.add({ resource: stored, deleted: false })
    return this.presentation.show(stored)
  }

  /** By FHIR R4, and by the profiles that the resource names, as far as they are here. */
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
    const plain = withBinaryUrls(this.ground, JSON.parse(stringify(resource)) as WithId<T>)
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
    this.ground.store.add({ resource: next, deleted: false })
    return this.presentation.show(next)
  }

  private stamp() {
    return { versionId: randomUUID(), lastUpdated: new Date(this.ground.now()).toISOString() }
  }
}

/** @returns the repository that a route of FhirRouter was given */
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

/** Medplum streams a file into its storage: the size that FHIR allows base64 in JSON is not for it. */
function withoutData(resource: Resource): Resource {
  if (resource.resourceType !== 'Binary') {
    return resource
  }
  const { data: _, ...rest } = resource
  return rest
}
