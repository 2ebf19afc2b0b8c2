// When a repeatable request may be sent again.

const MAX_ATTEMPTS = 4
const FIRST_MS = 200

/** Milliseconds to wait after the nth attempt (from 0), with jitter; undefined if enough were made. */
export function backoff(attempt: number): number | undefined {
  if (attempt >= MAX_ATTEMPTS - 1) return undefined
  return FIRST_MS * 2 ** attempt * (0.5 + Math.random())
}
