// The parts of a regular expression: each tries to match at a place in the text and, where it ends, calls the next part.

import type { Fn, Meter } from './meter.ts'

/** What an expression needs of the meter. */
export type Counting = Pick<Meter, 'step' | 'parsed'>

/** The current search. */
export interface MatchState {
  text: string
  /** Start and end of each group, by its number; the first two are unused. */
  captures: number[]
}

type Next = (place: number) => number
/** Where the whole expression ends if this part matches at a place; -1 if it doesn't. */
type Match = (place: number, next: Next) => number
/** Length of the character at a place; 0 if it doesn't match. */
type Single = (place: number) => number

export interface Part {
  match: Match
  single?: Single
}

interface Flags {
  isUnicode: boolean
  isCaseless: boolean
  /** The flags that change what one character matches. */
  own: string
}

export interface Repetition {
  least: number
  most: number
  isLazy: boolean
}

export function expressionPartsOf(Native: RegExpConstructor, { step, parsed }: Counting, search: MatchState) {
  const { apply } = Reflect
  const { create } = Object
  const { max } = Math
  const exec = Native.prototype.exec
  const codeAt = String.prototype.codePointAt as unknown as Fn
  const cut = String.prototype.slice as unknown as Fn
  const toLower = String.prototype.toLowerCase as unknown as Fn
  const lower = (text: string): string => apply(toLower, text, []) as string

  const ofSingle = (one: Single): Part => ({
    single: one,
    match(place, next) {
      step(1)
      const wide = one(place)
      return wide === 0 ? -1 : next(place + wide)
    },
  })

  const assertion = (holds: (place: number) => boolean): Part => ({
    match(place, next) {
      step(1)
      return holds(place) ? next(place) : -1
    },
  })
  const isLineEnd = (place: number): boolean => {
    const character = search.text[place]
    return character === '\n' || character === '\r' || character === '\u2028' || character === '\u2029'
  }

  const either = (found: readonly Part[]): Part => {
    if (found.length === 1) return found[0] as Part
    return {
      match(place, next) {
        for (let n = 0; n < found.length; n++) {
          step(1)
          const end = (found[n] as Part).match(place, next)
          if (end >= 0) return end
        }
        return -1
      },
    }
  }

  const inOrder = (found: readonly Part[]): Part => {
    if (found.length === 1) return found[0] as Part
    const from = (n: number, place: number, next: Next): number =>
      n === found.length ? next(place) : (found[n] as Part).match(place, (end) => from(n + 1, end, next))
    return {
      match(place, next) {
        step(1)
        return from(0, place, next)
      },
    }
  }

  /** A repeated character: its end positions are enough for backtracking. */
  const repeatedSingle = (one: Single, { least, most, isLazy }: Repetition): Part => ({
    match(place, next) {
      const ends = [place]
      const grow = (): boolean => {
        step(4)
        const from = ends[ends.length - 1] as number
        const wide = ends.length > most ? 0 : one(from)
        if (wide > 0) ends[ends.length] = from + wide
        return wide > 0
      }
      while (ends.length <= least) if (!grow()) return -1
      while (isLazy) {
        const end = next(ends[ends.length - 1] as number)
        if (end >= 0 || !grow()) return end
      }
      while (grow());
      for (let n = ends.length - 1; n >= least; n--) {
        step(1)
        const end = next(ends[n] as number)
        if (end >= 0) return end
      }
      return -1
    },
  })

  /** A repeated part. Its groups, after `first` up to `last`, are empty at the start of each turn. */
  const repeated = (part: Part, repetition: Repetition, first: number, last: number): Part => {
    if (part.single !== undefined) return repeatedSingle(part.single, repetition)
    const { least, most, isLazy } = repetition
    const again = (place: number, count: number, next: Next): number => {
      step(2 + last - first)
      const once = (): number => {
        const before: number[] = []
        for (let n = first * 2 + 2; n < last * 2 + 2; n++) {
          before[n] = search.captures[n] as number
          search.captures[n] = -1
        }
        const end = part.match(place, (then) => (then === place && count >= least ? -1 : again(then, count + 1, next)))
        if (end < 0) for (let n = first * 2 + 2; n < last * 2 + 2; n++) search.captures[n] = before[n] as number
        return end
      }
      if (count < least) return once()
      if (isLazy) {
        const end = next(place)
        return end >= 0 || count >= most ? end : once()
      }
      const end = count < most ? once() : -1
      return end >= 0 ? end : next(place)
    }
    return { match: (place, next) => again(place, 0, next) }
  }

  const group = (index: number, { match }: Part): Part => {
    const capture = (from: number, to: number): void => {
      search.captures[index * 2] = from
      search.captures[index * 2 + 1] = to
    }
    return {
      match(place, next) {
        step(2)
        const [from, to] = [search.captures[index * 2] as number, search.captures[index * 2 + 1] as number]
        const end = match(place, (then) => {
          const [before, after] = [search.captures[index * 2] as number, search.captures[index * 2 + 1] as number]
          capture(place, then)
          const end = next(then)
          if (end < 0) capture(before, after)
          return end
        })
        if (end < 0) capture(from, to)
        return end
      },
    }
  }

  /** A lookahead or lookbehind. Only a positive one keeps its captures. */
  const around = (isWanted: boolean, matches: (place: number) => boolean): Part => ({
    match(place, next) {
      const before = search.captures
      step(before.length >> 1)
      search.captures = []
      for (let n = 0; n < before.length; n++) search.captures[n] = before[n] as number
      const found = matches(place)
      if (!found || !isWanted) search.captures = before
      if (found !== isWanted) return -1
      const end = next(place)
      if (end < 0) search.captures = before
      return end
    },
  })
  const ahead = (isWanted: boolean, { match }: Part): Part =>
    around(isWanted, (place) => {
      step(1)
      return match(place, (end) => end) >= 0
    })
  const behind = (isWanted: boolean, { match }: Part): Part =>
    around(isWanted, (place) => {
      for (let from = place; from >= 0; from--) {
        step(1)
        if (match(from, (end) => (end === place ? end : -1)) >= 0) return true
      }
      return false
    })

  return ({ isUnicode, isCaseless, own }: Flags) => {
    /** One character, as the engine sees it. */
    const single = (atom: string, itself?: string): Single => {
      if (itself !== undefined && own === '') return (place) => (search.text[place] === itself ? 1 : 0)
      const native = new Native(parsed(`^(?:${atom})$`), own)
      const answers: Record<string, boolean> = create(null)
      return (place) => {
        const { text } = search
        if (place >= text.length) return 0
        const wide = isUnicode && (apply(codeAt, text, [place]) as number) > 0xffff ? 2 : 1
        const character = wide === 1 ? (text[place] as string) : (apply(cut, text, [place, place + wide]) as string)
        let answer = answers[character]
        if (answer === undefined) {
          step(20)
          answer = apply(exec, native, [character]) !== null
          answers[character] = answer
        }
        return answer ? wide : 0
      }
    }
    const isWord = single('\\w')
    const atWord = (place: number): boolean => (place > 0 && isWord(place - 1) > 0) !== isWord(place) > 0
    const reference = (index: number): Part => ({
      match(place, next) {
        const { text, captures } = search
        const [from, to] = [captures[index * 2] as number, captures[index * 2 + 1] as number]
        step(max(0, to - from) + 1)
        if (from < 0 || to < 0) return next(place)
        for (let n = 0; n < to - from; n++) {
          const [a, b] = [text[from + n] as string, text[place + n]]
          if (a !== b && !(b !== undefined && isCaseless && lower(a) === lower(b))) return -1
        }
        return next(place + to - from)
      },
    })
    return {
      single,
      atWord,
      reference,
      ofSingle,
      assertion,
      isLineEnd,
      either,
      inOrder,
      repeated,
      group,
      ahead,
      behind,
    }
  }
}
