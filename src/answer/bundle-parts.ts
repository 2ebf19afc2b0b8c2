// Chooses the entries of a Bundle for an answer that can't hold them all: from where the last answer stopped, as many as fit. The first
// answer also has the last match, so that both ends are known. Included resources come with their match if they fit.
import { isRecord } from '../base/json.ts'

export type Entry = Record<string, unknown>

const texts = new WeakMap<Entry, string>()

/** An entry's JSON, written once, since a long answer needs it several times. An entry must not change after that. */
export function jsonOf(entry: Entry): string {
  let text = texts.get(entry)
  if (text === undefined) {
    text = JSON.stringify(entry)
    texts.set(entry, text)
  }
  return text
}

/** A Bundle's entries one by one, each match followed by the resources it includes. */
export interface BundleParts {
  readonly ordered: readonly Entry[]
  /**
   * The entries of one answer.
   *
   * @param from entries that earlier answers gave; the last match came with the first of them
   * @param count entries to give from there, in addition to the last match
   */
  take(from: number, count: number): Entry[]
  /** The entries that no answer has given after this one. */
  rest(from: number, count: number): Entry[]
  /** How many entries have been given after this answer: `from` of the next one. */
  next(from: number, count: number): number
  /** The most entries, up to `count`, after which no match is separated from its included resources. */
  whole(from: number, count: number): number
}

export function isBatchAnswer({ type }: Entry): boolean {
  return type === 'batch-response' || type === 'transaction-response'
}

const REFERENCE = /"([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})["/]/g

/** The parts that a Bundle's entries can be given in; each entry belongs to exactly one match. */
export function bundlePartsOf(entries: readonly Entry[]): BundleParts {
  const matches = entries.filter((entry) => !isIncluded(entry))
  const included = entries.filter(isIncluded)
  const owners = included.length === 0 ? new Map<Entry, number>() : ownersOf(matches, included)
  const brought = Map.groupBy(included, (entry) => owners.get(entry) ?? 0)
  const groups = matches.map((match, at) => [match, ...(brought.get(at) ?? [])])
  const ordered = groups.length === 0 ? included : groups.flat()
  const places = new Map(ordered.map((entry, at) => [entry, at]))
  const last = groups.length === 0 ? -1 : ordered.length - (groups.at(-1)?.length ?? 0)
  const isFirst = (entry: Entry | undefined) => entry === undefined || !isIncluded(entry)
  const isIn = (at: number, from: number, count: number) => (at === last ? from === 0 : at >= from && at < from + count)
  const select = (test: (at: number) => boolean) => entries.filter((entry) => test(places.get(entry) ?? 0))
  return {
    ordered,
    take: (from, count) => select((at) => isIn(at, from, count)),
    rest: (from, count) => select((at) => at >= from && !isIn(at, from, count) && !(from > 0 && at === last)),
    next: (from, count) => (from + count === last ? last + 1 : from + count),
    whole: (from, count) => {
      for (let end = from + count; end > from; end--) if (isFirst(ordered[end])) return end - from
      return count
    },
  }
}

function isIncluded({ search }: Entry): boolean {
  return isRecord(search) && (search.mode === 'include' || search.mode === 'outcome')
}

/** The match that each included entry goes with: the first that refers to it or is referred to by it. */
function ownersOf(matches: readonly Entry[], included: readonly Entry[]): Map<Entry, number> {
  const ownerOf = new Map<string, number>()
  const own = (name: string | undefined, at: number) => {
    if (name !== undefined && (ownerOf.get(name) ?? at) >= at) ownerOf.set(name, at)
  }
  const places = new Map<string, number>()
  for (const [at, match] of matches.entries()) {
    const name = referenceTo(match)
    if (name) places.set(name, at)
    for (const reference of referencesIn(match)) own(reference, at)
  }
  const owners = new Map<Entry, number>()
  // An entry that was included because of another included one is found in a later round.
  for (let open = included; open.length > 0; ) {
    const left: Entry[] = []
    for (const entry of open) {
      const name = referenceTo(entry)
      const references = referencesIn(entry)
      const back = references.map((reference) => places.get(reference)).find((at) => at !== undefined)
      const at = (name === undefined ? undefined : ownerOf.get(name)) ?? back
      if (at === undefined) left.push(entry)
      else {
        owners.set(entry, at)
        for (const reference of references) own(reference, at)
      }
    }
    if (left.length === open.length) break
    open = left
  }
  return owners
}

function referenceTo({ resource }: Entry): string | undefined {
  return isRecord(resource) ? `${String(resource.resourceType)}/${String(resource.id)}` : undefined
}

function referencesIn(entry: Entry): string[] {
  return [...jsonOf(entry).matchAll(REFERENCE)].map(([, reference]) => reference ?? '')
}
