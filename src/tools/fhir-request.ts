// The main tool: any request to Medplum's FHIR API.
import * as z from 'zod'
import { isRecord, type Method } from '../fhir/client.ts'
import { defineTool } from './define.ts'
import { METHODS, perform } from './perform.ts'

export const fhirRequest = defineTool({
  name: 'fhir-request',
  title: 'FHIR request',
  description: [
    'Sends one FHIR R4 request to Medplum as the signed-in person and returns the answer.',
    'GET reads (Patient/ID), searches (Observation?subject=Patient/ID&code=4548-4&_count=20), shows history (Patient/ID/_history) and files (Binary/ID).',
    'POST creates (path = type), runs an operation (Claim/$submit, Bot/ID/$execute, Agent/ID/$push, $graphql) or sends a batch Bundle (empty path).',
    'PUT replaces a whole resource, PATCH changes parts of it with a JSON Patch array, DELETE deletes it.',
    'An unsuccessful request is an error result with the HTTP status, the OperationOutcome issues and advice.',
    'API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    method: z.enum(METHODS).describe('HTTP method, e.g. GET'),
    path: z
      .string()
      .describe('Path relative to the FHIR base, with any query, e.g. Patient?name=smith&_count=5; empty for a batch'),
    body: z
      .unknown()
      .optional()
      .describe(
        'Resource or Parameters object, JSON Patch array, or text or base64 as contentType says, e.g. {"resourceType":"Task"}',
      ),
    contentType: z
      .string()
      .optional()
      .describe(
        'Media type of body if not FHIR JSON, e.g. x-application/hl7-v2+er7, text/plain, application/pdf (base64)',
      ),
    ifMatch: z
      .string()
      .optional()
      .describe('Only if this version is current, for PUT, PATCH, DELETE: a meta.versionId'),
    ifNoneExist: z
      .string()
      .optional()
      .describe('Create only if this search finds nothing, e.g. identifier=http://example.org/mrn|123'),
    respondAsync: z.boolean().optional().describe('Let a long batch run in the background, with progress'),
    offset: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('For a large file: byte to go on from, as the last answer says'),
  }),
  normalise,
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  run: perform,
})

/** What models really send: `url` for `path`, a lower-case method, no path for a Bundle. */
function normalise(args: unknown): unknown {
  if (!isRecord(args)) return args
  const { url, ...rest } = args
  const method = typeof rest.method === 'string' ? rest.method.trim().toUpperCase() : rest.method
  const path = rest.path ?? url ?? (isBundle(rest.body) ? '' : undefined)
  const optional = ['contentType', 'ifMatch', 'ifNoneExist', 'respondAsync', 'offset'].filter(
    (name) => rest[name] === null,
  )
  for (const name of optional) delete rest[name]
  return { ...rest, method: method as Method, ...(path !== undefined && { path }) }
}

function isBundle(body: unknown): boolean {
  return typeof body === 'string'
    ? /"resourceType"\s*:\s*"Bundle"/.test(body)
    : isRecord(body) && body.resourceType === 'Bundle'
}
