// Paths, methods and bodies of hostile calls.
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { OTHER_ID, OWN_ID } from './medplum.ts'

const VECTORS: { accepted: { path: string }[]; refused: { path: string }[] } = JSON.parse(
  readFileSync('test/unit/fhir/paths.json', 'utf8'),
)

export const IDS = [OWN_ID, OTHER_ID]

const PLACES = [
  ...['', 'Patient', 'Observation', 'Binary', 'Bundle', 'ClientApplication', 'AccessPolicy', 'metadata'],
  ...IDS.flatMap((id) => [
    ...[`Patient/${id}`, `Patient/${id}/_history`, `Patient/${id}/_history/1`, `Patient/${id}/$everything`],
    ...[`Patient/${id}/$expunge`, `Observation/${id}`, `Observation/${id}/_history/1`, `Binary/${id}`],
    ...[`Observation?subject=Patient/${id}`, `Observation?_compartment=Patient/${id}`, `Task?patient=Patient/${id}`],
    ...[`ProjectMembership/${id}`, `Bot/${id}/$execute`, `Bot/${id}/$deploy`, `Agent/${id}/$push`, `Bot/${id}`],
  ]),
  ...['$graphql', '$GraphQL', 'Patient/_search', 'Observation/_search', 'Patient/$match', 'Patient/$csv', '$export'],
  ...['Observation?_has:Condition:subject:code=1', 'Observation?subject:Patient.name=x', 'Observation?identifier=1'],
  ...['Patient?name=x&_revinclude=Observation:subject', '?_type=Patient,Observation', 'job/1/status', '$db-stats'],
  ...[
    'ClientApplication/own/$rotate-secret',
    'Observation?x=/$expunge',
    'patient/own',
    'bundle',
    'Observation/$validate',
  ],
]

const PIECES = [
  ...['../', '..', '%2e%2e/', '%2F', '\\', '//', '@', '#', '?', '&', ';', '|', '$', ' ', '\t', '\r\n', '\0', '\u2028'],
  ...[
    ...['https://evil.example.com/', '/fhir/R4/', 'admin/', 'auth/me', '_method=DELETE', '$expunge', 'Patient/'],
    OTHER_ID,
  ],
]

const twisted = fc
  .tuple(fc.constantFrom(...PLACES), fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([place, pieces, before]) => (before ? pieces.join('') + place : place + pieces.join('')))

export const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PLACES) },
  { weight: 2, arbitrary: fc.constantFrom(...VECTORS.accepted, ...VECTORS.refused).map((one) => one.path) },
  { weight: 2, arbitrary: twisted },
)

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

export const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.constantFrom('delete', ' Delete ', 'HEAD', 'OPTIONS', 'DELETE\r\nx: 1', 'TRACE') },
)

// ── Bodies ──

/** In UTF-7, the text ends here and a second `request` begins. */
const hidden = fc
  .tuple(fc.constantFrom(...METHODS), fc.constantFrom(...PLACES))
  .map(
    ([one, url]) =>
      `x+ACI-,+ACI-request+ACI-:+AHs-+ACI-method+ACI-:+ACI-${one}+ACI-,+ACI-url+ACI-:+ACI-${url}+ACI-+AH0-,+ACI-x+ACI-:+ACI-`,
  )

export const resource = fc
  .record({
    resourceType: fc.constantFrom(
      ...['Patient', 'Observation', 'Basic', 'Bundle', 'ClientApplication', 'Binary', 'Parameters'],
    ),
    id: fc.constantFrom(undefined, ...IDS),
    subject: fc.constantFrom(...IDS.map((id) => ({ reference: `Patient/${id}` })), { reference: 'Patient?name=x' }),
    text: fc.oneof(fc.constant(undefined), hidden),
  })
  .map((one) => ({ status: 'final', code: { text: 'x' }, ...one }))

const entry: fc.Arbitrary<object> = fc.record(
  {
    request: fc.record({ method, url: path }),
    fullUrl: hidden,
    resource: fc.oneof(resource, fc.constant([{ op: 'remove', path: '/subject' }])),
  },
  { requiredKeys: ['request'] },
)

export const bundle = fc.record({
  resourceType: fc.constant('Bundle'),
  type: fc.constantFrom('batch', 'transaction', 'collection'),
  entry: fc.array(
    fc.oneof(
      entry,
      fc
        .array(entry, { maxLength: 2 })
        .map((inner) => ({ resource: { resourceType: 'Bundle', type: 'batch', entry: inner } })),
    ),
    { maxLength: 3 },
  ),
})

export const graphql = fc.constantFrom(
  ...[
    '{ PatientList { id } }',
    `mutation { PatientDelete(id: "${OWN_ID}") { id } }`,
    `# ${'a'.repeat(300)}\nmutation M($id: ID! = "${OTHER_ID}") { ObservationDelete(id: $id) { id } }`,
    'mutation { ClientApplicationUpdate(id: "own", res: {}) { id } }',
    'query A { Patient(id: "1") { id } } mutation B { PatientDelete(id: "1") { id } }',
    '{ PatientList { id }',
  ],
)

export const patch = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'replace', 'copy', 'move', 'test', 'remove'),
    path: fc.constantFrom('/subject', '/subject/reference', '/code/text', '/meta/security', '/id', ''),
    from: fc.constantFrom('/code/text', '/subject/reference'),
    value: fc.constantFrom<unknown>(`Patient/${OTHER_ID}`, `Condition?subject=Patient/${OTHER_ID}`, {
      reference: `Patient/${OTHER_ID}\n`,
    }),
  }),
  { maxLength: 3 },
)

const value = fc.oneof(
  bundle,
  resource,
  patch,
  graphql.map((query) => ({ query })),
  fc.tuple(graphql, graphql).map(([first, second]) => [{ query: first }, { query: second }]),
  fc.jsonValue({ maxDepth: 2 }),
)

const asText = fc.oneof(
  value.map((one) => JSON.stringify(one)),
  value.map((one) => `\uFEFF${JSON.stringify(one, null, 1)}`),
  value.map((one) => JSON.stringify(one).replace('{', '{"resourceType":"Patient","entry":[],')),
  value.map((one) => btoa(unescape(encodeURIComponent(JSON.stringify(one))))),
  graphql,
  fc.constantFrom('MSH|^~\\&|A\nPID|1', '_method=DELETE&name=x', '{', '42', '"x"', ''),
  fc.string({ unit: 'binary' }),
)

export const content: fc.Arbitrary<object> = fc.oneof(
  value.map((body) => ({ body })),
  asText.map((body) => ({ body })),
  asText.map((text) => ({ text })),
)

/** What a method sends, as a rule. */
export const contentFor = (verb: string): fc.Arbitrary<object> => {
  const usual =
    verb === 'PATCH'
      ? fc.oneof(
          patch.map((one) => ({ patch: one })),
          patch.map((body) => ({ body })),
        )
      : verb === 'POST' || verb === 'PUT'
        ? content
        : fc.constant({})
  return fc.oneof(
    { weight: 9, arbitrary: usual },
    { weight: 1, arbitrary: content },
    { weight: 1, arbitrary: fc.constant({}) },
  )
}
