// What the authorization server knows of a connection: the grant's props, the caller of a verified token, the state of a grant.
import type { Level } from '../access/access.ts'
import type { Narrowing } from '../access/narrow/narrowing.ts'

/** What the provider keeps encrypted in a grant, and hands out with each verified token. */
export interface GrantProps {
  /** Key of what the grant's Durable Objects store; it exists nowhere else. */
  vaultKey: string
  accessToken: string
  /** Milliseconds since the epoch. */
  accessExpiresAt: number
  profile: string
  project: string
  clientName: string
  /** To what the person narrowed the connection; absent from grants made before that could be done. */
  narrowing?: Narrowing
  /** Of an access token alone: the client was asked to step up, and refreshed instead. */
  challenged?: true
}

/** A caller as it crosses to a Durable Object by RPC: in memory only. */
export interface CallerRecord {
  userId: string
  grantId: string
  clientId: string
  scope: string[]
  props: GrantProps
}

/** What the grant's object says of the grant. */
export interface GrantState {
  /** False once the person has disconnected it. */
  active: boolean
  /** The level that the person lowered it to. */
  limit?: Level
}

/** A Medplum access token, or why there is none. */
export type Fresh = { accessToken: string; accessExpiresAt: number } | { failed: 'ended' | 'unavailable' }
