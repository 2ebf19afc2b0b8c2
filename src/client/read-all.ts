// All pages of a search, $everything or a history, as far as a limit and the call's time allow.

import { isRecord } from '../base/json.ts'
import { byId, entriesOf, type FetchedPage, halved, MAX_OFFSET, nextOf, offsetOf, totalOf } from '../fhir/paging.ts'
import type { FhirClient } from './client.ts'
import { FhirError } from './fhir-error.ts'
import type { Progress } from './job.ts'
import type { FhirResponse } from './request.ts'
import { TransportError } from './transport.ts'

type Entry = Record<string, unknown>

export interface ReadOptions {
  /** Maximum number of resources: after these, no further page is requested. The last page stays whole, so there may be a few more. */
  cap: number
  progress: Progress
  signal: AbortSignal
  /** The answer to `path`, if it was asked for already. */
  first?: FhirResponse
  /** What to keep of a resource if not all of it is needed: thousands of whole ones may not fit into memory. */
  keep?(resource: Entry): Entry
}

export interface AllPages {
  /** Bundle entries without duplicates: each version of a resource once, as a match if it is both a match and included. */
  entries: Entry[]
  /** The server's count of all matches; undefined if it gave none. */
  total: number | undefined
  /** Whether reading stopped at `cap` although there is more. */
  capped: boolean
  /** The path of the first unread page, if there is one. */
  next: string | undefined
  /** Pages read. */
  pages: number
  /** Why reading stopped before the end and before the cap, as a part of a sentence. */
  partial?: string
}

/** Time that must remain in the call to request another page, in milliseconds. */
const RESERVE_MS = 10_000

/**
 * Reads page after page by the Bundle's next links, and by offset where Medplum gives none (a history). A page that is too large is
 * requested again as smaller pages. Anything but a Bundle is returned as the only entry.
 *
 * @param path relative to the FHIR base; a search should have passed {@link withStableOrder}
 * @throws {FhirError} {TransportError} {SessionError} if any page can't be read: what is returned has no gaps
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
  let page: FetchedPage = first ? { path, body: first.body } : await readPage(fhir, path, signal)
  for (;;) {
    pages++
    asked.add(page.path)
    const before = found.size
    for (const entry of entriesOf(page.body)) add(found, entry, keep)
    total ??= totalOf(page.body)
    await tell(progress, found.size, total, cap)
    const next = nextOf(page, found.size > before)
    if (next === undefined) return all({})
    if (asked.has(next)) return all({ partial: 'Medplum returned a next page that was already read' })
    if (offsetOf(next) > MAX_OFFSET) {
      return all({ partial: `Medplum stops at ${MAX_OFFSET} resources in this order` })
    }
    if (found.size >= cap) return all({ capped: true, next })
    if (fhir.remainingMs < RESERVE_MS) return all({ next, partial: 'the time limit of this call is nearly reached' })
    page = await readPage(fhir, next, signal)
  }
}

async function readPage(fhir: FhirClient, path: string, signal: AbortSignal): Promise<FetchedPage> {
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

/** More resources than fit on a page have the same time, and the cursor can't pass them (medplum/medplum#10387). */
function isStuck(error: unknown): boolean {
  return error instanceof FhirError && error.status === 500 && /cursor fails to make progress/i.test(error.message)
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
  // Included resources are not among the matches that the server counts.
  const known = whole !== undefined && whole >= read ? whole : undefined
  await progress(read, known, `Read ${read}${known === undefined ? '' : ` of ${known}`} resources`)
}
