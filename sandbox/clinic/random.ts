/**
 * Seeded random numbers. The clinic must be the same on every machine and every day, and a change to one file (say, billing.ts)
 * must not change what others generate. So each file draws from its own named stream, and an id depends only on its record's name.
 */

/** FNV-1a over UTF-16 code units: a small, well-spread 32-bit seed from a name. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, enough for made-up data and never for secrets. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** A stream of random numbers, named after what it decides. */
export interface Chance {
  /** Uniform in [0, 1). */
  unit(): number
  /** True with the given probability. */
  odds(probability: number): boolean
  /** Uniform whole number, both ends included. */
  int(from: number, to: number): number
  /** Uniform real number in [from, to). */
  between(from: number, to: number): number
  /** Bell-shaped around 0 with standard deviation 1, never beyond ±3.5 (so no outlier needs clamping). */
  bell(): number
  pick<T>(options: readonly T[]): T
  shuffle<T>(items: readonly T[]): T[]
}

/** @param name what the stream decides; equal names give equal streams */
export function chance(name: string): Chance {
  const next = mulberry32(seedOf(name))
  const unit = () => next() / 4294967296
  const int = (from: number, to: number) => from + Math.floor(unit() * (to - from + 1))
  return {
    unit,
    int,
    odds: (probability) => unit() < probability,
    between: (from, to) => from + unit() * (to - from),
    // Irwin–Hall instead of Box–Muller: only additions, so no engine's `log` or `cos` can change a digit.
    bell: () => (unit() + unit() + unit() + unit() - 2) * 1.7320508,
    pick: (options) => {
      const picked = options[int(0, options.length - 1)]
      if (picked === undefined) throw new RangeError(`nothing to pick from in "${name}"`)
      return picked
    },
    shuffle: (items) =>
      items
        .map((item) => ({ item, order: unit() }))
        .sort((a, b) => a.order - b.order)
        .map(({ item }) => item),
  }
}

/** The id of a record: UUID-v4 shaped (RFC 9562 §5.4), fixed by the record's own name. */
export function uuid(name: string): string {
  const next = mulberry32(seedOf(name))
  const other = mulberry32(seedOf(`${name}#`))
  const hex = [next(), other(), next(), other()].map((word) => word.toString(16).padStart(8, '0')).join('')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
