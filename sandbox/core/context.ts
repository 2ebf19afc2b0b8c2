/** What every part of one running sandbox shares: the records, logins, clock and settings. */

import type { Agents } from './connected-agents.ts'
import type { Jobs } from './job-queue.ts'
import type { Lifetimes, Logins } from './logins.ts'
import type { Limits } from './ratelimit.ts'
import type { World } from './seed.ts'
import type { Store } from './store.ts'

export interface SandboxContext {
  /** Ends with a slash; empty until the server listens. */
  baseUrl: string
  /** Origin of the login page, which in Medplum belongs to the App; ends with a slash, empty until the server listens. */
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
