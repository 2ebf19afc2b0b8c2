// The main tool: any request to Medplum's FHIR API.
import * as z from 'zod'
import { isRecord, type Method } from '../fhir/client.ts'
import { confine, PathError } from '../fhir/path.ts'
import { defineTool, UserError } from './define.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies Method[]

export const fhirRequest = defineTool({
  name: 'fhir-request',
  title: 'FHIR request',
  description: [
    'Sends one FHIR R4 request to Medplum as the signed-in person and returns the JSON answer.',
    'GET reads (Patient/ID), searches (Observation?subject=Patient/ID&code=4548-4&_count=20) and shows history (Patient/ID/_history).',
    'POST creates (path = type), runs an operation (Claim/$submit, Bot/ID/$execute, Agent/ID/$push) or sends a batch Bundle (empty path).',
    'PUT replaces a whole resource, PATCH changes parts of it with a JSON Patch array, DELETE deletes it.',
    'Dates in searches need a full day (birthdate=ge1990-01-01). An unsuccessful request is an error result with the HTTP status and the OperationOutcome issues.',
    'API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    method: z.enum(METHODS).describe('HTTP method, e.g. GET'),
    path: z
      .string()
      .describe(
        'Path relative to the FHIR base, with any query, e.g. Patient?name=smith&_count=5; empty for a batch Bundle',
      ),
    body: z
      .unknown()
      .optional()
      .describe(
        'For POST and PUT a resource or Parameters object, for PATCH a JSON Patch array, e.g. {"resourceType":"Task",…}',
      ),
  }),
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  async run({ method, path, body }, { caller, fhir, signal }) {
    const parsed = parseBody(body)
    if (parsed !== undefined && (method === 'GET' || method === 'DELETE')) {
      throw new UserError(`A ${method} request has no body. Leave \`body\` out, or use POST, PUT or PATCH.`)
    }
    confineEntries(parsed, caller.medplum.fhirBase)
    const response = await fhir.send({ method, path, body: parsed, signal })
    if (response.jobPath !== undefined) {
      return JSON.stringify({ status: response.status, job: response.jobPath, body: response.body })
    }
    if (response.body === undefined) return JSON.stringify({ status: response.status, body: null })
    return typeof response.body === 'string' ? response.body : JSON.stringify(response.body)
  },
})

/** Models often send the body as JSON text; null stands for no body. */
function parseBody(body: unknown): unknown {
  if (body === undefined || body === null || body === '') return undefined
  if (typeof body === 'object') return body
  if (typeof body === 'string') {
    try {
      const value: unknown = JSON.parse(body)
      if (typeof value === 'object' && value !== null) return value
    } catch (error) {
      throw new UserError(`\`body\` is text that is no JSON: ${(error as Error).message}. Nothing was sent.`)
    }
  }
  throw new UserError('`body` must be a JSON object or array, such as {"resourceType":"Patient"}. Nothing was sent.')
}

/** Each entry of a batch or transaction names a place of its own: all are confined before anything is sent. */
function confineEntries(body: unknown, base: URL): void {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.entry)) return
  body.entry.forEach((entry: unknown, index) => {
    const request = isRecord(entry) ? entry.request : undefined
    const url = isRecord(request) ? request.url : undefined
    if (typeof url !== 'string') return
    try {
      confine(url, base)
    } catch (error) {
      if (error instanceof PathError) throw new PathError(`Bundle.entry[${index}].request.url: ${error.message}`)
      throw error
    }
  })
}
