import * as fc from 'fast-check'
import { FORM, HL7 } from '../../src/client/content.ts'
import { mediaType } from './media-types.ts'
import { OTHER_ID } from './medplum.ts'
import { bundle, content, contentFor, graphql, IDS, method, patch, path, resource } from './requests.ts'

export interface HostileCall {
  tool: string
  args: Record<string, unknown>
}

/** A resource where one is needed, with the id of its address. */
const fitting = (type: string, id?: string) =>
  resource.map((one) => ({ body: { ...one, resourceType: type, ...(id !== undefined && { id }) } }))

/** Nothing, or one unusual argument, so that many calls pass the first checks. */
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
