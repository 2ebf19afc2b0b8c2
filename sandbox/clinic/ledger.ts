/**
 * Where records are written down in dependency order. A record gets its id from its own name at the moment it is entered, so a
 * reference can only point at something that is already there.
 */
import type { Reference, Resource } from '@medplum/fhirtypes'
import { uuid } from './random.ts'

export type Entered<T extends Resource> = T & { id: string }

export interface Ledger {
  readonly resources: Resource[]
  /** @param name unique among the records of its type, and stable: the id is made from it */
  enter<T extends Resource>(name: string, record: T): Entered<T>
}

export function ledger(): Ledger {
  const resources: Resource[] = []
  return {
    resources,
    enter<T extends Resource>(name: string, record: T): Entered<T> {
      const { resourceType, ...rest } = record
      const entered = { resourceType, id: idOf(resourceType, name), ...rest } as unknown as Entered<T>
      resources.push(entered)
      return entered
    },
  }
}

export function idOf(resourceType: Resource['resourceType'], name: string): string {
  return uuid(`${resourceType}/${name}`)
}

export function to<T extends Resource>(target: Entered<T>, display?: string): Reference<T> {
  return { reference: `${target.resourceType}/${target.id}`, ...(display === undefined ? {} : { display }) }
}
