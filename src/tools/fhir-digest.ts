// What is in a set of records, counted here: over all pages of a search, which would not fit into a model's context.

import * as z from 'zod'
import { checkAnswer } from '../advice/replies/check-answer.ts'
import { compact } from '../answer/compact/compact.ts'
import { literal } from '../answer/compact/literal.ts'
import { writeTable } from '../answer/compact/table.ts'
import { type DigestRow, digest, essenceOf } from '../answer/digest/digest.ts'
import { typeOf } from '../audit/audit.ts'
import { isRecord } from '../base/json.ts'
import { UserError } from '../base/told-error.ts'
import { type AllPages, readAll } from '../client/read-all.ts'
import { withStableOrder } from '../fhir/paging.ts'
import { criterion, formatPlace, parsePlace } from '../fhir/query.ts'
import { isFilePath, NARROWER, recordsOfFile } from './digest-file.ts'
import { bounded, MAX_ADDRESS } from './kit/bounded.ts'
import { defineTool } from './kit/tool.ts'

import { advised } from './perform/perform.ts'
import { normalise as normaliseRequest, withoutMethod } from './request/arguments.ts'
import { prepare } from './request/prepare.ts'
import { withQueryObject } from './request/query-object.ts'

/** Resources that one call counts. */
const CAP = 10_000
/** Characters reserved for text other than the rows. */
const RESERVE = 1_000
const FORMS =
  '`path` must be a search (Observation?subject=Patient/ID), several types (?_type=Task,Claim&_compartment=Patient/ID), Patient/ID/$everything, Patient/ID/_history or the file of an export (Binary/ID).'

export const fhirDigest = defineTool({
  name: 'fhir-digest',
  title: 'FHIR digest',
  description: [
    'Counts what a search or chart contains, over all its pages, without returning the records.',
    'One row for each type, code and unit: count, statuses, first and last date with value, min, max, id of the latest.',
    'At most 10,000 resources. Records themselves: fhir-read.',
  ].join('\n'),
  input: z.object({
    path: bounded(MAX_ADDRESS).describe(
      'Search, chart or several types, e.g. Observation?subject=Patient/ID, Patient/ID/$everything, ?_type=Task,Claim',
    ),
  }),
  normalise,
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async run({ path: given }, context) {
    const { caller, fhir, progress, signal, event, answerChars } = context
    const prepared = prepare({ method: 'GET', path: given }, caller.medplum.fhirBase)
    const { request, risk, notes } = prepared
    event.kind = risk.kind
    event.type = typeOf(risk.targets[0]) ?? 'other'
    if (risk.kind !== 'read') throw new UserError(`${FORMS} GET ${risk.targets[0]} ${risk.reason}. Nothing was sent.`)
    if (isFilePath(request.path)) {
      const { resources, partial } = await advised(prepared, context, () => recordsOfFile(fhir, request, CAP, signal))
      event.status = 200
      const entries = resources.map((resource) => ({ resource }))
      const read = {
        entries,
        total: undefined,
        next: undefined,
        pages: 1,
        capped: false,
        ...(partial !== undefined && { partial }),
      }
      return present(read, `${request.path}/_history`, notes, answerChars, NARROWER)
    }
    const whole = unboundedSearch(request.path)
    const read = await advised(prepared, context, () =>
      readAll(fhir, whole.path, { cap: CAP, progress, signal, keep: essenceOf }),
    )
    event.status = 200
    return present(read, whole.path, [...notes, ...whole.notes, ...hintsFor(read, request.path)], answerChars)
  },
})

/** Models also write the method in front of the path. */
function normalise(args: unknown, note: (text: string) => void): unknown {
  const given = withoutMethod(normaliseRequest(args), 'GET')
  if (!isRecord(given) || typeof given.path !== 'string') return given
  return withQueryObject({ ...given, path: given.path.replace(/^GET +/i, '') }, note)
}

/** A search of one type or of several, one record, its history, or a chart: what answers with records. */
const FORM = /^(?:[A-Z][A-Za-z]*(?:\/[A-Za-z0-9.-]+(?:\/(?:_history|\$everything|\$summary))?)?)?(?:\?|$)/

/** Parameters that would show a digest less than there is, or in a costly order. */
const NARROWING: ReadonlySet<string> = new Set(['_count', '_elements', '_fields', '_sort', '_summary'])

/** The request for all that it finds, whole, in a steady order, with the total. A page in the middle stays as it was given. */
function unboundedSearch(path: string): { path: string; notes: string[] } {
  if (!FORM.test(path)) {
    throw new UserError(`${FORMS} Nothing was sent.`)
  }
  if (isLater(path)) return { path, notes: [] }
  const { segments, parameters } = parsePlace(path)
  const left = parameters.filter(({ key }) => NARROWING.has(key)).map(({ key }) => `\`${key}\``)
  const kept = parameters.filter(({ key }) => !NARROWING.has(key) && key !== '_total')
  const total =
    segments.length === 1 && !parameters.some(({ key }) => key === '_type') ? [criterion('_total', 'accurate')] : []
  return {
    path: withStableOrder(formatPlace({ segments, parameters: [...kept, ...total] })),
    notes: left.length > 0 ? [`${left.join(', ')} was left out: a digest counts whole records, over all pages.`] : [],
  }
}

