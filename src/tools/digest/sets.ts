// Compares searches: which subjects of one have a match in another, and which have none.
import { factOf } from '../../answer/digest/facts.ts'
import { referredBy, subjectsOf } from '../../answer/digest/key.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { KeptRecord, Members } from './members.ts'
import { afterwards, type DigestSearch, type FoundRecords, isWhole, readSearch } from './read.ts'

export interface Comparison {
  wanted: 'with' | 'without'
  /** As given. */
  path: string
  search: DigestSearch
}

interface Compared {
  kept: KeptRecord[]
  /** Lines that say what was compared, and the result. */
  lines: string[]
}

/**
 * Keeps the records whose subjects have some or no match in each of the other searches.
 *
 * @param recordsThemselves whether to compare the records themselves, by what refers to them, instead of their subjects
 */
export async function compared(
  resources: readonly KeptRecord[],
  members: Members,
  comparisons: readonly Comparison[],
  recordsThemselves: boolean,
  context: ToolContext,
): Promise<Compared> {
  if (comparisons.length === 0) return { kept: [...resources], lines: [] }
  const base = context.caller.medplum.fhirBase.href
  let kept = resources
    .filter(({ member }) => !member.withdrawn)
    .map((one) => ({ ...one, subjects: recordsThemselves ? subjectsOf(itself(one), base) : one.subjects }))
  const withdrawn = resources.length - kept.length
  const lines = withdrawn > 0 ? [`${withdrawn} entered in error (or refuted) were left out.`] : []
  let read = resources.length
  for (const { wanted, path, search } of comparisons) {
    const other = new Other(base)
    const found = await readSearch(search, afterwards(context, read), (resource) => other.keep(resource))
    read += found.resources.length
    const before = subjectsIn(kept)
    kept = kept.flatMap((one) => {
      const subjects = one.subjects.filter(({ key }) => other.has(key) === (wanted === 'with'))
      return subjects.length > 0 ? [members.about(one, subjects)] : []
    })
    lines.push(
      `${subjectsIn(kept)} of ${before} subjects have ${wanted === 'with' ? 'a' : 'no'} match in ${path} (${found.resources.length - other.withdrawn} records${other.withdrawn > 0 ? `, besides ${other.withdrawn} entered in error` : ''}).`,
      ...inexact(found, wanted),
      ...found.notes,
    )
  }
  return { kept, lines }
}

function itself({ resourceType, id }: KeptRecord): Record<string, unknown> {
  return { resourceType, id }
}

function subjectsIn(kept: readonly KeptRecord[]): number {
  return new Set(kept.flatMap(({ subjects }) => subjects.map(({ key }) => key))).size
}

function inexact(found: FoundRecords, wanted: Comparison['wanted']): string[] {
  if (isWhole(found)) return []
  const why = found.partial ?? `only ${found.resources.length} records were read`
  return [
    `NOT EXACT: that search was not read to the end (${why}), so ${wanted === 'with' ? 'subjects may be missing here' : 'some of these may have a match'}. Narrow it.`,
  ]
}

/** The subjects of the other search's records, and what they refer to. */
class Other {
  withdrawn = 0
  readonly #base: string
  readonly #subjects = new Set<string>()
  readonly #referred = new Set<string>()

  constructor(base: string) {
    this.#base = base
  }

  keep(resource: Record<string, unknown>): Record<string, unknown> {
    const { resourceType, id, meta } = resource
    const kept = { resourceType, id, meta }
    if (factOf(resource).withdrawn) {
      this.withdrawn++
      return kept
    }
    for (const { key } of subjectsOf(resource, this.#base)) this.#subjects.add(key)
    for (const key of referredBy(resource, this.#base)) this.#referred.add(key)
    return kept
  }

  /** A patient matches if a record is about them; anything else if a record refers to it. */
  has(key: string): boolean {
    return this.#subjects.has(key) || (!key.startsWith('reference Patient/') && this.#referred.has(key))
  }
}
