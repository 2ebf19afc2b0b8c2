// The nightly sweep of what KV's own expiry leaves behind: grants of deleted clients, tokens of deleted grants.
import type { Bindings } from '../config/settings.ts'
import { createAuthorizationServer } from './provider.ts'

/** KV key of the place where the next sweep resumes: a sweep is divided into batches to stay within the subrequest limit. */
const CURSOR_KEY = 'purge-cursor'
const BATCH = 200

/** Sweeps one batch and remembers where it stopped. */
export async function purge(env: Bindings): Promise<void> {
  const cursor = await env.OAUTH_KV.get(CURSOR_KEY)
  const result = await createAuthorizationServer(env)
    .getOAuthApi(env)
    .purgeExpiredData({ batchSize: BATCH, ...(cursor !== null && { cursor }) })
  if (result.cursor !== undefined) await env.OAUTH_KV.put(CURSOR_KEY, result.cursor)
  else if (cursor !== null) await env.OAUTH_KV.delete(CURSOR_KEY)
  const { grantsPurged, tokensPurged, done } = result
  console.log(JSON.stringify({ event: 'purged', grantsPurged, tokensPurged, done }))
}
