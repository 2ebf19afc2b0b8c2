// All pages of a search, $everything or a history, as far as a limit and the call's time allow. How Medplum pages decides how
// they are asked for: its default order is unspecified, by offset it goes 10,000 deep, and a cursor needs one order only.
import { isRecord } from '../json.ts'
import type { FhirClient, FhirResponse } from './client.ts'
import { isType } from './compartment.ts'
import type { Progress } from './job.ts'
import { FhirError } from './outcome.ts'
import { formatParameter, formatPlace, type Place, parsePlace } from './query.ts'
import { TransportError } from './transport.ts'

type Entry = Record<string, unknown>

export interface ReadOptions {
  /** Resources after which no further page is asked for. The last page stays whole, so there may be a few more. */
  cap: number
  progress: Progress
  signal: AbortSignal
  /** The answer to `path`, if it was asked for already. */
  first?: FhirResponse
  /** What to keep of a resource, where less than all of it is needed: thousands of whole ones may not fit into memory. */
  keep?(resource: Entry): Entry
}

export interface AllPages {
  /** Bundle entries, each version of a resource once; of a match that was also included, the match. */
  entries: Entry[]
  /** All matches, by the server's count; undefined where it gave none. */
  total: number | undefined
  /** There are more than were read, because of `cap`. */
  capped: boolean
  /** The path of the first page that was not read, where there is more. */
  next: string | undefined
  /** Pages read. */
  pages: number
  /** Why reading stopped before the end and before the cap, as a part of a sentence. */
  partial?: string
}

/** Time that must be left of the call to ask for another page, in milliseconds. */
const RESERVE_MS = 10_000
const MAX_OFFSET = 10_000

/**
 * Reads page after page by the Bundle's next links, and by offset where Medplum gives none (a history). A page that is too
 * large to be read is asked for in smaller ones. What is no Bundle comes as the only entry.
 *
 * @param path relative to the FHIR base; a search is best {@link steadied}
 * @throws {FhirError} {TransportError} {SessionError} if any page can't be had: what is returned has no gaps
 */
export async function readAll(fhir: FhirClient, path: string, options: ReadOptions): Promise<AllPages> {
  const { cap, progress, signal, first, keep } = options
  const found = new Map<string, Entry>()
  const asked = new Set<string>()
  const all = (rest: Partial<AllPages>): AllPages => ({
    ...{ entries: [...found.values()], total, pages, capped: false, next: undefined },
    ...rest,
  })
  let total: number | undefined
  let pages = 0
  let page: Page = first ? { path, body: first.body } : await readPage(fhir, path, signal)
  for (;;) {
    pages++
    asked.add(page.path)
    const before = found.size
    for (const entry of entriesOf(page.body)) add(found, entry, keep)
    total ??= totalOf(page.body)
    await tell(progress, found.size, total, cap)
    const next = nextOf(page, found.size > before)
    if (next === undefined) return all({})
    if (asked.has(next)) return all({ partial: 'Medplum named a page as the next one that was read already' })
    if (offsetOf(next) > MAX_OFFSET) {
      return all({ partial: `Medplum goes no further than ${MAX_OFFSET} resources in this order` })
    }
    if (found.size >= cap) return all({ capped: true, next })
    if (fhir.remainingMs < RESERVE_MS) return all({ next, partial: 'the time of this call is nearly over' })
    page = await readPage(fhir, next, signal)
  }
}

/**
 * A search in an order in which its pages don't overlap, in pages of 500, unless it says something else itself: one type by
 * time of storage, where Medplum pages by cursor without limit; several by id, since their cursors fail up to Medplum 5.1.
 * Any other path stays as it is.
 */
export function steadied(path: string): string {
  const place = parsePlace(path)
  const { segments } = place
  const counted = parameter(place, '_count')
  const several = parameter(place, '_type') !== undefined
  const isSearch = segments.length === 0 ? several : segments.length === 1 && isType(segments[0])
  const placed = ['_offset', '_cursor'].some((name) => parameter(place, name) !== undefined)
  if (!isSearch || placed || parameter(place, '_summary') === 'count') return path
  if (parameter(place, '_sort') !== undefined) {
    return counted === undefined ? changed(place, { _count: String(PAGE) }) : path
  }
  const byCursor = !several && Number(counted ?? PAGE) >= MIN_CURSOR_COUNT
  return changed(place, {
    _sort: byCursor ? '_lastUpdated' : '_id',
    ...(counted === undefined && { _count: String(PAGE) }),
  })
}

const PAGE = 500
/** With fewer entries a page, Medplum pages by offset in every order. */
const MIN_CURSOR_COUNT = 20

// ── One page ──

interface Page {
  /** As it was asked for in the end. */
  path: string
  body: unknown
}

