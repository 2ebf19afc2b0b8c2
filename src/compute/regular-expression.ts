// Regular expressions that count their steps. The engine's own can take longer than anybody waits, and nothing interrupts them.
// The engine still parses and checks an expression, and knows classes and letter case; the search by trial is done here.

/** As RegExp.prototype.exec. */
export type Matcher = (expression: RegExp, source: string, flags: string, text: string) => unknown

/** Goes into the isolate of a program as text, so it knows nothing but its arguments. */
export function matcherOf(Native: RegExpConstructor, step: (count: number) => void): Matcher {
  type Next = (at: number) => number
  type Match = (at: number, next: Next) => number
  /** How far the one character at a place goes; 0 where it doesn't match. */
  type Single = (at: number) => number
  type Part = { match: Match; single?: Single }
  interface Compiled {
    match: Match
    groups: number
    names: Record<string, number>
  }

  const { apply } = Reflect
  const { create } = Object
  const exec = Native.prototype.exec
  const codeAt = String.prototype.codePointAt as unknown as (...args: unknown[]) => unknown
  const cut = String.prototype.slice as unknown as (...args: unknown[]) => unknown
  const slice = (text: string, from: number, to: number): string => apply(cut, text, [from, to]) as string
  const toLower = String.prototype.toLowerCase as unknown as (...args: unknown[]) => unknown
  const lower = (text: string): string => apply(toLower, text, []) as string
  const { floor, max } = Math
  const known: Record<string, Compiled> = create(null)
  let text = ''
  let captures: number[] = []

  const compile = (source: string, flags: string): Compiled => {
    const has = (flag: string): boolean => {
      for (let at = 0; at < flags.length; at++) if (flags[at] === flag) return true
      return false
    }
    if (has('v')) throw new SyntaxError('the flag v of regular expressions is not available')
    const [isUnicode, isLined] = [has('u'), has('m')]
    const own = `${has('i') ? 'i' : ''}${isUnicode ? 'u' : ''}${has('s') ? 's' : ''}`
    const names: Record<string, number> = create(null)
    const total = groupsIn(source, names)
    let at = 0
    let groups = 0
    step(1000)

    const width = (place: number): number => (isUnicode && (apply(codeAt, text, [place]) as number) > 0xffff ? 2 : 1)
    /** One character, as the engine sees it. */
    const single = (atom: string, itself?: string): Single => {
      if (itself !== undefined && own === '') return (place) => (text[place] === itself ? 1 : 0)
      const native = new Native(`^(?:${atom})$`, own)
      const answers: Record<string, boolean> = create(null)
      return (place) => {
        if (place >= text.length) return 0
        const wide = width(place)
        const character = wide === 1 ? (text[place] as string) : slice(text, place, place + wide)
        let answer = answers[character]
        if (answer === undefined) {
          step(20)
          answer = apply(exec, native, [character]) !== null
          answers[character] = answer
        }
        return answer ? wide : 0
      }
    }
    const ofSingle = (one: Single): Part => ({
      single: one,
      match(place, next) {
        step(1)
        const wide = one(place)
        return wide === 0 ? -1 : next(place + wide)
      },
    })
    const assertion = (holds: (place: number) => boolean): Part => ({
      match: (place, next) => (holds(place) ? next(place) : -1),
    })
    const isWord = single('\\w')
    const atWord = (place: number): boolean => (place > 0 && isWord(place - 1) > 0) !== isWord(place) > 0
    const isEnd = (place: number): boolean => {
      const character = text[place]
      return character === '\n' || character === '\r' || character === '\u2028' || character === '\u2029'
    }

    const alternatives = (): Part => {
      const found: Part[] = [sequence()]
      while (source[at] === '|') {
        at++
        found[found.length] = sequence()
      }
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

    const sequence = (): Part => {
      const found: Part[] = []
      while (at < source.length && source[at] !== '|' && source[at] !== ')') found[found.length] = term()
      if (found.length === 1) return found[0] as Part
      const from = (n: number, place: number, next: Next): number =>
        n === found.length ? next(place) : (found[n] as Part).match(place, (end) => from(n + 1, end, next))
      return { match: (place, next) => from(0, place, next) }
    }

    const term = (): Part => {
      const first = groups
      const part = atom()
      const bounds = quantifier()
      return bounds === undefined ? part : repeated(part, bounds, first, groups)
    }

    const quantifier = (): { least: number; most: number; isLazy: boolean } | undefined => {
      const sign = source[at]
      let [least, most] = [0, Number.POSITIVE_INFINITY]
      if (sign === '*') at++
      else if (sign === '+') [least, at] = [1, at + 1]
      else if (sign === '?') [most, at] = [1, at + 1]
      else if (sign === '{') {
        const found = apply(exec, /^\{(\d+)(?:(,)(\d*))?\}/, [slice(source, at, at + 40)]) as RegExpExecArray | null
        if (found === null) return undefined
        least = +(found[1] ?? 0)
        most = found[2] === undefined ? least : found[3] === '' ? most : +(found[3] ?? 0)
        at += found[0].length
      } else return undefined
      const isLazy = source[at] === '?'
      if (isLazy) at++
      return { least, most, isLazy }
    }

    const repeated = (
      part: Part,
      { least, most, isLazy }: { least: number; most: number; isLazy: boolean },
      first: number,
      last: number,
    ): Part => {
      const { single: one } = part
      if (one !== undefined) {
        return {
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
            if (isLazy) {
              for (;;) {
                const end = next(ends[ends.length - 1] as number)
                if (end >= 0 || !grow()) return end
              }
            }
            while (grow());
            for (let n = ends.length - 1; n >= least; n--) {
              step(1)
              const end = next(ends[n] as number)
              if (end >= 0) return end
            }
            return -1
          },
        }
      }
      const again = (place: number, count: number, next: Next): number => {
        step(2)
        const once = (): number => {
          const before: number[] = []
          for (let n = first * 2 + 2; n < last * 2 + 2; n++) {
            before[n] = captures[n] as number
            captures[n] = -1
          }
          const end = part.match(place, (then) =>
            then === place && count >= least ? -1 : again(then, count + 1, next),
          )
          if (end < 0) for (let n = first * 2 + 2; n < last * 2 + 2; n++) captures[n] = before[n] as number
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

    const group = (): Part => {
      const index = ++groups
      const { match } = closed()
      return {
        match(place, next) {
          const [from, to] = [captures[index * 2] as number, captures[index * 2 + 1] as number]
          const end = match(place, (then) => {
            const [before, after] = [captures[index * 2] as number, captures[index * 2 + 1] as number]
            captures[index * 2] = place
            captures[index * 2 + 1] = then
            const end = next(then)
            if (end < 0) {
              captures[index * 2] = before
              captures[index * 2 + 1] = after
            }
            return end
          })
          if (end < 0) {
            captures[index * 2] = from
            captures[index * 2 + 1] = to
          }
          return end
        },
      }
    }

    const closed = (): Part => {
      const found = alternatives()
      at++
      return found
    }

    const ahead = (isWanted: boolean): Part => {
      const { match } = closed()
      return {
        match(place, next) {
          step(1)
          const before = captures
          captures = copyOf(before)
          const found = match(place, (end) => end) >= 0
          if (found !== isWanted) {
            captures = before
            return -1
          }
          if (!isWanted) captures = before
          const end = next(place)
          if (end < 0) captures = before
          return end
        },
      }
    }

    const behind = (isWanted: boolean): Part => {
      const { match } = closed()
      return {
        match(place, next) {
          const before = captures
          captures = copyOf(before)
          let found = false
          for (let from = place; from >= 0 && !found; from--) {
            step(1)
            found = match(from, (end) => (end === place ? end : -1)) >= 0
          }
          if (found !== isWanted) {
            captures = before
            return -1
          }
          if (!isWanted) captures = before
          const end = next(place)
          if (end < 0) captures = before
          return end
        },
      }
    }

    const reference = (index: number): Part => ({
      match(place, next) {
        const [from, to] = [captures[index * 2] as number, captures[index * 2 + 1] as number]
        if (from < 0 || to < 0) return next(place)
        step(to - from + 1)
        for (let n = 0; n < to - from; n++) {
          const [a, b] = [text[from + n] as string, text[place + n]]
          if (a !== b && !(b !== undefined && has('i') && lower(a) === lower(b))) return -1
        }
        return next(place + to - from)
      },
    })

    const starts = (words: string): boolean => {
      const is = slice(source, at, at + words.length) === words
      if (is) at += words.length
      return is
    }

    const atom = (): Part => {
      step(4)
      if (starts('^')) return assertion((place) => place === 0 || (isLined && isEnd(place - 1)))
      if (starts('$')) return assertion((place) => place === text.length || (isLined && isEnd(place)))
      if (starts('\\b')) return assertion(atWord)
      if (starts('\\B')) return assertion((place) => !atWord(place))
      if (starts('(?:')) return closed()
      if (starts('(?=')) return ahead(true)
      if (starts('(?!')) return ahead(false)
      if (starts('(?<=')) return behind(true)
      if (starts('(?<!')) return behind(false)
      if (starts('(?<')) {
        while (source[at++] !== '>');
        return group()
      }
      if (starts('(?')) throw new SyntaxError('flags within a regular expression are not available')
      if (starts('(')) return group()
      if (starts('.')) return ofSingle(single('.'))
      const from = at
      if (starts('[')) {
        while (source[at] !== ']') at += source[at] === '\\' ? 2 : 1
        at++
        return ofSingle(single(slice(source, from, at)))
      }
      if (starts('\\')) return escaped(from)
      at += isUnicode && (apply(codeAt, source, [at]) as number) > 0xffff ? 2 : 1
      const character = slice(source, from, at)
      // Without the flag u, a brace or a bracket may stand for itself.
      const isBracket = character === '{' || character === '}' || character === ']'
      return ofSingle(single(isBracket ? `\\${character}` : character, character))
    }

    /** An escape: a reference to a group, or one character. */
    const escaped = (from: number): Part => {
      const rest = slice(source, at, at + 60)
      const named = total.isNamed || isUnicode ? (apply(exec, /^k<([^>]*)>/, [rest]) as RegExpExecArray | null) : null
      if (named !== null) {
        at += named[0].length
        return reference(names[named[1] as string] as number)
      }
      const digits = apply(exec, /^[1-9]\d*/, [rest]) as RegExpExecArray | null
      if (digits !== null && +digits[0] <= total.count) {
        at += digits[0].length
        return reference(+digits[0])
      }
      const longer = apply(
        exec,
        isUnicode
          ? /^(?:u\{[^}]*\}|u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|x..|c.|p\{[^}]*\}|P\{[^}]*\})/
          : /^(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[0-3][0-7]{0,2}|[4-7][0-7]?)/,
        [rest],
      ) as RegExpExecArray | null
      at += longer === null ? 1 : longer[0].length
      return ofSingle(single(slice(source, from, at)))
    }

    const found = alternatives()
    return { match: found.match, groups: total.count, names }
  }

  const copyOf = (list: number[]): number[] => {
    const found: number[] = []
    for (let at = 0; at < list.length; at++) found[at] = list[at] as number
    return found
  }

  /** How many groups an expression has, and their names. */
  function groupsIn(source: string, names: Record<string, number>): { count: number; isNamed: boolean } {
    let count = 0
    let isNamed = false
    let inClass = false
    for (let at = 0; at < source.length; at++) {
      const character = source[at]
      if (character === '\\') at++
      else if (character === '[') inClass = true
      else if (character === ']') inClass = false
      else if (character === '(' && !inClass) {
        const name = apply(exec, /^\(\?<([^=!][^>]*)>/, [slice(source, at, at + 300)]) as RegExpExecArray | null
        if (source[at + 1] !== '?' || name !== null) count++
        if (name !== null) {
          isNamed = true
          if (names[name[1] as string] !== undefined) throw new SyntaxError('two groups of one name are not available')
          names[name[1] as string] = count
        }
      }
    }
    return { count, isNamed }
  }

  return (expression, source, flags, given) => {
    step(20)
    const key = `${flags}/${source}`
    const compiled = known[key] ?? compile(source, flags)
    known[key] = compiled
    let isGlobal = false
    let isSticky = false
    for (let at = 0; at < flags.length; at++) {
      isGlobal ||= flags[at] === 'g'
      isSticky ||= flags[at] === 'y'
    }
    const last = max(0, floor(+expression.lastIndex) || 0)
    const outer = { text, captures }
    text = given
    try {
      const first = isGlobal || isSticky ? last : 0
      for (let at = first; at <= given.length; at++) {
        step(1)
        captures = []
        for (let n = 0; n < compiled.groups * 2 + 2; n++) captures[n] = -1
        const end = compiled.match(at, (place) => place)
        if (end >= 0) {
          if (isGlobal || isSticky) expression.lastIndex = end
          return found(given, at, end, compiled)
        }
        if (isSticky) break
      }
    } finally {
      text = outer.text
      captures = outer.captures
    }
    if (isGlobal || isSticky) expression.lastIndex = 0
    return null
  }

  function found(given: string, from: number, to: number, { groups, names }: Compiled): unknown {
    const result = [slice(given, from, to)] as unknown as RegExpExecArray
    for (let n = 1; n <= groups; n++) {
      const [start, end] = [captures[n * 2] as number, captures[n * 2 + 1] as number]
      result[n] = start < 0 ? (undefined as unknown as string) : slice(given, start, end)
    }
    result.index = from
    result.input = given
    let named: Record<string, string> | undefined
    for (const name in names) {
      named ??= create(null) as Record<string, string>
      named[name] = result[names[name] as number] as string
    }
    result.groups = named as unknown as Record<string, string>
    return result
  }
}
