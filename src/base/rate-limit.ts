/**
 * Seconds until an exhausted limit is reset, from Medplum's `RateLimit` header (IETF draft-ietf-httpapi-ratelimit-headers):
 * `"requests";r=59999;t=60, "fhirInteractions";r=0;t=42`. Undefined if it names none; Medplum sends no Retry-After.
 */
export function secondsToWait(header: string | null | undefined): number | undefined {
  const waits = (header ?? '').split(',').flatMap((limit) => {
    const left = /;\s*r=(\d+)/.exec(limit)?.[1]
    const seconds = /;\s*t=(\d+)/.exec(limit)?.[1]
    return left === '0' && seconds !== undefined ? [Number(seconds)] : []
  })
  return waits.length > 0 ? Math.max(...waits) : undefined
}
