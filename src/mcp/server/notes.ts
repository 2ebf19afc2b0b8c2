// Reports calls to a grant's object: a single one at once, calls in quick succession together, so that a busy client doesn't cost
// one request to the object per call.

import { Latest } from '../../base/latest.ts'
import type { Bindings } from '../../config/settings.ts'
import { type Activity, MAX_EVENTS } from '../../oauth/grant/activity.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import type { CallerRecord } from '../../oauth/record.ts'

/** Between two requests to one object. It is short because a session's object is billed while it waits. */
const PAUSE_MS = 200
const MAX_KNOWN = 1_000

interface Pause {
  /** Milliseconds since the epoch. */
  until: number
  waiting: Activity[]
}

const pauses = new Latest<Pause>(MAX_KNOWN)

/** Notes a call in the background; a failure doesn't fail the call. */
export async function note(
  grant: Pick<CallerRecord, 'userId' | 'grantId'>,
  activity: Activity,
  env: Bindings,
): Promise<void> {
  const name = grantNameOf(grant)
  const pause = pauses.get(name)
  if (pause && Date.now() < pause.until) {
    pause.waiting.push(activity)
    // The first call that waits sends all of them.
    if (pause.waiting.length > 1) return
    await new Promise((resolve) => setTimeout(resolve, pause.until - Date.now()))
    if (pause.waiting.length > 0) await send(name, pause.waiting.splice(0), env)
    return
  }
  // Also those whose sender may have ended before it sent them.
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
