/**
 * Collects records in dependency order. A record gets its id, made from its name, when it is entered, so a reference can only point
 * to a record that already exists.
 */
import type { Reference, Resource } from '@medplum/fhirtypes'
import { uuid } from './random.ts'

export type Entered<T extends Resource> = T & { id: string }

export interface Ledger {
  readonly resources: Resource[]
  /** @param name unique among the records of its type, and stable: the id is made from it */
  enter<T extends Resource>(name: string, record: T): Entered<T>
}

export function createLedger(): Ledger {
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

export function referenceTo<T extends Resource>(target: Entered<T>, display?: string): Reference<T> {
  return { reference: `${target.resourceType}/${target.id}`, ...(display === undefined ? {} : { display }) }
}
