// Operations that do something, for hosts that want no tool that mixes reads and writes.
import * as z from 'zod'
import { defineTool } from './define.ts'
import { perform } from './perform.ts'
import { METHODS } from './prepare.ts'
import { BODY, CONTENT_TYPE, normalise, PATH, RESPOND_ASYNC } from './request-input.ts'

export const fhirOperate = defineTool({
  name: 'fhir-operate',
  title: 'Run FHIR operations',
  description: [
    'Runs operations of Medplum that act: Claim/$submit, Bot/ID/$deploy, Bot/ID/$execute, Agent/ID/$push, Appointment/$book, PlanDefinition/ID/$apply, and changes to projects, bots and access.',
    'Plain reads, writes and deletions are refused. API: https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    method: z.enum(METHODS).describe('HTTP method, e.g. POST'),
    path: PATH,
    body: BODY,
    contentType: CONTENT_TYPE,
    respondAsync: RESPOND_ASYNC,
  }),
  normalise,
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  run: (args, context) => perform(args, context, { tool: 'fhir-operate', kinds: new Set(['operate', 'admin']) }),
})