async function readPage(fhir: FhirClient, path: string, signal: AbortSignal): Promise<Page> {
  for (let asked = path; ; ) {
    try {
      const { body } = await fhir.send({ method: 'GET', path: asked, repeatable: true, signal })
      return { path: asked, body }
    } catch (error) {
      const other = isTooLarge(error) ? halved(asked) : isStuck(error) ? byId(asked) : undefined
      if (other === undefined) throw error
      asked = other
    }
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof TransportError && / is larger than \d+ MB /.test(error.message)
}

/** More resources than fit on a page bear the same time, so the cursor can't pass them (medplum/medplum#10387). */
function isStuck(error: unknown): boolean {
  return error instanceof FhirError && error.status === 500 && /cursor fails to make progress/i.test(error.message)
}

/** Half as many entries; undefined where one alone is too large. */
function halved(path: string): string | undefined {
  const place = parsePlace(path)
  const count = countOf(place)
  if (count === undefined || count <= 1) return undefined
  const half = Math.floor(count / 2)
  const byCursor = parameter(place, '_sort') === '_lastUpdated' && !(offsetOf(path) > 0)
  return byCursor && half < MIN_CURSOR_COUNT ? byId(path, half) : changed(place, { _count: String(half) })
}

/** The same search from its beginning, ordered by id and paged by offset; undefined where it is ordered so already. */
function byId(path: string, count?: number): string | undefined {
  const place = parsePlace(path)
  if (parameter(place, '_sort') !== '_lastUpdated') return undefined
  return changed(place, {
    _sort: '_id',
    _cursor: undefined,
    _offset: undefined,
    ...(count !== undefined && { _count: String(count) }),
  })
}

const MAX_COUNT = 1000

/** Entries a page, at most; undefined for what isn't paged. */
function countOf(place: Place): number | undefined {
  const { segments } = place
  const unless = segments.length < 2 ? 20 : { $everything: 1000, _history: 100 }[segments[2] ?? '']
  const count = Number(parameter(place, '_count') ?? unless)
  return Number.isInteger(count) ? Math.min(count, MAX_COUNT) : undefined
}

// ── The next page ──

function nextOf({ path, body }: Page, more: boolean): string | undefined {
  const place = parsePlace(path)
  const link = isRecord(body) && Array.isArray(body.link) ? body.link.find(isNext) : undefined
  if (link === undefined) return place.segments[2] === '_history' && more ? nextOfHistory(place, body) : undefined
  const next = parsePlace(link.url)
  const offset = parameter(next, '_offset')
  // Medplum 5.1 links to a search of the compartment, which knows neither `start` and `end` nor what else is referred to.
  if (place.segments[2] === '$everything' && next.segments[2] !== '$everything' && offset !== undefined) {
    return changed(place, { _offset: offset, _count: parameter(next, '_count') })
  }
  // No server has a type of that name; the base itself is what Medplum means, and takes in every version.
  if (next.segments[0] === 'MultipleTypes') next.segments = []
  // It has been counted by now.
  return changed(next, { _total: undefined })
}

/** The page after this answer, where there is one. */
export function nextPage(path: string, body: unknown): string | undefined {
  return nextOf({ path, body }, entriesOf(body).length > 0)
}

function isNext(link: unknown): link is { url: string } {
  return isRecord(link) && link.relation === 'next' && typeof link.url === 'string'
}

/** Medplum links no pages of a history, but counts its versions. */
function nextOfHistory(place: Place, body: unknown): string | undefined {
  const read = offsetIn(place) + entriesOf(body).length
  const total = totalOf(body)
  return total !== undefined && read < total ? changed(place, { _offset: String(read) }) : undefined
}

// ── Bodies and parameters ──

function entriesOf(body: unknown): Entry[] {
  if (isRecord(body) && body.resourceType === 'Bundle')
    return Array.isArray(body.entry) ? body.entry.filter(isRecord) : []
  return isRecord(body) && typeof body.resourceType === 'string' ? [{ resource: body }] : []
}

function totalOf(body: unknown): number | undefined {
  return isRecord(body) && body.resourceType === 'Bundle' && typeof body.total === 'number' ? body.total : undefined
}

function add(found: Map<string, Entry>, entry: Entry, keep: ReadOptions['keep']): void {
  const { resource } = entry
  const key = isRecord(resource) ? versionOf(resource) : undefined
  const before = found.get(key ?? JSON.stringify(entry))
  if (before && !(isMatch(entry) && !isMatch(before))) return
  found.set(key ?? JSON.stringify(entry), isRecord(resource) && keep ? { ...entry, resource: keep(resource) } : entry)
}

function versionOf({ resourceType, id, meta }: Entry): string | undefined {
  if (typeof id !== 'string') return undefined
  return `${String(resourceType)}/${id}/${String(isRecord(meta) ? meta.versionId : undefined)}`
}

function isMatch({ search }: Entry): boolean {
  return isRecord(search) && search.mode === 'match'
}

async function tell(progress: Progress, read: number, total: number | undefined, cap: number): Promise<void> {
  const whole = total === undefined ? undefined : Math.min(total, cap)
  // What is included comes on top of the matches that the server counts.
  const known = whole !== undefined && whole >= read ? whole : undefined
  await progress(read, known, `Read ${read}${known === undefined ? '' : ` of ${known}`} resources`)
}

function parameter({ parameters }: Place, name: string): string | undefined {
  return parameters.find(({ key }) => key === name)?.value
}

function offsetOf(path: string): number {
  return offsetIn(parsePlace(path))
}

function offsetIn(place: Place): number {
  return Number(parameter(place, '_offset') ?? 0)
}

/** The path with these parameters in the place of others of their name; undefined takes them out. */
function changed({ segments, parameters }: Place, values: Record<string, string | undefined>): string {
  const kept = parameters.filter(({ key }) => !Object.hasOwn(values, key))
  const added = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [formatParameter(name, value)],
  )
  return formatPlace({ segments, parameters: [...kept, ...added] })
}
