/** What every part of the sandbox uses: the records, the logins, the clock and the settings. */

import type { Agents } from './connected-agents.ts'
import type { Jobs } from './job-queue.ts'
import type { Lifetimes, Logins } from './logins.ts'
import type { Limits } from './ratelimit.ts'
import type { World } from './seed.ts'
import type { Store } from './store.ts'

export interface Ground {
  /** Ends with a slash; known once the port is. */
  baseUrl: string
  /** Origin of the login page, which Medplum has in its App; ends with a slash, known once the port is. */
  appUrl: string
  now(): number
  /** Milliseconds that {@link now} is ahead of the machine's clock. */
  clock: { skewMs: number }
  world: World
  store: Store
  logins: Logins
  limits: Limits
  jobs: Jobs
  agents: Agents
  /** Seconds; a ClientApplication can override them. */
  lifetimes: Lifetimes
  /** Every credential ever issued or configured. */
  secrets: Set<string>
  introspection: boolean
}
