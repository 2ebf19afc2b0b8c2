/** How stored resources look in answers: without what Medplum keeps to itself, and with their full URL in Bundles. */
import { allOk, deepClone, gone, type WithId } from '@medplum/core'
import type { BundleEntry, Resource } from '@medplum/fhirtypes'
import { patientsOf } from './compartment.ts'
import type { Stored, Version } from './store.ts'

export class Presentation {
  private readonly baseUrl: string
  private readonly extended: boolean

  /** @param extended whether the caller asked to see project, author and compartments (`X-Medplum: extended`) */
  constructor(baseUrl: string, extended: boolean) {
    this.baseUrl = baseUrl
    this.extended = extended
  }

  /** @returns a copy that may be changed */
  show<T extends Resource>(resource: Stored<T>): WithId<T> {
    const copy = deepClone(resource)
    const { author, project, ...meta } = copy.meta
    const compartment = [project ? `Project/${project}` : undefined, ...patientsOf(resource)]
      .filter((one) => one !== undefined)
      .map((reference) => ({ reference }))
    return { ...copy, meta: this.extended ? { ...meta, author, project, compartment } : meta }
  }

  url(type: string, id: string): string {
    return `${this.baseUrl}fhir/R4/${type}/${id}`
  }

  match(resource: WithId<Resource>): BundleEntry {
    return { fullUrl: this.url(resource.resourceType, resource.id), search: { mode: 'match' }, resource }
  }

  version({ resource, deleted }: Version): BundleEntry {
    const { resourceType, id, meta } = resource
    const text = `Deleted on ${new Date(meta.lastUpdated)}`
    const issue = gone.issue.map((one) => ({ ...one, details: { text } }))
    return {
      fullUrl: this.url(resourceType, id),
      request: { method: 'GET', url: `${resourceType}/${id}/_history/${meta.versionId}` },
      response: deleted ? { status: '410', outcome: { ...gone, issue } } : { status: '200', outcome: allOk },
      ...(deleted ? {} : { resource: this.show(resource) }),
    }
  }
}
