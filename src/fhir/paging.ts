// Medplum's paging, as paths: its default order is unspecified, offsets end at 10,000, and cursors work in only one order.
import { isRecord, records } from '../base/json.ts'
import { isType } from './compartment.ts'
import { criterion, formatPlace, type Place, parsePlace } from './query.ts'

type Entry = Record<string, unknown>

export interface FetchedPage {
  /** The path that was requested. */
  path: string
  body: unknown
}

/** The highest offset that Medplum accepts. */
export const MAX_OFFSET = 10_000
/** The most entries that Medplum puts on a page. */
export const MAX_COUNT = 1000
const PAGE = 500
/** With fewer entries per page, Medplum always pages by offset. */
const MIN_CURSOR_COUNT = 20

const PAGED = /^(?:[A-Z][A-Za-z]*|[A-Z][A-Za-z]*\/[A-Za-z0-9.-]+\/(?:\$everything|_history))?(?:\?|$)/

/** Whether a path is read in pages: a search of one type or several, a history, a chart. */
export function isPaged(path: string): boolean {
  return PAGED.test(path)
}

/**
 * A search in an order in which pages don't overlap, 500 to a page, unless it already has an order or a count. A search of one type is
 * ordered by time of storage, so that Medplum pages by cursor, without a limit; of several types by id, since their cursors fail up to
 * Medplum 5.1. Any other path is unchanged.
 */
export function withStableOrder(path: string): string {
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

/** The path with half as many entries per page; undefined if it is already one. */
export function halved(path: string): string | undefined {
  const place = parsePlace(path)
  const count = countOf(place)
  if (count === undefined || count <= 1) return undefined
  const half = Math.floor(count / 2)
  const byCursor = parameter(place, '_sort') === '_lastUpdated' && !(offsetOf(path) > 0)
  return byCursor && half < MIN_CURSOR_COUNT ? byId(path, half) : changed(place, { _count: String(half) })
}

/** The same search from its beginning, ordered by id and paged by offset; undefined if it is ordered so already. */
export function byId(path: string, count?: number): string | undefined {
  const place = parsePlace(path)
  if (parameter(place, '_sort') !== '_lastUpdated') return undefined
  return changed(place, {
    _sort: '_id',
    _cursor: undefined,
    _offset: undefined,
    ...(count !== undefined && { _count: String(count) }),
  })
}

/** Maximum entries per page; undefined for a path that isn't paged. */
function countOf(place: Place): number | undefined {
  const { segments } = place
  const unless = segments.length < 2 ? 20 : { $everything: 1000, _history: 100 }[segments[2] ?? '']
  const count = Number(parameter(place, '_count') ?? unless)
  return Number.isInteger(count) ? Math.min(count, MAX_COUNT) : undefined
}

/**
 * The path of the page after this one, as Medplum links it or should; undefined after the last.
 *
 * @param more whether this page contained anything
 */
export function nextOf({ path, body }: FetchedPage, more: boolean): string | undefined {
  const place = parsePlace(path)
  const link = isRecord(body) && Array.isArray(body.link) ? body.link.find(isNext) : undefined
  if (link === undefined) return place.segments[2] === '_history' && more ? nextOfHistory(place, body) : undefined
  const next = parsePlace(link.url)
  const offset = parameter(next, '_offset')
  // Medplum 5.1 links to a search of the compartment, which ignores `start` and `end` and leaves out referenced resources.
  if (place.segments[2] === '$everything' && next.segments[2] !== '$everything' && offset !== undefined) {
    return changed(place, { _offset: offset, _count: parameter(next, '_count') })
  }
  // No server has a type of that name: Medplum means the base, which all its versions accept.
  if (next.segments[0] === 'MultipleTypes') next.segments = []
  // For several types, Medplum refuses its own cursors (400) but accepts offsets.
  if (parameter(next, '_type') !== undefined && parameter(next, '_cursor') !== undefined) {
    const read = offsetIn(place) + matchesOf(entriesOf(body))
    return changed(next, { _total: undefined, _cursor: undefined, _offset: String(read) })
  }
  // It has already been counted.
  return changed(next, { _total: undefined })
}

/** The page after this answer, if there is one. */
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

/** The entries of a Bundle; anything but a Bundle is the only entry. */
export function entriesOf(body: unknown): Entry[] {
  if (isRecord(body) && body.resourceType === 'Bundle') return records(body, 'entry')
  return isRecord(body) && typeof body.resourceType === 'string' ? [{ resource: body }] : []
}

/** How many of them matched, without included resources. */
export function matchesOf(entries: readonly Entry[]): number {
  return entries.filter(({ search }) => !(isRecord(search) && /^(include|outcome)$/.test(String(search.mode)))).length
}

/**
 * The answer to a search, with a total if this is the only page. Medplum counts only on request, and a request for the total would
 * double the time.
 */
export function withTotal(path: string, body: unknown): unknown {
  if (!isRecord(body) || body.type !== 'searchset' || body.total !== undefined) return body
  const place = parsePlace(path)
  const [type, ...rest] = place.segments
  const isSearch = (type === undefined || isType(type)) && rest.every((one) => one === '_search')
  const isLater = ['_offset', '_cursor'].some((name) => parameter(place, name) !== undefined)
  const isAsked = Number(parameter(place, '_count') ?? 1) > 0
  if (!isSearch || isLater || !isAsked || records(body, 'link').some(isNext)) return body
  const { entry, ...head } = body
  return { ...head, total: matchesOf(records(body, 'entry')), ...(entry !== undefined && { entry }) }
}

/** The server's count of all matches; undefined if it gave none. */
export function totalOf(body: unknown): number | undefined {
  return isRecord(body) && body.resourceType === 'Bundle' && typeof body.total === 'number' ? body.total : undefined
}

function parameter({ parameters }: Place, name: string): string | undefined {
  return parameters.find(({ key }) => key === name)?.value
}

/** The offset at which a page begins. */
export function offsetOf(path: string): number {
  return offsetIn(parsePlace(path))
}

function offsetIn(place: Place): number {
  return Number(parameter(place, '_offset') ?? 0)
}

/** The path with these parameters replaced, or, if undefined, removed. */
function changed({ segments, parameters }: Place, values: Record<string, string | undefined>): string {
  const kept = parameters.filter(({ key }) => !Object.hasOwn(values, key))
  const added = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [criterion(name, value)]))
  return formatPlace({ segments, parameters: [...kept, ...added] })
}
