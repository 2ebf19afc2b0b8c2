// Changes that a person is asked about.
import { beforeAll, expect } from 'vitest'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { ACCEPT, type Call, calls, direct, writesDuring } from './confirming.ts'

export let access: string

export let medplum: string

export const everything = calls({ CONFIRM: 'write' })

export const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }

export const newTask = (more: object = {}) => create(medplum, { ...TASK, ...more })

export async function touch(path: string): Promise<void> {
  const { status } = await direct(medplum, 'PATCH', path, [{ op: 'add', path: '/priority', value: 'urgent' }])
  if (status !== 200) throw new Error(`Medplum answered ${status}`)
}

/** Asks, and answers yes. */
export async function agreed(call: Call, args: Record<string, unknown>, meanwhile = async () => {}) {
  const asked = await writesDuring(() => call(access, args))
  expect(asked.writes).toEqual([])
  const { question, state } = asked.result
  if (question === undefined) throw new Error(`Not asked: ${asked.result.text}`)
  await meanwhile()
  const { result, writes } = await writesDuring(() => call(access, args, { state, responses: ACCEPT }))
  return { question, result, writes }
}

/** What a file of these tests does before and after them. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn()).access
    medplum = await medplumToken()
  })
}
