// Questions about changes.
import { beforeAll, expect } from 'vitest'
import { bundleOf, POST } from '../../calls.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { sam } from '../world/world.ts'
import { type Answer, calls, Decider, linkIn, writesDuring } from './confirming.ts'

export const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }

export const call = calls()

export let access: string

export let medplum: string

export const make = (resource: { resourceType: string; [name: string]: unknown }) => create(medplum, resource)

export const batch = (entry: object[], type = 'batch') => POST('', bundleOf(type, entry))

/** What happens to a call, of which nothing but reads may reach Medplum. */
export async function asked(args: Record<string, unknown>): Promise<Answer> {
  const { result, writes } = await writesDuring(() => call(access, args))
  expect(writes).toEqual([])
  return result
}

/** All that the person is shown: in the client's form, or on the page that the answer links to. */
export async function shown(args: Record<string, unknown>): Promise<string[]> {
  const answer = await asked(args)
  if (answer.question !== undefined) return answer.question.split('\n')
  const { html } = await new Decider().open(linkIn(answer.text), sam)
  return (/<pre>([\s\S]*?)<\/pre>/.exec(html)?.[1] ?? '').split('\n')
}

export async function refusal(args: Record<string, unknown>): Promise<string> {
  const { isError, question, text } = await asked(args)
  expect({ isError, question }).toEqual({ isError: true, question: undefined })
  return text
}

/** What a file of these tests does before and after them. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(sam)).access
    medplum = await medplumToken(sam)
  })
}
