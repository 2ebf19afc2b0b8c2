// A person's connection, and records that it may ask to delete.
import { afterEach, beforeAll, vi } from 'vitest'
import { DELETE } from '../../calls.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice } from '../world/world.ts'
import { calls, direct } from './confirming.ts'

export let mine: Tokens

export let medplum: string

export const call = calls()

/** A call of a client that can't ask. */
export const withoutForms = (args: Record<string, unknown>, tokens = mine) =>
  call(tokens.access, args, { capabilities: {} })

export const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call "the" patient' }

export interface Deletion {
  path: string
  deletion: { method: string; path: string }
}

/** Stores a Task, to be deleted. */
export async function newTask(more: object = {}): Promise<Deletion> {
  const { id } = await create(medplum, { ...TASK, ...more })
  return { path: `Task/${id}`, deletion: DELETE(`Task/${id}`) }
}

export const touch = async (path: string) =>
  (await direct(medplum, 'PATCH', path, [{ op: 'replace', path: '/status', value: 'accepted' }])).text()

/** What a file of these tests does before and after them. */
export function setUp(): void {
  beforeAll(async () => {
    mine = await signIn(alice)
    medplum = await medplumToken()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}
