// Which entries of a Bundle go into an answer that can't hold them all: from where the last answer stopped, as many as fit, and
// at the first time the last one too, so that both ends are known. What a match brought along goes with it.
import { isRecord } from './client.ts'

export type Entry = Record<string, unknown>

/** A Bundle's entries in the order of its matches, each with what it brought along. */
export interface Parts {
  /** Entries that count: matches, versions, whatever is not merely included. */
  readonly matches: number
  /**
   * The entries of one answer.
   *
   * @param from matches that earlier answers gave; the last match came with the first of them
   * @param count matches to give from there on, besides the last
   */
  take(from: number, count: number): Entry[]
  /** The entries that no answer has given after this one. */
  rest(from: number, count: number): Entry[]
}

const REFERENCE = /"([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})["/]/g

/** The parts that a Bundle's entries can be given in; each entry belongs to exactly one match. */
export function partsOf(entries: readonly Entry[]): Parts {
  const matches = entries.filter((entry) => !isIncluded(entry))
  const included = entries.filter(isIncluded)
  const owner = included.length === 0 ? new Map<Entry, number>() : ownersOf(matches, included)
  const last = matches.length - 1
  const given = (from: number, count: number) => (at: number) =>
    at < from ? true : from === 0 && at === last ? true : at < from + count
  const inAnswer = (from: number, count: number) => (at: number) => {
    if (at === last) return from === 0 || last < from
    return at >= from && at < from + count
  }
  const at = new Map(matches.map((entry, index) => [entry, index]))
  const place = (entry: Entry) => at.get(entry) ?? owner.get(entry) ?? 0
  return {
    matches: matches.length,
    take: (from, count) => {
      const isIn = inAnswer(from, count)
      return entries.filter((entry) => isIn(place(entry)))
    },
    rest: (from, count) => {
      const isGiven = given(from, count)
      return entries.filter((entry) => !isGiven(place(entry)) && !(from > 0 && place(entry) === last))
    },
  }
}

function isIncluded({ search }: Entry): boolean {
  return isRecord(search) && (search.mode === 'include' || search.mode === 'outcome')
}

/** The match that each included entry goes with: the last if that has to do with it, as it comes first; else the first that has. */
function ownersOf(matches: readonly Entry[], included: readonly Entry[]): Map<Entry, number> {
  const last = matches.length - 1
  const ownerOf = new Map<string, number>()
  const own = (name: string | undefined, at: number) => {
    if (name === undefined) return
    const before = ownerOf.get(name)
    if (before === undefined || at === last) ownerOf.set(name, at)
  }
  const places = new Map<string, number>()
  for (const [at, match] of matches.entries()) {
    const name = nameOf(match)
    if (name) places.set(name, at)
    for (const reference of referencesIn(match)) own(reference, at)
  }
  const owners = new Map<Entry, number>()
  // What was included because of something included is met in a later round.
  for (let open = included; open.length > 0; ) {
    const left: Entry[] = []
    for (const entry of open) {
      const name = nameOf(entry)
      const references = referencesIn(entry)
      const back = references.map((reference) => places.get(reference)).filter((at) => at !== undefined)
      const at = (name === undefined ? undefined : ownerOf.get(name)) ?? (back.includes(last) ? last : back[0])
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

function nameOf({ resource }: Entry): string | undefined {
  return isRecord(resource) ? `${String(resource.resourceType)}/${String(resource.id)}` : undefined
}

function referencesIn({ resource }: Entry): string[] {
  return [...JSON.stringify(resource ?? null).matchAll(REFERENCE)].map(([, reference]) => reference ?? '')
}
