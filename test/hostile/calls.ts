/** Calls that try to escape: from the base, the level, the narrowing or the confirmation. */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { FORM, HL7 } from '../../src/client/content.ts'
import { mediaType } from './media-types.ts'
import { OTHER_ID, OWN_ID } from './medplum.ts'

export interface HostileCall {
  tool: string
  args: Record<string, unknown>
}

const VECTORS: { accepted: { path: string }[]; refused: { path: string }[] } = JSON.parse(
  readFileSync('test/unit/paths.json', 'utf8'),
)
const IDS = [OWN_ID, OTHER_ID]
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
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PLACES) },
  { weight: 2, arbitrary: fc.constantFrom(...VECTORS.accepted, ...VECTORS.refused).map((one) => one.path) },
  { weight: 2, arbitrary: twisted },
)
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const method = fc.oneof(
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
const resource = fc
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
const bundle = fc.record({
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
const graphql = fc.constantFrom(
  ...[
    '{ PatientList { id } }',
    `mutation { PatientDelete(id: "${OWN_ID}") { id } }`,
    `# ${'a'.repeat(300)}\nmutation M($id: ID! = "${OTHER_ID}") { ObservationDelete(id: $id) { id } }`,
    'mutation { ClientApplicationUpdate(id: "own", res: {}) { id } }',
    'query A { Patient(id: "1") { id } } mutation B { PatientDelete(id: "1") { id } }',
    '{ PatientList { id }',
  ],
)
const patch = fc.array(
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
const content: fc.Arbitrary<object> = fc.oneof(
  value.map((body) => ({ body })),
  asText.map((body) => ({ body })),
  asText.map((text) => ({ text })),
)
/** What a method sends, as a rule. */
const contentFor = (verb: string): fc.Arbitrary<object> => {
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
/** A resource where one is needed, with the id of its address. */
const fitting = (type: string, id?: string) =>
  resource.map((one) => ({ body: { ...one, resourceType: type, ...(id !== undefined && { id }) } }))

/** Nothing, or one thing too many, so that many calls get far. */
const extra: fc.Arbitrary<object> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc
      .oneof(mediaType, fc.constantFrom(HL7, FORM, 'application/graphql'))
      .map((contentType) => ({ ...(contentType !== undefined && { contentType }) })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['1', 'W/"1"', '2', '1\r\nx: 1', '*'].map((ifMatch) => ({ ifMatch })),
      ...['identifier=1', `subject=Patient/${OTHER_ID}`, 'x=/$expunge', 'a=1\r\nx: 1'].map((ifNoneExist) => ({
        ifNoneExist,
      })),
      ...[
        { respondAsync: true },
        { dryRun: true },
        { all: true },
        { select: ['id'] },
        { headers: { 'x-medplum': 'extended' } },
      ],
    ),
  },
)

const VERBATIM = ['fhir-request', 'fhir-request', 'fhir-request', 'fhir-write', 'fhir-operate']
const wild = fc
  .tuple(fc.constantFrom(...VERBATIM), method, path, extra)
  .chain(([tool, verb, place, more]) =>
    contentFor(verb).map((given) => ({ tool, args: { method: verb, path: place, ...given, ...more } })),
  )
/** Well-formed requests that must not be mistaken for harmless ones. */
const plain = fc
  .tuple(
    fc.constantFrom(...VERBATIM),
    fc.constantFrom('Patient', 'Observation', 'Basic', 'ClientApplication', 'Bot'),
    fc.constantFrom(...IDS),
    fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'GET'),
    extra,
  )
  .chain(([tool, type, id, verb, more]) => {
    const given: fc.Arbitrary<object> =
      verb === 'POST'
        ? fitting(type)
        : verb === 'PUT'
          ? fitting(type, id)
          : verb === 'PATCH'
            ? patch.map((one) => ({ patch: one }))
            : fc.constant({})
    const place = verb === 'POST' ? type : `${type}/${id}`
    return given.map((one) => ({ tool, args: { method: verb, path: place, ...one, ...more } }))
  })
const twoFaced = fc
  .tuple(
    fc.constantFrom(...VERBATIM),
    mediaType,
    fc.oneof(
      bundle,
      graphql.map((query) => ({ query })),
    ),
    fc.boolean(),
  )
  .map(([tool, contentType, body, inText]) => ({
    tool,
    args: {
      ...{ method: 'POST', path: 'query' in body ? '$graphql' : '' },
      ...(inText ? { text: JSON.stringify(body) } : { body }),
      ...(contentType !== undefined && { contentType }),
    },
  }))
const narrow = fc.oneof(
  fc.tuple(path, extra).map(([place, more]) => ({ tool: 'fhir-read', args: { path: place, ...more } })),
  fc.tuple(path, content).map(([place, more]) => ({ tool: 'fhir-read', args: { path: place, ...more } })),
  fc.tuple(path, extra).map(([place, more]) => ({ tool: 'fhir-delete', args: { path: place, ...more } })),
  bundle.map((body) => ({ tool: 'fhir-delete', args: { path: '', body } })),
  path.map((place) => ({ tool: 'fhir-digest', args: { path: place } })),
  path.map((place) => ({ tool: 'show', args: { view: 'table', path: place } })),
  fc
    .tuple(path, fc.string())
    .map(([patient, code]) => ({ tool: 'show', args: { view: 'trend', patient, codes: [code] } })),
  path.map((id) => ({ tool: 'fetch', args: { id } })),
  fc.oneof(path, fc.string()).map((query) => ({ tool: 'search', args: { query } })),
)

export const hostileCall: fc.Arbitrary<HostileCall> = fc.oneof(
  { weight: 4, arbitrary: wild },
  { weight: 3, arbitrary: plain },
  { weight: 2, arbitrary: twoFaced },
  { weight: 2, arbitrary: narrow },
)
