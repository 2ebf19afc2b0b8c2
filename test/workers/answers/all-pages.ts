// All pages of a search, read as the server reads them.
import { afterEach, beforeAll } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { type AllPages, type ReadOptions, readAll } from '../../../src/client/read-all.ts'
import { medplumClient, medplumToken } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'

export const chart = `Patient/${PATIENT_IDS.diabetic}`

export let token: string

export const client = (timeoutMs?: number) => medplumClient(token, timeoutMs)

type Told = [progress: number, total: number | undefined]

/** Reads all pages; also returns the requests, relative to the base, and the reported progress. */
export async function read(path: string, options: Partial<ReadOptions> = {}, fhir = client()) {
  const told: Told[] = []
  const progress = async (done: number, total: number | undefined) => void told.push([done, total])
  const signal = new AbortController().signal
  const { result, requests } = await sandbox.during(() =>
    readAll(fhir, path, { cap: 20_000, progress, signal, ...options }),
  )
  return { ...result, told, asked: requests.map((one) => one.path.replace('/fhir/R4', '').replace(/^\//, '')) }
}

/** `Type/id` of each entry, in order. */
export function references({ entries }: Pick<AllPages, 'entries'>): string[] {
  return entries.map(({ resource }) => {
    const { resourceType, id } = resource as { resourceType: string; id: string }
    return `${resourceType}/${id}`
  })
}

export function sorted(list: Iterable<string>): string[] {
  return [...list].sort()
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    token = await medplumToken()
  })
  afterEach(() => sandbox.clearFaults())
}
