// A new sign-in of a client takes the place of its earlier ones, but only once it stands: when its code has been exchanged. A person
// who turns back halfway keeps what they had. Nobody is signed out by a sign-in elsewhere: the earlier one must be of the same browser,
// and of a client id that this host has for itself. Of one that many share (a metadata document), there may be another account.
import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Bindings } from '../../config/settings.ts'
import { withoutPort } from '../clients/redirects.ts'
import type { GrantMetadata } from '../grant-metadata.ts'
import { grantNameOf } from '../grant-name.ts'
import { grantsOf } from '../user-grants.ts'

/** Ends the earlier grants of this grant's person, client, browser, redirect and resource. */
export async function supersede(oauth: OAuthHelpers, env: Bindings, userId: string, grantId: string): Promise<void> {
  // Read by its key: a list can be behind, and the grant is young.
  const own = await env.OAUTH_KV.get<GrantSummary>(`grant:${grantNameOf({ userId, grantId })}`, 'json')
  if (!own || URL.canParse(own.clientId) || browserOf(own) === undefined) return
  const earlier = (await grantsOf(userId, oauth)).filter(
    (one) =>
      one.id !== own.id &&
      one.clientId === own.clientId &&
      one.createdAt <= own.createdAt &&
      browserOf(one) === browserOf(own) &&
      withoutPort(one.redirectUri ?? '') === withoutPort(own.redirectUri ?? ''),
  )
  for (const { id } of earlier) {
    await oauth.revokeGrant(id, userId)
    await env.GRANT.getByName(grantNameOf({ userId, grantId: id })).forget()
  }
}

function browserOf({ metadata }: GrantSummary): string | undefined {
  return (metadata as Partial<GrantMetadata> | undefined)?.browser
}
