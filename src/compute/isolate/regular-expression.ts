// Regular expressions that count their steps. The engine's own can take forever, and nothing interrupts them. The
// engine still parses and checks an expression, and matches single characters; the backtracking search is done here.

import type { Counting, expressionPartsOf, MatchState, Part, Repetition } from './expression-parts.ts'
import type { Fn } from './meter.ts'

/** As RegExp.prototype.exec. */
export type Matcher = (expression: RegExp, source: string, flags: string, text: string) => unknown

interface Compiled {
  match: Part['match']
  groups: number
  names: Record<string, number>
  hasIndices: boolean
}

export function matcherOf(Native: RegExpConstructor, meter: Counting, makeParts: typeof expressionPartsOf): Matcher {
  const { step } = meter
  const { apply } = Reflect
  const { create } = Object
  const exec = Native.prototype.exec
  const codeAt = String.prototype.codePointAt as unknown as Fn
  const cut = String.prototype.slice as unknown as Fn
  const slice = (text: string, from: number, to: number): string => apply(cut, text, [from, to]) as string
  const { floor, max } = Math
  const known: Record<string, Compiled> = create(null)
  const search: MatchState = { text: '', captures: [] }
  const partsOf = makeParts(Native, meter, search)

  const compile = (source: string, flags: string): Compiled => {
    const has = (flag: string): boolean => {
      for (let at = 0; at < flags.length; at++) if (flags[at] === flag) return true
      return false
    }
    const [isUnicode, isLined] = [has('u'), has('m')]
    const own = `${has('i') ? 'i' : ''}${isUnicode ? 'u' : ''}${has('s') ? 's' : ''}`
    const parts = partsOf({ isUnicode, isCaseless: has('i'), own })
    const { single, ofSingle, assertion } = parts
    const names: Record<string, number> = create(null)
    const total = groupsIn(source, names)
    let at = 0
    let groups = 0
    step(1000)

    const alternatives = (): Part => {
      const found: Part[] = [sequence()]
      while (source[at] === '|') {
        at++
        found[found.length] = sequence()
      }
      return parts.either(found)
    }

    const sequence = (): Part => {
      const found: Part[] = []
      while (at < source.length && source[at] !== '|' && source[at] !== ')') found[found.length] = term()
      return parts.inOrder(found)
    }

    const term = (): Part => {
      const first = groups
      const part = atom()
      const repetition = quantifier()
      return repetition === undefined ? part : parts.repeated(part, repetition, first, groups)
    }

    const quantifier = (): Repetition | undefined => {
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

    /** What is in parentheses, to their end. */
    const closed = (): Part => {
      const found = alternatives()
      at++
      return found
    }

    const group = (): Part => {
      const index = ++groups
      return parts.group(index, closed())
    }

    const starts = (words: string): boolean => {
      const is = slice(source, at, at + words.length) === words
      if (is) at += words.length
      return is
    }

    const atom = (): Part => {
      step(4)
      if (starts('^')) return assertion((place) => place === 0 || (isLined && parts.isLineEnd(place - 1)))
      if (starts('$')) return assertion((place) => place === search.text.length || (isLined && parts.isLineEnd(place)))
      if (starts('\\b')) return assertion(parts.atWord)
      if (starts('\\B')) return assertion((place) => !parts.atWord(place))
      if (starts('(?:')) return closed()
      if (starts('(?=')) return parts.ahead(true, closed())
      if (starts('(?!')) return parts.ahead(false, closed())
      if (starts('(?<=')) return parts.behind(true, closed())
      if (starts('(?<!')) return parts.behind(false, closed())
      if (starts('(?<')) {
        while (source[at++] !== '>');
        return group()
      }
      if (starts('(?')) throw new SyntaxError('flags inside a regular expression are not available')
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
      // Without the flag u, a brace or bracket may be literal.
      const isBracket = character === '{' || character === '}' || character === ']'
      return ofSingle(single(isBracket ? `\\${character}` : character, character))
    }

    /** An escape: a reference to a group, or one character. */
    const escaped = (from: number): Part => {
      const rest = slice(source, at, at + 60)
      const named = total.isNamed || isUnicode ? (apply(exec, /^k<([^>]*)>/, [rest]) as RegExpExecArray | null) : null
      if (named !== null) {
        at += named[0].length
        return parts.reference(names[named[1] as string] as number)
      }
      const digits = apply(exec, /^[1-9]\d*/, [rest]) as RegExpExecArray | null
      if (digits !== null && +digits[0] <= total.count) {
        at += digits[0].length
        return parts.reference(+digits[0])
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
    return { match: found.match, groups: total.count, names, hasIndices: has('d') }
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
          if (names[name[1] as string] !== undefined)
            throw new SyntaxError('two groups with the same name are not available')
          names[name[1] as string] = count
        }
      }
    }
    return { count, isNamed }
  }

  return (expression, source, flags, given) => {
    step(20 + (source.length >> 4))
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
    const { text, captures } = search
    search.text = given
    try {
      const first = isGlobal || isSticky ? last : 0
      for (let at = first; at <= given.length; at++) {
        step(1 + compiled.groups)
        search.captures = []
        for (let n = 0; n < compiled.groups * 2 + 2; n++) search.captures[n] = -1
        const end = compiled.match(at, (place) => place)
        if (end >= 0) {
          if (isGlobal || isSticky) expression.lastIndex = end
          return found(given, at, end, compiled)
        }
        if (isSticky) break
      }
    } finally {
      search.text = text
      search.captures = captures
    }
    if (isGlobal || isSticky) expression.lastIndex = 0
    return null
  }

  function found(given: string, from: number, to: number, { groups, names, hasIndices }: Compiled): unknown {
    const indices: unknown[] & { groups?: unknown } = [[from, to]]
    const result = [slice(given, from, to)] as unknown as RegExpExecArray
    for (let n = 1; n <= groups; n++) {
      const [start, end] = [search.captures[n * 2] as number, search.captures[n * 2 + 1] as number]
      result[n] = start < 0 ? (undefined as unknown as string) : slice(given, start, end)
      if (hasIndices) indices[n] = start < 0 ? undefined : [start, end]
    }
    result.index = from
    result.input = given
    const byName = (values: readonly unknown[]): Record<string, unknown> | undefined => {
      let named: Record<string, unknown> | undefined
      for (const name in names) {
        named ??= create(null) as Record<string, unknown>
        named[name] = values[names[name] as number]
      }
      return named
    }
    result.groups = byName(result) as Record<string, string>
    if (hasIndices) {
      indices.groups = byName(indices)
      result.indices = indices as unknown as RegExpIndicesArray
    }
    return result
  }
}
