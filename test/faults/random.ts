// Repeatable random numbers: the same seed gives the same numbers.

/** A separate generator for each use, so that they don't affect each other (mulberry32). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** One of these, each as likely as its weight says. */
  pick<T>(weighted: readonly (readonly [weight: number, T])[]): T {
    let at = this.next() * weighted.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, one] of weighted) {
      at -= weight
      if (at < 0) return one
    }
    throw new Error('Nothing to pick from')
  }
}
