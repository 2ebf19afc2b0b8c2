// The answer to a batch within a budget. What each entry came to is always told; the resources are what can be left out.
import { isRecord } from '../base/json.ts'
import { type Entry, partsOf } from './bundle-parts.ts'

export interface BatchParts {
  entry: Entry[]
  remarks: string[]
}

/** Characters that an entry without its resource takes up, about. */
const BARE = 120
const MIN_SHARE = 300

/**
 * The entries of a batch's answer with as much of their resources as fits.
 *
 * @param limit characters for all of them
 * @param size characters of a resource in the form in which it is shown
 */
export function batchParts(entries: readonly Entry[], limit: number, size: (value: unknown) => number): BatchParts {
  if (size({ resourceType: 'Bundle', entry: entries }) <= limit) return { entry: [...entries], remarks: [] }
  const sizes = entries.map(({ resource }) => (resource === undefined ? 0 : size(resource)))
  const share = shareOf(sizes, limit - entries.length * BARE)
  const remarks: string[] = []
  const entry = entries.map((one, at) => {
    if ((sizes[at] ?? 0) <= share) return one
    const { resource, ...rest } = one
    const less = share >= MIN_SHARE ? fewerMatches(resource, share, size) : undefined
    remarks.push(less ? `entry ${at}: ${less.gone} of its matches` : `entry ${at}: its resource`)
    return less ? { ...rest, resource: less.bundle } : rest
  })
  const named = remarks.slice(0, 20).join('; ')
  const more = remarks.length > 20 ? `; and of ${remarks.length - 20} more entries` : ''
  return { entry, remarks: [`${named}${more}. Ask for these by requests of their own`] }
}

/** The largest share that all can have without passing the limit: what small ones leave over goes to the large ones. */
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
  const parts = partsOf(resource.entry.filter(isRecord))
  for (let count = parts.ordered.length - 1; count > 0; count = Math.floor(count * 0.6)) {
    const { link: _link, ...rest } = resource
    const bundle = { ...rest, entry: parts.take(0, count) }
    if (size(bundle) <= limit) return { bundle, gone: parts.rest(0, count).length }
  }
  return undefined
}
