// Arguments of fhir-request, and answers of Medplum, as the fuzz tests make them.
import fc from 'fast-check'
import { METHODS, type RequestArguments } from '../../../src/tools/request/prepare.ts'
import { callerWith } from '../../caller.ts'

export const BASE = new URL('https://medplum.example.com/fhir/R4/')

export const caller = callerWith({ level: 'admin' }, BASE)

export const HEADERS = new Set([
  ...['accept', 'authorization', 'user-agent', 'content-type', 'if-match', 'if-none-exist', 'prefer', 'traceparent'],
  // Set by this server on reads, to learn who changed a record.
  'x-medplum',
])

const NASTY = [
  ...[
    '../../',
    '..',
    '%2e%2e/',
    '%2F',
    '\\',
    '//',
    '@',
    '#',
    '?',
    '&',
    '=',
    ':',
    ';',
    '|',
    '$',
    ' ',
    '\t',
    '\r\n',
    '\0',
  ],
  ...['https://evil.example.com/', `${BASE.href}`, BASE.origin, '/fhir/R4/', 'fhir/R4', '/admin', 'auth/me', '\u2028'],
  ...['Patient', 'Patient/1', 'Binary/1', 'Bot/1/$execute', '$graphql', '$export', '_search', '_history', 'metadata'],
  ...['job/1/status', 'identifier=x', '_count=5', 'X-Medplum: extended', 'W/"1"', '\ud800'],
  '{"query":"{BotList{x:code}}"}',
]

const piece = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
)

const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))

const entry = fc.record(
  {
    request: fc.record({ method: fc.constantFrom('GET', 'POST', 'PATCH', 'x'), url: fc.oneof(text, fc.integer()) }),
    resource: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

const bundle = fc.record({
  resourceType: fc.constant('Bundle'),
  type: fc.constantFrom('batch', 'transaction'),
  entry: fc.array(entry, { maxLength: 3 }),
})

const patch = fc.array(fc.record({ op: fc.constantFrom('test', 'copy', 'add'), path: text, from: text }), {
  maxLength: 3,
})

const body = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  bundle,
  bundle.map((value) => JSON.stringify(value)),
  patch,
  text,
  fc.record({ resourceType: fc.constantFrom('Patient', 'Task', 'Parameters'), id: text }),
)

const contentType = fc.oneof(
  fc.constantFrom(
    'application/fhir+json',
    'x-application/hl7-v2+er7',
    'text/plain',
    'application/pdf',
    'application/json',
  ),
  fc.constantFrom(
    'application/x-www-form-urlencoded',
    'text/plain;\nx=y',
    'text/plain; x="\u2028"',
    'a/b\r\nx-evil: 1',
  ),
  text,
)

const path = fc.oneof(
  text,
  fc.constantFrom(
    ...['', 'Patient', 'Patient/1', 'Task?identifier=x', 'Binary', '$graphql', 'Bot/1/$execute', 'Patient/_search'],
  ),
)

/** Mostly valid or missing, so that many cases get past the first check. */
const mostly = <T>(wild: fc.Arbitrary<T>, ...right: (T | undefined)[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: wild })

const RESOURCE = { resourceType: 'Patient', id: '1' }

export const request: fc.Arbitrary<RequestArguments> = fc.record({
  method: fc.constantFrom(...METHODS),
  path: mostly(path, 'Patient', 'Patient/1', 'Task?identifier=x', 'Bot/1/$execute', '').map((one) => one ?? ''),
  body: mostly<unknown>(body, undefined, undefined, RESOURCE, [{ op: 'add', path: '/active', value: true }]),
  contentType: mostly(contentType, undefined),
  ifMatch: mostly(text, undefined, undefined, undefined, '1'),
  ifNoneExist: mostly(text, undefined, undefined, undefined, 'identifier=x'),
  respondAsync: fc.boolean(),
  offset: mostly(fc.nat(), undefined),
})

/** Changes that are well made: most lead to a question. */
export const change: fc.Arbitrary<RequestArguments> = fc.oneof(
  fc.record({ method: fc.constant('DELETE' as const), path: fc.constantFrom('Patient/1', 'Task?identifier=x') }),
  fc.record({
    ...{ method: fc.constantFrom('PUT' as const, 'POST' as const), path: fc.constantFrom('Patient/1', 'Patient') },
    body: fc.constant(RESOURCE),
  }),
  fc.record({
    ...{ method: fc.constant('PATCH' as const), path: fc.constantFrom('Patient/1', 'Task?identifier=x') },
    body: patch,
  }),
)

export const ANSWERS: (() => Response | Promise<Response>)[] = [
  () => Response.json({ resourceType: 'Patient', meta: { versionId: '1' } }),
  () => Response.json({ resourceType: 'Bundle', entry: [null, 5, { response: { status: {} } }] }),
  () => new Response(null, { status: 204 }),
  () => new Response('text', { headers: { 'content-type': 'text/plain' } }),
  () => new Response('{"half', { headers: { 'content-type': 'application/fhir+json' } }),
  () => new Response(new Uint8Array([0, 255]), { headers: { 'content-type': 'image/png', 'content-length': 'x' } }),
  () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }),
  () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com/' } }),
  () => Response.json({ resourceType: 'OperationOutcome', issue: [{}] }, { status: 400 }),
  () => Response.json({ resourceType: 'OperationOutcome', issue: 5 }, { status: 412 }),
  () => Response.json([null], { status: 404 }),
  () =>
    Response.json(
      {},
      { status: 202, headers: { 'content-location': 'https://evil.example.com/fhir/R4/job/1/status' } },
    ),
  () => Response.json({}, { status: 401 }),
  () => Promise.reject(new TypeError('lost')),
]

export const sentText = ({ body }: RequestInit) =>
  body instanceof Uint8Array ? new TextDecoder().decode(body) : undefined
