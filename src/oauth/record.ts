// Types for a connection: the grant's props, the caller of a verified token, and the state of a grant.
import type { Level } from '../access/access.ts'
import type { Narrowing } from '../access/narrow/narrowing.ts'

/** What the provider stores encrypted in a grant, and returns with each verified token. */
export interface GrantProps {
  /** Key under which the grant's Durable Objects seal what they store; it is stored nowhere else. */
  vaultKey: string
  accessToken: string
  /** Milliseconds since the epoch. */
  accessExpiresAt: number
  profile: string
  project: string
  clientName: string
  /** The limits that the person set for the connection; absent from older grants. */
  narrowing?: Narrowing
  /** Only for an access token: the client was asked to step up, and refreshed instead. */
  challenged?: true
}

/** A caller as it is passed to a Durable Object by RPC: in memory only. */
export interface CallerRecord {
  userId: string
  grantId: string
  clientId: string
  scope: string[]
  props: GrantProps
}

/** The state of a grant, from its object. */
export interface GrantState {
  /** False once the person has disconnected it. */
  active: boolean
  /** The level that the person reduced it to. */
  limit?: Level
}

/** A Medplum access token, or why there is none. */
export type Fresh = { accessToken: string; accessExpiresAt: number } | { failed: 'ended' | 'unavailable' }
