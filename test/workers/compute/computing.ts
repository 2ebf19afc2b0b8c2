// Calls of fhir-compute.
import { afterEach, beforeAll, vi } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool } from '../world/surface.ts'
import { sandbox } from '../world/world.ts'

export const OWN = PATIENT_IDS.diabetic

export let access: string

export let medplum: string

export async function compute(code: string, token = access) {
  const { isError, content } = await callTool(token, 'fhir-compute', { code })
  return { isError, text: content.map(({ text }) => text).join('\n') }
}

/** What a program returns, exactly: it writes the JSON itself. */
export async function returned(code: string, token = access): Promise<unknown> {
  const { isError, text } = await compute(
    `const f = async () => { ${code}\n }\nreturn JSON.stringify(await f())`,
    token,
  )
  if (isError) throw new Error(text)
  const json = text.split('\n')[0] ?? ''
  return JSON.parse(json.startsWith('"') ? JSON.parse(json) : json)
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    medplum = await medplumToken()
    access = (await signIn()).access
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await sandbox.clearFaults()
  })
}
