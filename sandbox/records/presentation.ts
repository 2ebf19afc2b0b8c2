/** Stored resources as answers show them: without internal metadata, and with a full URL in Bundles. */
import { allOk, gone, type WithId } from '@medplum/core'
import type { Binary, BundleEntry, Resource } from '@medplum/fhirtypes'
import type { SandboxContext } from '../core/context.ts'
import type { Stored, Version } from '../core/store.ts'
import { withSignedUrls } from './attachments.ts'
import { patientsOf } from './compartment.ts'

export class Presentation {
  private readonly context: SandboxContext
  private readonly extended: boolean
  private readonly file: (id: string) => WithId<Binary> | undefined

  /**
   * @param extended whether the caller asked to see project, author and compartments (`X-Medplum: extended`)
   * @param file finds a Binary that the caller may read
   */
  constructor(context: SandboxContext, extended: boolean, file: (id: string) => WithId<Binary> | undefined) {
    this.context = context
    this.extended = extended
    this.file = file
  }

  /** @returns a copy, which the caller may change; a Binary without its content */
  show<T extends Resource>(resource: Stored<T>): WithId<T> {
    const copy = withSignedUrls(this.context, withoutContent(resource), this.file)
    const { author, project, account, accounts, ...meta } = copy.meta
    const kept = { ...(account && { account }), ...(accounts && { accounts }) }
    const compartment = [project ? `Project/${project}` : undefined, ...patientsOf(resource)]
      .filter((one) => one !== undefined)
      .map((reference) => ({ reference }))
    return { ...copy, meta: this.extended ? { ...meta, author, project, ...kept, compartment } : meta }
  }

  url(type: string, id: string): string {
    return `${this.context.baseUrl}fhir/R4/${type}/${id}`
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

function withoutContent<T extends Resource>(resource: Stored<T>): Stored<T> {
  if (resource.resourceType !== 'Binary') {
    return resource
  }
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name !== 'data')) as Stored<T>
}
