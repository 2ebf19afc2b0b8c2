// Odd requests and answers for tests that nothing throws; the same seed gives the same ones.

const WORDS = [
  ...['', 'Patient', 'patient', 'Observation', 'a', '$everything', '$export', '$push', '_history', '_search', '%'],
  ...['%E0%A4%A', '__proto__', 'constructor', 'toString', 'birthdate', 'date', 'name', ':', '.', '=', '&', '?', ','],
  ...['|', '_count', '_has:', 'subject:Patient.', 'ge', 'ne', '1990', '2024-02-11', '2024-02-30', '9999-12-31'],
  ...['0000', 'T09:30', '+02:00', 'Müller', '\u0000', '\ud800', '🩺', '/', '//', '..', '-1', 'NaN', '1e9'],
  'x'.repeat(300),
]
const ISSUES = [
  'Invalid date value: ',
  'Unknown search parameter: ',
  'Incorrect resource type',
  'Test failed: a != b',
  'types.push is not a function',
  'Unable to identify next resource type for search parameter: Observation?',
  'Unknown resource type',
  'Timeout',
  'Patch body must be an array',
  'Expected 1 value(s) for input parameter resource, but 0 provided',
  'Invalid JSON type: expected boolean, but got string',
  'Not found',
  '',
]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'get', '', 'constructor']
const KEYS = [
  ...['resourceType', 'type', 'entry', 'request', 'method', 'url', 'resource', 'response', 'status', 'outcome'],
  ...['issue', 'link', 'relation', 'id', 'reference', 'total', 'code', 'parameter', 'errors', 'message'],
  ...['ifNoneExist', 'toString', 'valueOf', 'constructor', 'valueString', 'gender'],
]

/** @param seed any whole number */
export function seeded(seed: number) {
  let state = seed
  const next = (below: number) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  const pick = <T>(from: readonly T[]) => from[next(from.length)] as T
  const text = () => Array.from({ length: next(7) }, () => pick(WORDS)).join('')
  const value = (depth = 0): unknown => {
    const kind = next(depth > 3 ? 6 : 9)
    if (kind < 2) return text()
    if (kind === 2)
      return pick([
        ...['Bundle', 'batch', 'transaction-response', 'searchset', 'AsyncJob', 'cancelled', 'POST'],
        'Patient?name:foo=1',
      ])
    if (kind < 6) return pick([null, true, 0, -1, 404, undefined])
    if (kind === 6) return Array.from({ length: next(4) }, () => value(depth + 1))
    return Object.fromEntries(Array.from({ length: next(7) }, () => [pick(KEYS), value(depth + 1)]))
  }
  return {
    method: () => pick(METHODS),
    path: () => `${pick(['', 'Patient', 'Observation', text()])}${pick(['', '/', '?', '?'])}${text()}${text()}`,
    issue: () => pick(ISSUES) + text(),
    value: () => value(),
    /** A batch, or the answer to one. */
    bundle: (type: string) => ({
      resourceType: 'Bundle',
      type,
      entry: [
        value(),
        value(),
        { request: { method: pick(METHODS), url: text() }, resource: value(), response: value() },
      ],
    }),
  }
}
