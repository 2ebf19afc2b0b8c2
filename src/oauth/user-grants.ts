// The grants of a person, as the provider lists them.
import type { GrantSummary, OAuthHelpers } from '@cloudflare/workers-oauth-provider'

/** All grants of a person; those written within the last minute may be missing. */
export async function grantsOf(userId: string, oauth: OAuthHelpers): Promise<GrantSummary[]> {
  const grants: GrantSummary[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await oauth.listUserGrants(userId, cursor === undefined ? {} : { cursor })
    grants.push(...page.items)
    cursor = page.cursor
    if (cursor === undefined) return grants
  }
}
