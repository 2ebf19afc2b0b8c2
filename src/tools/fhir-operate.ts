// Operations that do something, for hosts that want no tool that mixes reads and writes.

import * as z from 'zod'
import { defineRequestTool } from './perform/request-tool.ts'
import { CONTENT_INPUT, normalise, PATH, RESPOND_ASYNC, withBody } from './request/arguments.ts'
import { METHODS } from './request/prepare.ts'

export const fhirOperate = defineRequestTool({
  name: 'fhir-operate',
  title: 'Run FHIR operations',
  description: [
    'Runs Medplum operations that do more than store records: Claim/$submit, Bot/ID/$deploy, Bot/ID/$execute, Agent/ID/$push, $export; stops jobs (DELETE job/ID/status); and changes projects, bots and access.',
    'Plain reads, writes and deletions are refused. API: https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    method: z.enum(METHODS).describe('HTTP method, e.g. POST'),
    path: PATH,
    ...CONTENT_INPUT,
    respondAsync: RESPOND_ASYNC,
  }),
  normalise,
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  request: withBody,
  kinds: new Set(['operate', 'admin']),
})
