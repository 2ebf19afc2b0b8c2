// The main tool: any request to Medplum's FHIR API.

import * as z from 'zod'
import { defineRequestTool } from './perform/request-tool.ts'
import { normalise, READ_INPUT, WRITE_INPUT, withBody } from './request/arguments.ts'
import { METHODS } from './request/prepare.ts'

export const fhirRequest = defineRequestTool({
  name: 'fhir-request',
  title: 'FHIR request',
  description: [
    'Sends one FHIR R4 request to Medplum as the signed-in person and returns the answer.',
    'GET reads (Patient/ID), searches (Observation?subject=Patient/ID&code=4548-4&_count=20), shows history (Patient/ID/_history), files (Binary/ID) and what the server offers (metadata, metadata?type=Task).',
    'POST creates (path = type), runs an operation (Claim/$submit, Bot/ID/$execute, Agent/ID/$push, $graphql) or sends a batch Bundle (empty path). PUT replaces a whole resource, PATCH changes parts of it with a JSON Patch, DELETE deletes it.',
    'Answers are FHIR in a lossless compact form, in whole records; `next` is the path that continues. An unsuccessful request is an error result with the HTTP status, the issues and advice.',
    'API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({ method: z.enum(METHODS).describe('HTTP method, e.g. GET'), ...WRITE_INPUT, ...READ_INPUT }),
  normalise,
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  request: withBody,
})
