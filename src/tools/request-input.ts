// The arguments that the tools for FHIR requests share, and how arguments as models really send them are put into their form.
import * as z from 'zod'
import { isRecord } from '../fhir/client.ts'
import { VIEW_INPUT } from './view.ts'

export const PATH = z
  .string()
  .describe('Path relative to the FHIR base, with any query, e.g. Patient?name=smith&_count=5; empty for a batch')

export const BODY = z
  .unknown()
  .optional()
  .describe('Resource or Parameters object, JSON Patch array, or text or base64 as contentType says')

export const CONTENT_TYPE = z
  .string()
  .optional()
  .describe('Media type of body if not FHIR JSON, e.g. x-application/hl7-v2+er7, text/plain, application/pdf (base64)')

export const IF_MATCH = z.string().optional().describe('Only if this meta.versionId is current, for PUT, PATCH, DELETE')

export const IF_NONE_EXIST = z
  .string()
  .optional()
  .describe('Create only if this search finds nothing, e.g. identifier=http://example.org/mrn|123')

export const RESPOND_ASYNC = z.boolean().optional().describe('Let a long batch run in the background, with progress')

/** What a request sends. */
export const WRITE_INPUT = {
  path: PATH,
  body: BODY,
  contentType: CONTENT_TYPE,
  ifMatch: IF_MATCH,
  ifNoneExist: IF_NONE_EXIST,
  respondAsync: RESPOND_ASYNC,
}

/** How its answer is shown. */
export const READ_INPUT = {
  ...VIEW_INPUT,
  offset: z.number().int().min(0).optional().describe('For a large file: byte to go on from, as the last answer says'),
}

/** What models really send: `url` for `path`, a lower-case method, no path for a Bundle, null for what is left out. */
export function normalise(args: unknown): unknown {
  if (!isRecord(args)) return args
  const { url, ...rest } = args
  const path = rest.path ?? url ?? (isBundle(rest.body) ? '' : undefined)
  const given = Object.entries(rest).filter(([name, value]) => value !== null || name === 'body')
  const method = typeof rest.method === 'string' ? { method: rest.method.trim().toUpperCase() } : {}
  const select = typeof rest.select === 'string' ? { select: [rest.select] } : {}
  return { ...Object.fromEntries(given), ...method, ...select, ...(path !== undefined && { path }) }
}

function isBundle(body: unknown): boolean {
  return typeof body === 'string'
    ? /"resourceType"\s*:\s*"Bundle"/.test(body)
    : isRecord(body) && body.resourceType === 'Bundle'
}
