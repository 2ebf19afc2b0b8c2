// Calls of the tool fetch.
import { afterEach, beforeAll } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { contract } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'

interface Fetched {
  id: string
  title: string
  text: string
  url: string
  metadata?: { versionId: string; lastUpdated: string }
}

export const MARISOL = `Patient/${PATIENT_IDS.diabetic}`

export let access: string

export let token: string

export const fetched = (id: string) => contract<Fetched>(access, 'fetch', { id })

export const linesOf = async (id: string) => (await fetched(id)).text.split('\n')

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(alice)).access
    token = await medplumToken()
  })
  afterEach(() => sandbox.clearFaults())
}
