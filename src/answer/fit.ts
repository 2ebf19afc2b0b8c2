// How many entries fit into an answer, found with as few attempts as possible because writing one is slow.

/** An answer with some of the entries. */
export interface Attempt<T> {
  answer: T
  /** Characters. */
  length: number
  /** Characters that only this entry needs, without what it shares with others; undefined if unknown. */
  own(entry: number): number | undefined
}

interface Limits {
  /** Characters that the answer may have. */
  limit: number
  /** Maximum number of entries. */
  most: number
  /** Sizes of the entries relative to each other. */
  sizes: readonly number[]
}

const MAX_ROUNDS = 6
/** An answer that is this full isn't written again to fill the rest. */
const GOOD_ENOUGH = 0.85
/** The target, below the limit because an estimate may be wrong. */
const AIM = 0.93
/** The target after an answer that was too long: that one didn't yet contain the remark about what is left out. */
const AIM_UNTOLD = 0.88

/**
 * The answer with (nearly) the most entries that fit; at least one, so that paging makes progress.
 *
 * @param write makes the answer with this many entries, and with a note about the others
 * @param guess entries to try first
 */
export function fitEntries<T>(write: (count: number) => Attempt<T>, guess: number, { limit, most, sizes }: Limits): T {
  let [low, high] = [1, most]
  let best: T | undefined
  let count = Math.max(1, guess)
  for (let round = 0; round < MAX_ROUNDS && low <= high; round++) {
    const { answer, length, own } = write(count)
    const size = sizes.slice(0, count).reduce((sum, one) => sum + one, 0)
    if (length <= limit) {
      best = answer
      if (length > limit * GOOD_ENOUGH) break
      low = count + 1
      count = countWithin(sizes, (size * limit * AIM) / length)
    } else {
      high = count - 1
      for (let over = length - limit * AIM_UNTOLD; over > 0 && count > low; count--) {
        over -= own(count - 1) ?? ((sizes[count - 1] ?? 0) * length) / size
      }
    }
    count = Math.max(low, Math.min(high, count))
  }
  return best ?? write(1).answer
}

/** How many of the first sizes add up to at most the limit. */
export function countWithin(sizes: readonly number[], limit: number): number {
  let left = limit
  const end = sizes.findIndex((size) => {
    left -= size
    return left < 0
  })
  return end < 0 ? sizes.length : end
}
