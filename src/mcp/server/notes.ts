// Tells a grant's object of its calls: of a single one at once, of those that follow closely all together, so that a client that
// asks much doesn't cost a request to the object a call.

import { Latest } from '../../base/latest.ts'
import type { Bindings } from '../../config/settings.ts'
import { type Activity, MAX_EVENTS } from '../../oauth/grant/activity.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import type { CallerRecord } from '../../oauth/record.ts'

/** Between two requests to one object. Short: a session's object is billed for its duration while it waits. */
const PAUSE_MS = 200
const MAX_KNOWN = 1_000

interface Pause {
  /** Milliseconds since the epoch. */
  until: number
  waiting: Activity[]
}

const pauses = new Latest<Pause>(MAX_KNOWN)

/** Nobody waits for it, and that it fails is no failure of the call. */
export async function note(
  grant: Pick<CallerRecord, 'userId' | 'grantId'>,
  activity: Activity,
  env: Bindings,
): Promise<void> {
  const name = grantNameOf(grant)
  const pause = pauses.get(name)
  if (pause && Date.now() < pause.until) {
    pause.waiting.push(activity)
    // The first one that waits sends them all.
    if (pause.waiting.length > 1) return
    await new Promise((resolve) => setTimeout(resolve, pause.until - Date.now()))
    if (pause.waiting.length > 0) await send(name, pause.waiting.splice(0), env)
    return
  }
  // What still waits was to be sent by a request that was ended meanwhile, or is about to.
  await send(name, [...(pause?.waiting.splice(0) ?? []), activity], env)
}

async function send(name: string, activities: Activity[], env: Bindings): Promise<void> {
  pauses.set(name, { until: Date.now() + PAUSE_MS, waiting: [] })
  await env.GRANT.getByName(name)
    .note(...activities.slice(-MAX_EVENTS))
    .catch(() => {
      console.warn(JSON.stringify({ event: 'note_failed' }))
    })
}
