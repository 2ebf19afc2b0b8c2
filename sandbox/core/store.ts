/** All versions of all resources, in memory. Stored resources are never changed: a new version is a new object. */
import { createHash } from 'node:crypto'
import type { WithId } from '@medplum/core'
import type { Meta, Resource } from '@medplum/fhirtypes'

/** Medplum keeps these in `meta` and shows them only to callers in extended mode. */
type StoredMeta = Meta & { versionId: string; lastUpdated: string }
export type Stored<T extends Resource = Resource> = WithId<T> & { meta: StoredMeta }

export interface Version {
  resource: Stored
  deleted: boolean
}

/** All versions of a record that differs from the seed; none if it is expunged. */
export interface Change {
  type: string
  id: string
  versions: Version[]
}

export class Store {
  private readonly types = new Map<string, Map<string, Version[]>>()
  private seed: readonly Stored[] = []
  private undo: (() => void)[] | undefined

  /** Replaces everything by these resources, as their first versions. */
  load(resources: Stored[]): void {
    this.types.clear()
    this.seed = resources
    for (const resource of resources) {
      this.versionsOf(resource.resourceType).set(resource.id, [{ resource, deleted: false }])
    }
  }

  /** @returns the records that differ from the seed */
  changes(): Change[] {
    const seeded = new Map(this.seed.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]))
    const changes: Change[] = []
    for (const [type, byId] of this.types) {
      for (const [id, versions] of byId) {
        const key = `${type}/${id}`
        if (versions.length > 1 || versions[0]?.resource !== seeded.get(key)) changes.push({ type, id, versions })
        seeded.delete(key)
      }
    }
    const expunged = [...seeded.values()].map(({ resourceType, id }) => ({ type: resourceType, id, versions: [] }))
    return [...changes, ...expunged]
  }

  /** Applies changes that were made to the same seed or to an older one. */
  apply(changes: Change[]): void {
    for (const { type, id, versions } of changes) {
      if (versions.length > 0) this.versionsOf(type).set(id, versions)
      else this.versionsOf(type).delete(id)
    }
  }

  /** @returns the newest version, which may be a deletion */
  current(type: string, id: string): Version | undefined {
    return this.types.get(type)?.get(id)?.at(-1)
  }

  /** @returns the resource, unless it is unknown or deleted */
  get<T extends Resource = Resource>(reference: string | undefined): Stored<T> | undefined {
    const [type = '', id = ''] = reference?.split('/') ?? []
    const version = this.current(type, id)
    return version && !version.deleted ? (version.resource as Stored<T>) : undefined
  }

  /** Oldest first. */
  history(type: string, id: string): Version[] {
    return this.types.get(type)?.get(id) ?? []
  }

  /** The newest version of each resource of a type, in order of creation. */
  *all<T extends Resource>(type: T['resourceType'], deleted = false): Generator<Stored<T>> {
    for (const versions of this.types.get(type)?.values() ?? []) {
      const version = versions.at(-1)
      if (version && version.deleted === deleted) {
        yield version.resource as Stored<T>
      }
    }
  }

  typesInUse(): string[] {
    return [...this.types.keys()]
  }

  add(version: Version): void {
    const { resourceType, id } = version.resource
    const byId = this.versionsOf(resourceType)
    const before = byId.get(id)
    byId.set(id, before ? [...before, version] : [version])
    this.undo?.push(() => (before ? byId.set(id, before) : byId.delete(id)))
  }

  expunge(type: string, id: string): void {
    const byId = this.versionsOf(type)
    const before = byId.get(id)
    byId.delete(id)
    this.undo?.push(() => before && byId.set(id, before))
  }

  /** Runs `work`; if it throws, undoes what it wrote. */
  async atomically<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.undo
    const undo: (() => void)[] = []
    this.undo = undo
    try {
      const result = await work()
      outer?.push(...undo)
      return result
    } catch (error) {
      for (const step of undo.reverse()) {
        step()
      }
      throw error
    } finally {
      this.undo = outer
    }
  }

  private versionsOf(type: string): Map<string, Version[]> {
    let byId = this.types.get(type)
    if (!byId) {
      byId = new Map()
      this.types.set(type, byId)
    }
    return byId
  }
}

/** Makes first versions of resources, without validating them. */
export function firstVersions(resources: WithId<Resource>[], lastUpdated: string): Stored[] {
  return resources.map((resource) => {
    const meta = { versionId: stableId(resource), lastUpdated, ...resource.meta }
    return { ...resource, meta }
  })
}

/** The same version id in every run, so that the same request gets the same bytes. */
function stableId(resource: WithId<Resource>): string {
  const hex = createHash('sha1').update(`${resource.resourceType}/${resource.id}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
