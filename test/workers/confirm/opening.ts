// Clients that open a page for their person (elicitation in URL mode).

import { create } from '../world/medplum.ts'
import { ACCEPT, type Answer, think } from './confirming.ts'
import { call, type Deletion, medplum, mine, newTask, TASK } from './deciding.ts'

export const URL_ONLY = { url: {} }
export const BOTH = { form: {}, url: {} }

/** A change that removes most of a record, each value of which is shown: too long for a form. */
export async function longChange() {
  const note = Array.from({ length: 60 }, (_, at) => ({ text: `Note ${at}` }))
  const { id } = await create(medplum, { ...TASK, note })
  return { method: 'PUT', path: `Task/${id}`, body: { ...TASK, id } }
}

/** A call on 2026-07-28 of a client that opens pages, with its question. */
export async function asked(tokens = mine): Promise<Deletion & { state: string; url: string }> {
  const { path, deletion } = await newTask()
  const { state = '', url = '' } = await call(tokens.access, deletion, { capabilities: { elicitation: URL_ONLY } })
  return { path, deletion, state, url }
}

/** The same call again, with what the client answered. */
export function again(
  { deletion, state }: { deletion: object; state: string },
  capabilities: object = { elicitation: URL_ONLY },
  by = call,
): Promise<Answer> {
  return by(mine.access, { ...deletion }, { capabilities, state, responses: ACCEPT })
}

/** Does something once the server tells that a call waits for the page. */
export function whenWaiting(act: () => unknown) {
  let isDone = false
  return {
    onprogress({ message }: { message?: string | undefined }) {
      if (isDone || !message?.includes('Waiting for the person')) return
      isDone = true
      act()
    },
  }
}

/** The time of a call is over before anybody decides. */
export const passing = () => whenWaiting(() => think(15_000))