/** Whether this names a page in the middle, as the digest before it gave it out. */
function isLater(path: string): boolean {
  return parsePlace(path).parameters.some(({ key }) => key === '_cursor' || key === '_offset')
}

/** What may be behind an answer without entries. */
function hintsFor({ entries }: AllPages, path: string): string[] {
  if (entries.length > 0) return []
  return checkAnswer({ method: 'GET', path }, { status: 200, body: { resourceType: 'Bundle', type: 'searchset' } })
}

/** Each resource in its newest version; of a history, all versions. */
function resourcesOf({ entries }: AllPages, path: string): Record<string, unknown>[] {
  const isHistory = parsePlace(path).segments.includes('_history')
  const newest = new Map<string, Record<string, unknown>>()
  for (const [index, { resource, search }] of entries.entries()) {
    if (!isRecord(resource) || (isRecord(search) && search.mode === 'outcome')) continue
    const { resourceType, id } = resource
    newest.set(isHistory || typeof id !== 'string' ? String(index) : `${String(resourceType)}/${id}`, resource)
  }
  return [...newest.values()]
}

function present(
  read: AllPages,
  path: string,
  notes: readonly string[],
  answerChars: number,
  narrower = 'Narrow the search, e.g. by code or date.',
): string {
  const resources = resourcesOf(read, path)
  const rows = digest(resources)
  const { table, left } = fitting(rows, answerChars - RESERVE)
  const head = [extentOf(read, isLater(path), resources.length, rows.length, narrower), ...left, ...new Set(notes)]
  return table === undefined ? head.join('\n') : `${head.join('\n')}\n\n${table}`
}

/** Of how much this is the digest, and how to get at the rest. */
function extentOf(
  { total, capped, partial, next }: AllPages,
  later: boolean,
  count: number,
  rows: number,
  narrower: string,
): string {
  if (count === 0) return 'No resources found.'
  const found = `${amount(count, 'resource')} in ${amount(rows, 'row')}`
  if (!capped && partial === undefined) return `Digest of ${later ? `${found}, from this page on` : `all ${found}`}.`
  const of = total === undefined ? '' : ` of ${number(total)}`
  const why = partial ?? `a digest counts at most ${number(CAP)}`
  const go = next === undefined ? '' : ` Continue with path ${next}`
  return `Digest of the ${later ? 'NEXT' : 'FIRST'} ${number(count)} resources${of} only, in ${amount(rows, 'row')}: ${why}. Counts, first, last, min and max are of these only. ${narrower}${go}`
}

/** As many rows as fit, and a sentence for the others: those with the smallest counts go first. */
function fitting(rows: readonly DigestRow[], maxChars: number): { table: string | undefined; left: string[] } {
  if (rows.length === 0) return { table: undefined, left: [] }
  const bySize = rows.toSorted((a, b) => b.count - a.count)
  for (let keep = rows.length; ; ) {
    const kept = new Set(bySize.slice(0, keep))
    const table = written(rows.filter((row) => kept.has(row)))
    const left = nameLeft(bySize.slice(keep))
    const length = table.length + left.join('\n').length
    if (length <= maxChars || keep <= 1) return { table, left }
    keep = Math.max(1, Math.min(keep - 1, Math.floor((keep * maxChars) / length)))
  }
}

function written(rows: readonly DigestRow[]): string {
  const values = rows.map((row) => ({ ...row }))
  return values.length === 1 ? compact(values[0]) : writeTable('Digest', values)
}

const MAX_TYPES = 8
const MAX_NAMES = 5

/** What was left out, by type: `120 rows of Observation (count 180): 1234-5, 2345-6, …` */
function nameLeft(rows: readonly DigestRow[]): string[] {
  if (rows.length === 0) return []
  const byType = [...Map.groupBy(rows, ({ type }) => type)]
  const lines = byType.slice(0, MAX_TYPES).map(([type, all]) => {
    const names = all
      .slice(0, MAX_NAMES)
      .map(({ code, display }) => literal([...(code ?? display ?? 'no code')].slice(0, 40).join('')))
    const rest = all.length > names.length ? ', …' : ''
    const count = all.reduce((sum, row) => sum + row.count, 0)
    return `- ${amount(all.length, 'row')} of ${literal(type)} (count ${number(count)}): ${names.join(', ')}${rest}`
  })
  if (byType.length > MAX_TYPES)
    lines.push(
      `- and rows of ${byType
        .slice(MAX_TYPES)
        .map(([type]) => literal(type))
        .join(', ')}`,
    )
  const most = Math.max(...rows.map(({ count }) => count))
  return [
    `Left out for length: ${amount(rows.length, 'row')} with the smallest counts (up to ${number(most)}). A digest of one type, code or date shows them:`,
    ...lines,
  ]
}

function amount(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`
}

function number(count: number): string {
  return count.toLocaleString('en-US')
}
