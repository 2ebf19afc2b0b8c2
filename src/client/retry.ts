// When a repeatable request may be sent again.

const MAX_ATTEMPTS = 4
const FIRST_MS = 200

/** Milliseconds to wait after the nth attempt (from 0), with jitter; undefined when enough were made. */
export function backoff(attempt: number): number | undefined {
  if (attempt >= MAX_ATTEMPTS - 1) return undefined
  return FIRST_MS * 2 ** attempt * (0.5 + Math.random())
}

/**
 * Seconds until a limit that is used up is reset, from Medplum's `RateLimit` header (IETF draft-ietf-httpapi-ratelimit-headers):
 * `"requests";r=59999;t=60, "fhirInteractions";r=0;t=42`. Undefined where it names none; Medplum sends no Retry-After.
 */
export function secondsToWait(header: string | null): number | undefined {
  const waits = (header ?? '').split(',').flatMap((limit) => {
    const left = /;\s*r=(\d+)/.exec(limit)?.[1]
    const seconds = /;\s*t=(\d+)/.exec(limit)?.[1]
    return left === '0' && seconds !== undefined ? [Number(seconds)] : []
  })
  return waits.length > 0 ? Math.max(...waits) : undefined
}
