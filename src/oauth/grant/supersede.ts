// A new sign-in of a client takes the place of its earlier ones, but only once it stands: when its code has been exchanged. A person
// who turns back halfway keeps what they had.
import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Bindings } from '../../config/settings.ts'
import { grantNameOf } from '../grant-name.ts'
import { grantsOf } from '../user-grants.ts'

/** Ends the earlier grants of this grant's person, client and resource; where many share a client id, of the same redirect too. */
export async function supersede(oauth: OAuthHelpers, env: Bindings, userId: string, grantId: string): Promise<void> {
  // Read by its key: a list can be behind, and the grant is young.
  const own = await env.OAUTH_KV.get<GrantSummary>(`grant:${grantNameOf({ userId, grantId })}`, 'json')
  if (!own) return
  const isShared = URL.canParse(own.clientId)
  const earlier = (await grantsOf(userId, oauth)).filter(
    ({ id, clientId, redirectUri, createdAt }) =>
      id !== own.id &&
      clientId === own.clientId &&
      createdAt <= own.createdAt &&
      (!isShared || redirectUri === own.redirectUri),
  )
  for (const { id } of earlier) {
    await oauth.revokeGrant(id, userId)
    await env.GRANT.getByName(grantNameOf({ userId, grantId: id })).forget()
  }
}
