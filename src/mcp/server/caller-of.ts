// The caller that a verified token identifies, created for each request.
import type { Caller } from '../../call/caller.ts'
import { SessionError } from '../../client/transport.ts'
import type { Bindings } from '../../config/settings.ts'
import { settingsFor } from '../../config/tenants.ts'
import { confirmationsOf } from '../../oauth/confirmations.ts'
import { accessOf } from '../../oauth/current-access.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import type { CallerRecord, Fresh } from '../../oauth/record.ts'

/** A token that expires within this time is no longer used. */
const MARGIN_MS = 10_000

/** The caller that this record describes. */
export function callerOf(record: CallerRecord, env: Bindings): Caller {
  const { props } = record
  const settings = settingsFor(env, record.userId)
  const renew = async (refused: string) => {
    // If the grant's object restarts, the call fails as if Medplum hadn't answered.
    const result = await env.GRANT.getByName(grantNameOf(record))
      .fresh(props.vaultKey, refused)
      .catch((): Fresh => ({ failed: 'unavailable' }))
    if ('accessToken' in result) return result.accessToken
    throw new SessionError(
      result.failed === 'ended'
        ? 'The Medplum sign-in behind this connection has ended. Nothing was done. Reconnect this server in your client to sign in again.'
        : 'Medplum could not renew the sign-in just now. Nothing was done. Try again in a minute.',
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
