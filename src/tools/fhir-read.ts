// The reading half of fhir-request, so that a host can allow it permanently.

import * as z from 'zod'
import { isRecord } from '../base/json.ts'
import { UserError } from '../base/told-error.ts'
import { boundedText, MAX_FORM } from './kit/bounded.ts'
import { defineRequestTool } from './perform/request-tool.ts'
import { BODY, normalise, PATH, READ_INPUT, withoutMethod } from './request/arguments.ts'
import { withQueryObject } from './request/query-object.ts'

export const fhirRead = defineRequestTool({
  name: 'fhir-read',
  title: 'Read FHIR records',
  description: [
    'Reads from Medplum (FHIR R4) without changing anything: GET Patient/ID, a search such as Observation?subject=Patient/ID&_sort=-date, Patient/ID/$everything, Patient/ID/_history, Binary/ID, metadata?type=Task; or by POST a search (Patient/_search with `form`), a batch of GETs, Patient/$match, a GraphQL query (with `body`).',
    'Answers are FHIR in a lossless compact form, in whole records; `next` is the path that continues.',
    'Anything that does more than read is refused. API: https://hl7.org/fhir/R4/http.html and https://www.medplum.com/docs/api/fhir.',
  ].join('\n'),
  input: z.object({
    path: PATH,
    form: boundedText(MAX_FORM).optional().describe('Criteria for TYPE/_search, e.g. name=smith&birthdate=1961-03-14'),
    body: BODY,
    ...READ_INPUT,
  }),
  normalise(args, note) {
    const given = withForm(normalise(args, note))
    if (!isRecord(given)) return given
    const implied = given.form === undefined && given.body == null ? 'GET' : 'POST'
    const rest = withoutMethod(given, implied)
    return implied === 'GET' && isRecord(rest) ? withQueryObject(rest, note) : rest
  },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  request: ({ form, body, ...args }) => ({ ...args, ...methodFor(form, body ?? undefined) }),
  kinds: new Set(['read']),
})

/** Models also send the criteria as text in `body`. */
function withForm(args: unknown): unknown {
  if (!isRecord(args) || typeof args.body !== 'string' || args.form !== undefined || /^\s*[{[]/.test(args.body))
    return args
  const { body: form, ...rest } = args
  return { ...rest, form }
}

/** POST for a search with its criteria in the body, which keeps them out of URL logs (FHIR R4, section 3.1.1.1); otherwise GET. */
function methodFor(form: string | undefined, body: unknown) {
  if (form !== undefined && body !== undefined) {
    throw new UserError('`form` and `body` cannot be combined. Nothing was sent. Give one of them.')
  }
  if (form !== undefined) {
    return { method: 'POST', body: form, contentType: 'application/x-www-form-urlencoded' } as const
  }
  return body === undefined ? ({ method: 'GET' } as const) : ({ method: 'POST', body } as const)
}
