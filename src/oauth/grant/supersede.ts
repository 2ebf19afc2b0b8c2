// A client's new sign-in replaces its earlier ones, but only once its code has been exchanged, so that a person who stops halfway keeps
// the old one. To be replaced, the earlier sign-in must be from the same browser, and its client id must not be a metadata document,
// which many hosts share: otherwise it could be on another device or for another account.
import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Bindings } from '../../config/settings.ts'
import { withoutPort } from '../clients/redirects.ts'
import type { GrantMetadata } from '../grant-metadata.ts'
import { grantNameOf } from '../grant-name.ts'
import { grantsOf } from '../user-grants.ts'

/** Ends the earlier grants of this grant's person, client, browser, redirect and resource. */
export async function supersede(oauth: OAuthHelpers, env: Bindings, userId: string, grantId: string): Promise<void> {
  // Read by its key: a list can lag behind, and the grant is new.
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
