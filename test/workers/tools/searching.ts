// Calls of the tool search.
import { afterEach, beforeAll } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { contract } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'

export interface Found {
  results: { id: string; title: string; url: string }[]
}

export const MARISOL = `Patient/${PATIENT_IDS.diabetic}`

export let access: string

export let token: string

export const search = (query: string) => contract<Found>(access, 'search', { query })

export const titlesOf = async (query: string) => (await search(query)).results.map(({ title }) => title)

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(alice)).access
    token = await medplumToken()
  })
  afterEach(() => sandbox.clearFaults())
}
