// The searches of a digest: prepared like every other read, and read completely, in a stable order.
import { checkAnswer } from '../../advice/replies/check-answer.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { type AllPages, readAll } from '../../client/read-all.ts'
import { withStableOrder } from '../../fhir/paging.ts'
import { criterion, formatPlace, parsePlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import { advised } from '../perform/advised.ts'
import { missedCodes } from '../perform/missed-codes.ts'
import { type Prepared, prepare } from '../request/prepare.ts'
import { isFilePath, NARROWER, recordsOfFile } from './file.ts'

/** Maximum number of resources in one search. */
export const CAP = 10_000
const FORMS =
  'must be a search (Observation?subject=Patient/ID), several types (?_type=Task,Claim&_compartment=Patient/ID), Patient/ID/$everything, Patient/ID/_history or the file of an export (Binary/ID).'

/** A search, prepared for reading. */
export interface DigestSearch {
  prepared: Prepared
  /** The path that is sent; for a file, its own. */
  path: string
  notes: string[]
  isFile: boolean
}

type Resource = Record<string, unknown>

export interface FoundRecords extends Omit<AllPages, 'entries'> {
  /** Each record in its newest version; for a history, all versions. */
  resources: Resource[]
  notes: string[]
  /** Whether reading started at a later page. */
  later: boolean
  /** How to narrow it so that everything is counted. */
  narrower: string
}

/**
 * @param argument that holds the path
 * @throws {UserError} {PathError} before anything is sent, for anything but a read of many records
 */
export function understoodSearch(argument: string, path: string, { caller }: ToolContext): DigestSearch {
  const prepared = prepare({ method: 'GET', path }, caller.medplum.fhirBase)
  const { request, risk, notes } = prepared
  if (risk.kind !== 'read') {
    throw new UserError(
      `\`${argument}\` ${FORMS} GET ${risk.targets[0]} is not a read: ${risk.reason}. Nothing was sent.`,
    )
  }
  if (isFilePath(request.path)) return { prepared, path: request.path, notes, isFile: true }
  const whole = unboundedSearch(argument, request.path)
  return { prepared, path: whole.path, notes: [...notes, ...whole.notes], isFile: false }
}

/** Reads all that a search finds, up to the cap, keeping only the needed part of each resource. */
export async function readSearch(
  { prepared, path, notes, isFile }: DigestSearch,
  context: ToolContext,
  keep: (resource: Resource) => Resource,
): Promise<FoundRecords> {
  const { fhir, progress, signal } = context
  if (isFile) {
    const { resources, partial } = await advised(prepared, context, () =>
      recordsOfFile(fhir, prepared.request, { cap: CAP, signal, keep }),
    )
    const read = { total: undefined, next: undefined, pages: 1, later: false, capped: false }
    return { ...read, resources, notes, narrower: NARROWER, ...(partial !== undefined && { partial }) }
  }
  const { entries, ...read } = await advised(prepared, context, () =>
    readAll(fhir, path, { cap: CAP, progress, signal, keep }),
  )
  const hints =
    entries.length > 0
      ? []
      : [...hintsOf(prepared.request.path), ...(await missedCodes(prepared.asked, NOTHING, context))]
  return {
    ...read,
    resources: newestOf(entries, path),
    notes: [...notes, ...hints],
    later: isLater(path),
    narrower: NARROW,
  }
}

const NARROW = 'Narrow the search, e.g. by code or date.'

/** Whether this is all that the search finds. */
export function isWhole({ capped, partial, later }: FoundRecords): boolean {
  return !capped && partial === undefined && !later
}

/** The context for a later read, whose progress continues that of earlier ones. */
export function afterwards(context: ToolContext, read: number): ToolContext {
  const { progress } = context
  return { ...context, progress: (at, _total, message) => progress(read + at, undefined, message) }
}

/** Paths that return records: a search of one or several types, one record, its history, or a chart. */
const FORM = /^(?:[A-Z][A-Za-z]*(?:\/[A-Za-z0-9.-]+(?:\/(?:_history|\$everything|\$summary))?)?)?(?:\?|$)/

/** Parameters that would hide records from a digest, or make reading them costly. */
const NARROWING: ReadonlySet<string> = new Set(['_count', '_elements', '_fields', '_sort', '_summary'])

/** The request for everything that it finds, with whole resources, a stable order and the total. A later page stays unchanged. */
function unboundedSearch(argument: string, path: string): { path: string; notes: string[] } {
  if (!FORM.test(path)) {
    throw new UserError(`\`${argument}\` ${FORMS} Nothing was sent.`)
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

/** Whether this names a later page, as given by an earlier digest. */
function isLater(path: string): boolean {
  return parsePlace(path).parameters.some(({ key }) => key === '_cursor' || key === '_offset')
}

const NOTHING = { resourceType: 'Bundle', type: 'searchset' }

/** Possible reasons for an answer without entries. */
function hintsOf(path: string): string[] {
  return checkAnswer({ method: 'GET', path }, { status: 200, body: NOTHING })
}

function newestOf(entries: AllPages['entries'], path: string): Resource[] {
  const isHistory = parsePlace(path).segments.includes('_history')
  const newest = new Map<string, Resource>()
  for (const [index, { resource, search }] of entries.entries()) {
    if (!isRecord(resource) || (isRecord(search) && search.mode === 'outcome')) continue
    const { resourceType, id } = resource
    newest.set(isHistory || typeof id !== 'string' ? String(index) : `${String(resourceType)}/${id}`, resource)
  }
  return [...newest.values()]
}
