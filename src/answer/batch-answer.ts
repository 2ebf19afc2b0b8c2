// The answer to a batch within a budget. The results of entries are given while there is room; resources are dropped first.
import { isRecord } from '../base/json.ts'
import { bundlePartsOf, type Entry } from './bundle-parts.ts'
import { lighten } from './lighten.ts'

interface BatchParts {
  entry: Entry[]
  remarks: string[]
}

/** Approximate characters of an entry without its resource. */
const BARE = 120
const MIN_SHARE = 300
const MIN_ECHOES = 20
const MAX_NAMED = 20

/**
 * The entries, with only the id in place of each resource that repeats what was sent; undefined if there are only a few.
 *
 * @param written indexes of the entries that stored something
 */
export function withoutEchoes(
  entries: readonly Entry[],
  written: ReadonlySet<number>,
): { entry: Entry[]; remark: string } | undefined {
  const isEcho = ({ resource, response }: Entry, at: number) =>
    written.has(at) && isRecord(resource) && isSuccess(response) && response.outcome === undefined
  const echoes = entries.filter(isEcho)
  if (echoes.length <= MIN_ECHOES) return undefined
  const entry = entries.map((one, at) => {
    if (!isEcho(one, at) || !isRecord(one.resource) || !isRecord(one.response)) return one
    const { resourceType, id } = one.resource
    return { resource: { resourceType, id }, response: { status: one.response.status } }
  })
  const remark = `everything but the id of ${echoes.length} stored resources (by status: ${byStatus(entries)}); read the ones you need at Type/ID`
  return { entry, remark }
}

function isSuccess(response: unknown): response is Entry {
  return isRecord(response) && /^2\d\d/.test(String(response.status))
}

/** How many entries have each status: `201 × 298, 400 × 2`. */
function byStatus(entries: readonly Entry[]): string {
  const statuses = Map.groupBy(entries, statusOf)
  return [...statuses]
    .slice(0, MAX_NAMED)
    .map(([status, { length }]) => `${status} × ${length}`)
    .join(', ')
}

function statusOf({ response }: Entry): string {
  return (isRecord(response) && /^\d{3}/.exec(String(response.status))?.[0]) || 'none'
}

/**
 * The entries of a batch's answer with as much of their resources as fits.
 *
 * @param limit characters for all of them
 * @param size characters of a resource in the form in which it is shown
 */
export function batchParts(entries: readonly Entry[], limit: number, size: (value: unknown) => number): BatchParts {
  const whole = (entry: readonly Entry[]) => size({ resourceType: 'Bundle', type: 'batch-response', entry })
  if (whole(entries) <= limit) return { entry: [...entries], remarks: [] }
  const sizes = entries.map(({ resource }) => (resource === undefined ? 0 : size(resource)))
  const share = shareOf(sizes, limit - entries.length * BARE)
  const remarks: string[] = []
  const entry = entries.map((one, at) => {
    // A resource this short, such as an id alone, is kept.
    if ((sizes[at] ?? 0) <= Math.max(share, BARE)) return one
    const { resource, ...rest } = one
    const less = share >= MIN_SHARE ? fewerMatches(resource, share, size) : undefined
    remarks.push(less ? `entry ${at}: ${less.gone} of its matches` : `entry ${at}: its resource`)
    return less ? { ...rest, resource: less.bundle } : rest
  })
  const named = remarks.slice(0, MAX_NAMED).join('; ')
  const more = remarks.length > MAX_NAMED ? `; and of ${remarks.length - MAX_NAMED} more entries` : ''
  const told = remarks.length === 0 ? [] : [`${named}${more}. Ask for these in separate requests`]
  return whole(entry) <= limit ? { entry, remarks: told } : firstOf(entry, limit, whole, told)
}

/** The first entries, as many as fit, and the results of the others. */
function firstOf(
  entries: readonly Entry[],
  limit: number,
  whole: (entry: readonly Entry[]) => number,
  told: string[],
): BatchParts {
  const light = entries.map((one) => {
    if (whole([one]) <= limit / 4) return one
    return { response: { status: statusOf(one) }, ...lightEntry(one, limit / 4, whole) }
  })
  let count = light.length
  while (count > 0 && whole(light.slice(0, count)) > limit) count = Math.floor(count * 0.8)
  const rest = entries.slice(count)
  const failed = rest.flatMap((one, at) => (isSuccess(one.response) ? [] : [`${count + at}: ${statusOf(one)}`]))
  const failures = failed.length === 0 ? '' : `; failed: ${failed.slice(0, MAX_NAMED).join(', ')}`
  const more = failed.length > MAX_NAMED ? ` and ${failed.length - MAX_NAMED} more` : ''
  const others = `${rest.length} entries after these (by status: ${byStatus(rest)}${failures}${more}). All were carried out: do not send them again. A larger maxChars would have shown them`
  return { entry: light.slice(0, count), remarks: rest.length === 0 ? told : [...told, others] }
}

function lightEntry(entry: Entry, limit: number, whole: (entry: readonly Entry[]) => number): Entry {
  const { value } = lighten(entry, (part) => (isRecord(part) ? whole([part]) : 0), limit)
  return isRecord(value) ? value : {}
}

/** The largest size that each may have within the limit, if those that are smaller leave their rest to the others. */
function shareOf(sizes: readonly number[], limit: number): number {
  let left = Math.max(limit, 0)
  let share = 0
  const open = sizes.filter((size) => size > 0).sort((a, b) => a - b)
  for (const [at, size] of open.entries()) {
    share = left / (open.length - at)
    if (size > share) return share
    left -= size
  }
  return Number.POSITIVE_INFINITY
}

/** A searchset with as many matches as fit, the last among them; undefined for anything else. */
function fewerMatches(
  resource: unknown,
  limit: number,
  size: (value: unknown) => number,
): { bundle: Entry; gone: number } | undefined {
  if (!isRecord(resource) || resource.resourceType !== 'Bundle' || !Array.isArray(resource.entry)) return undefined
  const parts = bundlePartsOf(resource.entry.filter(isRecord))
  for (let count = parts.ordered.length - 1; count > 0; count = Math.floor(count * 0.6)) {
    const { link: _link, ...rest } = resource
    const bundle = { ...rest, entry: parts.take(0, count) }
    if (size(bundle) <= limit) return { bundle, gone: parts.rest(0, count).length }
  }
  return undefined
}
