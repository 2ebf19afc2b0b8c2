// Calls of `show`.
import { beforeAll } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import type { Shown } from '../../../src/tools/show/shown.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool } from '../world/surface.ts'
import { alice } from '../world/world.ts'

export const OWN = PATIENT_IDS.diabetic
export const MARISOL = `Patient/${OWN}`
export const LOINC = 'http://loinc.org'

export let access: string
export let medplum: string
/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(alice)).access
    medplum = await medplumToken()
  })
}

/** What a call of `show` draws and says. */
export async function show<T extends Shown>(args: Record<string, unknown>) {
  const { isError, content, structured } = await callTool(access, 'show', args)
  if (isError) throw new Error(content[0]?.text)
  return { shown: structured as unknown as T, text: content.map(({ text }) => text).join('\n') }
}

/** A patient of this name, with Observations of one made-up code. */
export async function patientWith(name: string, observations: Record<string, unknown>[]): Promise<string> {
  const { id } = await create(medplum, { resourceType: 'Patient', name: [{ text: name }] })
  for (const one of observations) {
    await create(medplum, {
      ...{ resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${id}` } },
      ...{ code: { coding: [{ system: LOINC, code: '99999-9' }], text: 'Made up' }, ...one },
    })
  }
  return `Patient/${id}`
}
