// Who calls, with what authority: rebuilt for each request from its verified token; never stored, never logged.

import type { Access } from '../access/access.ts'
import type { Narrowing } from '../access/narrow/narrowing.ts'
import type { MedplumSession } from '../client/request.ts'

import { SessionError } from '../client/transport.ts'
import type { Bindings } from '../config/settings.ts'
import { settingsFor } from '../config/tenants.ts'
import { confirmationsOf } from '../oauth/confirmations.ts'
import { accessOf } from '../oauth/current-access.ts'
import type { Fresh } from '../oauth/grant/grant.ts'
import { grantNameOf } from '../oauth/grant-name.ts'
import type { Confirmations } from './confirmation.ts'

/** The person and the client behind one request. */
export interface Caller {
  /** Of the Medplum User; a tenant's people have its name in it (`tenants.ts`). */
  userId: string
  grantId: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant?: string | undefined
  client: { id: string; name: string }
  /** What the connection may do now: what was granted, or less where the person has lowered it since. */
  access(): Promise<Access>
  /** What the person agrees to before a change. */
  confirmations: Confirmations
  medplum: MedplumSession & {
    /** Root of the Medplum App, for links to records; undefined where none is known. */
    appUrl?: URL | undefined
    /** `Practitioner/123` and the like. */
    profile: string
    /** `Project/123`. */
    project: string
  }
}

/** What the provider keeps encrypted in a grant, and hands out with each verified token. */
export interface GrantProps {
  /** Key of what the grant's Durable Objects hold at rest; it lies nowhere else. */
  vaultKey: string
  accessToken: string
  /** Milliseconds since the epoch. */
  accessExpiresAt: number
  profile: string
  project: string
  clientName: string
  /** To what the person narrowed the connection; absent from grants made before that could be done. */
  narrowing?: Narrowing
}

/** A caller as it crosses to a Durable Object by RPC: in memory only. */
export interface CallerRecord {
  userId: string
  grantId: string
  clientId: string
  scope: string[]
  props: GrantProps
}

/** A token that expires within this time isn't used any more. */
const MARGIN_MS = 10_000

/** The caller that this record describes. */
export function callerOf(record: CallerRecord, env: Bindings): Caller {
  const { props } = record
  const settings = settingsFor(env, record.userId)
  const renew = async (refused: string) => {
    // A restart of the grant's object cuts it off, as Medplum's silence would.
    const result = await env.GRANT.getByName(grantNameOf(record))
      .fresh(props.vaultKey, refused)
      .catch((): Fresh => ({ failed: 'unavailable' }))
    if ('accessToken' in result) return result.accessToken
    throw new SessionError(
      result.failed === 'ended'
        ? 'The Medplum sign-in behind this connection has ended. Nothing was done. Reconnect this server in your client to sign in again.'
        : 'Medplum did not renew the sign-in just now. Nothing was done. Try again in a minute.',
    )
  }
  return {
    userId: record.userId,
    grantId: record.grantId,
    tenant: settings.tenant,
    client: { id: record.clientId, name: props.clientName },
    access: () => accessOf(record, env),
    confirmations: confirmationsOf(record, env),
    medplum: {
      fhirBase: settings.medplum.fhirBase,
      appUrl: settings.medplum.appUrl,
      token: async () =>
        props.accessExpiresAt - MARGIN_MS > Date.now() ? props.accessToken : renew(props.accessToken),
      renew,
      profile: props.profile,
      project: props.project,
    },
  }
}
