// Creating and changing, for hosts that want no tool that mixes reads and writes.

import * as z from 'zod'
import { defineRequestTool } from './perform/request-tool.ts'
import { normalise, WRITE_INPUT, withBody } from './request/arguments.ts'

export const fhirWrite = defineRequestTool({
  name: 'fhir-write',
  title: 'Write FHIR records',
  description: [
    'Creates and changes records in Medplum (FHIR R4): POST creates (path = type), sends a batch Bundle (empty path) or runs an operation that only stores records (Appointment/$book, PlanDefinition/ID/$apply), PUT replaces a whole resource, PATCH changes parts of it with a JSON Patch.',
    'Reads, deletions, other operations, and changes to projects, bots and access are refused. API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({ method: z.enum(['POST', 'PUT', 'PATCH']).describe('HTTP method, e.g. POST'), ...WRITE_INPUT }),
  normalise,
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  request: withBody,
  kinds: new Set(['write']),
})
