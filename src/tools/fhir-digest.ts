// Counts, sums and compares a set of records over all pages of a search, which would not fit into a model's context.

import * as z from 'zod'
import { digest, essenceOf } from '../answer/digest/digest.ts'
import { statusOf } from '../answer/digest/subject.ts'
import { typeOfTarget } from '../audit/audit.ts'
import { isRecord } from '../base/json.ts'
import { groupedDigest } from './digest/grouped.ts'
import { withNames } from './digest/names.ts'
import { amount, extentText, fittingRows, notSummed, RESERVED_CHARS, rowsText } from './digest/present.ts'
import { type DigestSearch, readSearch, understoodSearch } from './digest/read.ts'
import { boundedText, MAX_ADDRESS, MAX_NAME } from './kit/bounded.ts'
import { defineTool, type ToolContext } from './kit/tool.ts'

import { normalise as normaliseRequest, withoutMethod } from './request/arguments.ts'
import { withQueryObject } from './request/query-object.ts'

export const fhirDigest = defineTool({
  name: 'fhir-digest',
  title: 'FHIR digest',
  description: [
    'Counts, sums and compares what a search or chart contains, over all its pages, without returning the records.',
    'One row for each type, code and unit, or group of `by`: count, status, first and last date, sum, mean, min, max.',
    'At most 10,000 records; those entered in error are only in the count.',
  ].join('\n'),
  input: z.object({
    path: boundedText(MAX_ADDRESS).describe(
      'Search or chart, e.g. Claim?created=ge2026, ?_type=Task,Claim, Patient/ID/$everything',
    ),
    by: z
      .array(boundedText(MAX_ADDRESS))
      .optional()
      .describe('FHIRPath to group by, e.g. ["subject","effective.toString().substring(0,7)"]'),
    value: boundedText(MAX_ADDRESS).optional().describe('FHIRPath to sum instead of the value or total, e.g. item.net'),
    pick: z.enum(['latest', 'first']).optional().describe('One record per group, with date and value'),
    sort: boundedText(MAX_NAME).optional().describe('Column; -sum: largest first'),
    top: z
      .int()
      .min(1, '`top` must be a number of rows, at least 1. Nothing was sent.')
      .optional()
      .describe('Maximum rows'),
    with: boundedText(MAX_ADDRESS).optional().describe('Second search: keeps the subjects with a match there'),
    without: boundedText(MAX_ADDRESS)
      .optional()
      .describe('Keeps those without a match, e.g. Observation?code=4548-4&date=ge2026-06'),
  }),
  normalise,
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async run(args, context) {
    const { event } = context
    const search = understoodSearch('path', args.path, context)
    const comparisons = (['with', 'without'] as const).flatMap((wanted) => {
      const path = args[wanted]
      return path === undefined ? [] : [{ wanted, path, search: understoodSearch(wanted, path, context) }]
    })
    event.kind = search.prepared.risk.kind
    event.type = typeOfTarget(search.prepared.risk.targets[0]) ?? 'other'
    const { by = [], value, pick, sort, top } = args
    const isPlain = by.length + comparisons.length === 0 && (value ?? pick ?? sort ?? top) === undefined
    const text = isPlain
      ? await plainDigest(search, context)
      : await groupedDigest(search, { by, value, pick, sort, top, comparisons }, context)
    event.status = 200
    return text
  },
})

/** Rows by type, code and unit. */
async function plainDigest(search: DigestSearch, context: ToolContext): Promise<string> {
  const found = await readSearch(search, context, essenceOf)
  const rows = digest(found.resources)
  const { rows: shown, left } = fittingRows(rows, context.answerChars - RESERVED_CHARS)
  const named = rowsText(await withNames(shown, context))
  const table = named.length > context.answerChars - RESERVED_CHARS ? rowsText(shown) : named
  const withdrawn = found.resources.filter((one) => statusOf(one).withdrawn).length
  const head = [
    extentText(found, found.resources.length, amount(rows.length, 'row')),
    ...left,
    ...notSummed(rows, withdrawn),
    ...new Set(found.notes),
  ]
  return shown.length === 0 ? head.join('\n') : `${head.join('\n')}\n\n${table}`
}

/** Models also write the method before the path, a single expression as a string, and `latest: true`. */
function normalise(args: unknown, note: (text: string) => void): unknown {
  const given = withoutMethod(normaliseRequest(args), 'GET')
  if (!isRecord(given) || typeof given.path !== 'string') return given
  const { latest, first, ...rest } = given
  const picked = latest === true ? { pick: 'latest' } : first === true ? { pick: 'first' } : undefined
  const others = latest === undefined && first === undefined ? given : picked ? { ...rest, ...picked } : given
  const by = typeof others.by === 'string' ? { by: [others.by] } : {}
  const paths = Object.fromEntries(
    ['path', 'with', 'without'].flatMap((name) => {
      const path = others[name]
      return typeof path === 'string' ? [[name, path.replace(/^GET +/i, '')]] : []
    }),
  )
  return withQueryObject({ ...others, ...by, ...paths }, note)
}
