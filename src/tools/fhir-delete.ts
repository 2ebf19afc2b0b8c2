// Deleting, for hosts that want no tool that mixes reads and writes.

import * as z from 'zod'
import { defineRequestTool } from './perform/request-tool.ts'
import { BODY, DRY_RUN, IF_MATCH, normalise, PATH, withoutMethod } from './request/arguments.ts'

export const fhirDelete = defineRequestTool({
  name: 'fhir-delete',
  title: 'Delete FHIR records',
  description: [
    'Deletes records in Medplum (FHIR R4): one (Task/ID), what a search finds (Task?identifier=…), or several by a batch Bundle of DELETEs in `body` (empty path).',
    'Anything else is refused, including the deletion of projects, bots and access. API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    path: PATH,
    body: BODY.meta({ type: 'object', description: 'Batch Bundle of DELETEs' }),
    ifMatch: IF_MATCH,
    dryRun: DRY_RUN,
  }),
  // Several records are deleted by a POST of a batch.
  normalise: (args) => withoutMethod(normalise(args), 'DELETE', 'POST'),
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  request: (args) => ({ ...args, method: args.body == null ? 'DELETE' : 'POST' }),
  kinds: new Set(['delete']),
})
