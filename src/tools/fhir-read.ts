// The reading half of fhir-request, so that a host can allow it for good.
import * as z from 'zod'
import { isRecord } from '../fhir/client.ts'
import { defineTool } from './define.ts'
import { perform } from './perform.ts'
import { normalise, PATH, READ_INPUT } from './request-input.ts'

export const fhirRead = defineTool({
  name: 'fhir-read',
  title: 'Read FHIR records',
  description: [
    'Reads from Medplum (FHIR R4), and changes nothing: GET Patient/ID, a search such as Observation?subject=Patient/ID&_sort=-date, Patient/ID/$everything, Patient/ID/_history, Binary/ID, metadata?type=Task; or a search by POST (Patient/_search with `form`).',
    'Anything else is refused. API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    path: PATH,
    form: z.string().optional().describe('Criteria for TYPE/_search, e.g. name=smith&birthdate=1961-03-14'),
    ...READ_INPUT,
  }),
  normalise: (args) => normalise(isRecord(args) && typeof args.body === 'string' ? { form: args.body, ...args } : args),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  run: ({ form, ...args }, context) =>
    perform(form === undefined ? { ...args, method: 'GET' } : { ...args, ...asSearch(form) }, context, {
      tool: 'fhir-read',
      kinds: new Set(['read']),
    }),
})

/** A search whose criteria stand in the body, where they stay out of logs of addresses (FHIR R4, section 3.1.1.1). */
function asSearch(form: string) {
  return { method: 'POST', body: form, contentType: 'application/x-www-form-urlencoded' } as const
}
