// Parses a request's path so strictly that no way of writing it can hide where it leads. Confinement refuses an odd path before it is
// sent; this must work on its own, also for the entries of a Bundle. `query.ts` parses leniently, and the parameters, too.

export interface StrictPlace {
  /** Decoded, without the base path. */
  segments: string[]
  /** With its question mark; empty without a query. */
  query: string
  /** It isn't written as confinement requires, so Medplum may read it differently. */
  odd: boolean
}

/** Removes origin and base path, and decodes the segments like confinement. Accepts any input. */
export function strictPlaceOf(path: unknown): StrictPlace {
  if (typeof path !== 'string') return { segments: [], query: '', odd: true }
  const mark = path.indexOf('?')
  const query = mark < 0 ? '' : path.slice(mark)
  const whole = (mark < 0 ? path : path.slice(0, mark)).replace(/#.*/s, '')
  const local = whole.replace(/^https?:\/\/[^/]*/i, '')
  let odd = false
  let segments = local
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => {
      try {
        return decodeURIComponent(segment)
      } catch {
        odd = true
        return segment
      }
    })
  const base = segments.findIndex((word, index) => /^fhir$/i.test(word) && /^r4$/i.test(segments[index + 1] ?? ''))
  if (base >= 0) segments = segments.slice(base + 2)
  if (base > 0 ? local === whole : local !== whole && base < 0) odd = true
  if (/[#\\]/.test(path) || segments.some((segment) => !/^(?!\.+$)[A-Za-z0-9._$-]+$/.test(segment))) odd = true
  return { segments, query, odd }
}

/** The place as `Patient/123`, without query, version and whatever follows an operation; `*` for the base. */
export function targetOf(segments: string[]): string {
  const words: string[] = []
  for (const segment of segments) {
    if (segment.startsWith('_') || words.length === 4) break
    words.push(/^[A-Za-z0-9._$-]{1,64}$/.test(segment) ? segment : '?')
    if (segment.startsWith('$')) break
  }
  return words.join('/') || '*'
}
