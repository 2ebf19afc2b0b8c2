import { beforeAll, expect } from 'vitest'
import { GET } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { SANDBOX, sam } from '../world/world.ts'

const SECRET = 'unmistakable-secret'

export const secret = (n: number) => `${SECRET}-${n}`

export const SIGNING = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'

export let access: string

export let medplum: string

export async function direct(method: string, path: string, body?: object): Promise<Resource> {
  const headers = { authorization: `Bearer ${medplum}`, 'content-type': 'application/fhir+json' }
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
  const response = await fetch(`${SANDBOX}fhir/R4/${path}`, init)
  if (!response.ok) throw new Error(`Medplum answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** A call whose answer contains no secret. */
export async function call(args: Record<string, unknown>): Promise<{ isError: boolean; text: string }> {
  const answer = await fhir(access, args)
  expect(JSON.stringify(answer)).not.toMatch(/unmistakable-secret|47114711/)
  return answer
}

export async function read(path: string): Promise<Resource> {
  return JSON.parse((await call(GET(path, { format: 'json' }))).text)
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(sam)).access
    medplum = await medplumToken(sam)
  })
}
