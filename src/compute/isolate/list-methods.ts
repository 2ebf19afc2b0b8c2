// The methods of arrays, counted by the elements that they touch; some have their own bodies.

import type { Fn, Meter } from './meter.ts'
import type { Methods } from './text-methods.ts'

export function listMethodsOf({ step, text, textOf, listFits, listed, listOf, made, worth, numeric, count }: Meter): {
  methods: Methods
  /** Any other method, by its name. */
  method: (name: string, original: Fn) => Fn
} {
  const { apply } = Reflect
  const { isArray } = Array
  const { floor, log2, max, min, random } = Math
  const { getPrototypeOf } = Reflect
  const plain = Array.prototype
  const iterator: typeof Symbol.iterator = Symbol.iterator
  const NativeSet = Set

  const flat = (list: unknown[], level: number, found: unknown[]): unknown[] => {
    for (let at = 0; at < listed(list).length; at++) {
      step(4)
      if (!(at in list)) continue
      const value = list[at]
      if (level > 0 && isArray(value)) flat(value, level - 1, found)
      else found[found.length] = value
    }
    return found
  }
  const join = function (this: unknown, separator?: unknown): string {
    const list = listed(this)
    const between = separator === undefined ? ',' : textOf(separator)
    let found = ''
    for (let at = 0; at < list.length; at++) {
      step(4)
      const value = list[at]
      found += `${at > 0 ? between : ''}${value === null || value === undefined ? '' : textOf(value)}`
      text(found)
    }
    return made(found)
  }
  /** A comparison for sort. Without one the engine converts elements to text, and it converts a comparison's result to a number. */
  const comparing = (by: unknown): unknown => {
    if (typeof by === 'function') return (a: unknown, b: unknown) => numeric(apply(by as Fn, undefined, [a, b]))
    if (by !== undefined) return by
    return (a: unknown, b: unknown) => {
      const [one, other] = [textOf(a), textOf(b)]
      step(4 + (min(one.length, other.length) >> 4))
      return one < other ? -1 : one > other ? 1 : 0
    }
  }
  const sorted = (original: Fn) =>
    function (this: unknown, by: unknown): unknown {
      const list = listed(this)
      let each = list.length
      for (let at = 0; at < list.length; at++)
        if (typeof list[at] === 'string') each += (list[at] as string).length >> 4
      step(each * max(1, log2(list.length || 1)))
      return apply(original, list, [comparing(by)])
    }
  const methods: Methods = {
    'Array.from': () => (values, by, self) => {
      const isIterable =
        values !== null && values !== undefined && (values as Record<PropertyKey, unknown>)[iterator] !== undefined
      const found: unknown[] = isIterable ? listOf(values) : []
      if (!isIterable) {
        const length = count((values as { length?: unknown } | undefined)?.length)
        listFits(length)
        step(length * 8)
        for (let at = 0; at < length; at++) found[at] = (values as unknown[])[at]
      }
      if (by === undefined) return found
      for (let at = 0; at < found.length; at++) found[at] = apply(by as Fn, self, [found[at], at])
      return found
    },
    'Array.prototype.join': () => join as Fn,
    'Array.prototype.toString': () => join as Fn,
    'Array.prototype.flat': () =>
      function (this: unknown, level: unknown) {
        return flat(listed(this), level === undefined ? 1 : count(level), [])
      },
    'Array.prototype.flatMap': () =>
      function (this: unknown, by: unknown, self: unknown) {
        const list = listed(this)
        const found: unknown[] = []
        for (let at = 0; at < list.length; at++)
          if (at in list) flat([apply(by as Fn, self, [list[at], at, list])], 1, found)
        return found
      },
    'Array.prototype.concat': (original) =>
      function (this: unknown, ...others: unknown[]) {
        for (let at = 0; at < others.length; at++) step(isArray(others[at]) ? listed(others[at]).length : 1)
        return made(apply(original, listed(this), others))
      },
    'Array.prototype.sort': sorted,
    'Array.prototype.toSorted': sorted,
  }

  /** Methods that touch only a few elements. */
  const FEW = new NativeSet(['at', 'push', 'pop', 'with', 'entries', 'keys', 'values', '@@iterator'])
  const SWIFT = new NativeSet(['shift', 'unshift', 'slice', 'concat', 'reverse', 'fill'])
  /** Which of their arguments are positions. */
  const POSITIONS: Record<string, readonly number[]> = {
    at: [0],
    fill: [1, 2],
    includes: [1],
    indexOf: [1],
    lastIndexOf: [1],
    slice: [0, 1],
    splice: [0, 1],
    toSpliced: [0, 1],
    with: [0],
  }
  /** Whether the engine moves all at once: not in a list of a class of its own, nor in one that is mostly holes. */
  const isDense = (list: unknown[]): boolean => {
    if (getPrototypeOf(list) !== plain) return false
    for (let tries = 0; tries < 8; tries++)
      if (list.length > 0 && !(floor(random() * list.length) in list)) return false
    return true
  }
  const method = (name: string, original: Fn): Fn => {
    const isFew = FEW.has(name)
    const isSwift = SWIFT.has(name)
    const isSlow = name === 'splice'
    const positions = POSITIONS[name] ?? []
    return function (this: unknown, ...args: unknown[]): unknown {
      const list = listed(this)
      step(10 + args.length)
      for (let at = 0; at < positions.length; at++) {
        const position = positions[at] as number
        if (position < args.length) args[position] = worth(args[position])
      }
      // In a list that is mostly holes, the engine looks at all elements for a new end.
      if (name === 'pop' && list.length > 1000 && !isDense(list)) step(list.length * 2)
      if (!isFew) {
        step(isSlow ? list.length * 2 : !isSwift ? list.length : isDense(list) ? list.length >> 3 : list.length * 4)
        // Equal long texts are compared to their ends.
        if (typeof args[0] === 'string') step((args[0].length >> 4) * list.length)
      }
      const found = apply(original, list, args)
      return found === list ? found : made(found)
    }
  }
  return { methods, method }
}
