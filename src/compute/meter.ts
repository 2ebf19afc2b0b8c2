// What stands around a program in its isolate: JavaScript as far as globals.ts names it, each part of which counts the steps that
// it takes. The functions here go into that isolate as text, so they know nothing but their arguments.
//
// Two laws hold it together. Whatever takes longer the more there is, charges for it. And whatever can be called, counts: the
// engine itself calls functions, as callbacks and as steps of an iteration, and one that counted nothing could be called for ever.

import type { Matcher } from './regular-expression.ts'

export interface Limits {
  steps: number
  /** Characters of one text. */
  text: number
  /** Elements of one array. */
  list: number
}

/** What a program can ask of the server: an answer as JSON, or an error's message in a list of one. */
export interface Reads {
  read(kind: string, path: string): Promise<string>
}

type Fn = (...args: unknown[]) => unknown
export type Program = (...helpers: unknown[]) => () => Promise<unknown>

interface Parts {
  intrinsics: Readonly<Record<string, string>>
  functions: readonly string[]
  globals: readonly string[]
  limits: Limits
  matcherOf: (native: RegExpConstructor, step: (count: number) => void) => Matcher
}

/**
 * Runs a program.
 *
 * @returns JSON: `value`, the JSON text of what it returned, or an error's `name`, `message` and `line`
 */
export async function run(program: Program, reads: Reads, parts: Parts): Promise<string> {
  const { intrinsics, functions, globals, limits, matcherOf } = parts
  const world = globalThis as unknown as Record<PropertyKey, unknown>
  const { apply, construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } =
    Reflect
  const { isArray } = Array
  const { keys: keysOf, freeze, preventExtensions, create } = Object
  const { parse, stringify } = JSON
  const { log2, max, min } = Math
  const iterator: typeof Symbol.iterator = Symbol.iterator
  const toPrimitive: typeof Symbol.toPrimitive = Symbol.toPrimitive
  const NativeError = Error
  const NativeTypeError = TypeError
  const NativeRegExp = RegExp
  const NativePromise = Promise
  const NativeMap = Map
  const NativeSet = Set
  const NativeDate = Date
  const regExpText = getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as Fn
  const regExpFlags = getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get as Fn
  const getOfMap = Map.prototype.get as unknown as Fn
  const setOfMap = Map.prototype.set as unknown as Fn
  const sizeOfMap = getOwnPropertyDescriptor(Map.prototype, 'size')?.get as Fn
  const sizeOfSet = getOwnPropertyDescriptor(Set.prototype, 'size')?.get as Fn
  const then = Promise.prototype.then as unknown as Fn
  const cut = String.prototype.slice as unknown as Fn
  const repeat = String.prototype.repeat as unknown as Fn

  // ── Steps ──

  let used = 0
  let limit = limits.steps
  let over: Error | undefined
  let stop: (error: unknown) => void = () => {}
  const stopped = new NativePromise<never>((_, reject) => {
    stop = reject
  })
  const fail = (message: string): never => {
    // From here on each step fails, so that no `catch` and no `finally` goes on.
    limit = -1
    if (over !== undefined) throw over
    over = new NativeError(message)
    stop(over)
    throw over
  }
  const step = (count: number): void => {
    used += count
    if (used > limit) fail(`it takes more than ${limits.steps / 1e6} million steps`)
  }
  const text = (value: string): string => {
    if (value.length > limits.text) fail(`a text of it has more than ${limits.text} characters`)
    return value
  }
  /** Text of anything, as the engine would make it. */
  const textOf = (value: unknown): string => text(typeof value === 'string' ? value : `${value as string}`)
  const seen = (value: unknown): void => {
    if (typeof value === 'string') step(value.length >> 4)
  }
  const size = (value: unknown): number => {
    if (typeof value === 'string') return value.length
    if (isArray(value)) return value.length
    return typeof value === 'object' && value !== null ? ownKeys(value).length : 0
  }
  const listed = (value: unknown): unknown[] => {
    if (!isArray(value)) throw new NativeTypeError('this is not an array')
    if (value.length > limits.list) fail(`an array of it has more than ${limits.list} elements`)
    return value
  }
  /** What was made is paid for by its size. */
  const made = <T>(value: T): T => {
    if (typeof value === 'string') step(text(value).length >> 2)
    else if (isArray(value)) step(listed(value).length * 4)
    return value
  }
  const depth = (value: unknown): void => {
    let at: unknown = value
    for (let count = 0; at !== null && (typeof at === 'object' || typeof at === 'function'); count++) {
      if (count > 50) fail('a chain of prototypes in it is longer than 50')
      at = getPrototypeOf(at)
    }
  }
  function* each(values: Iterable<unknown>): Generator<unknown> {
    for (const value of values) {
      step(4)
      yield value
    }
  }
  const arrayIterator = { current: undefined as unknown }
  /** What is iterated over to its end by the engine. */
  const whole = (values: unknown): unknown => {
    const isPlain =
      isArray(values) && (values as unknown as Record<PropertyKey, unknown>)[iterator] === arrayIterator.current
    if (isPlain || typeof values === 'string') {
      step((values as string).length * 4)
      return isPlain ? listed(values) : values
    }
    return each(values as Iterable<unknown>)
  }
  const listOf = (values: unknown): unknown[] => {
    const found: unknown[] = []
    for (const value of whole(values) as Iterable<unknown>) found[found.length] = value
    return listed(found)
  }

  // ── What the source of a program calls (instrument.ts) ──

  const joined = (value: unknown): unknown => {
    if (typeof value === 'string') step(text(value).length >> 3)
    return value
  }
  const compared = (value: unknown): unknown => {
    if (typeof value === 'string') step(value.length >> 4)
    return value
  }
  /** Texts that are longer are told apart by their length alone, and then compared to their ends. */
  const short = <T>(value: T): T => {
    if (typeof value === 'string' && value.length > 10_000) fail('a key of it has more than 10000 characters')
    return value
  }
  const keyed = (value: unknown): PropertyKey => {
    if (typeof value === 'number' || typeof value === 'symbol') return value
    const key = short(textOf(value))
    step(key.length >> 4)
    return key
  }
  const assigned = (value: unknown): PropertyKey => {
    const key = keyed(value)
    step(typeof key === 'number' ? 10 : 24)
    if (key === 'length' || key === 'prototype' || key === '__proto__')
      throw new NativeTypeError(`assigning to ${key} is not available`)
    return key
  }
  const copied = (value: unknown): unknown => {
    step(size(value) * (isArray(value) ? 32 : 64))
    depth(value)
    return value
  }
  /** A value for arithmetic. An object is asked once what it is worth: a second answer may be another. */
  const worth = (value: unknown): unknown => {
    let found = value
    if ((typeof found === 'object' && found !== null) || typeof found === 'function') {
      const object = found as Record<PropertyKey, Fn | undefined>
      const convert = object[toPrimitive]
      if (convert !== undefined && convert !== null) found = apply(convert, value, ['number'])
      else {
        if (typeof object.valueOf === 'function') found = apply(object.valueOf as Fn, value, [])
        if (typeof found === 'object' && found !== null) found = apply(object.toString as Fn, value, [])
      }
      if ((typeof found === 'object' && found !== null) || typeof found === 'function')
        throw new NativeTypeError('an object cannot be converted to a number')
    }
    if (typeof found === 'string') step(found.length >> 2)
    return found
  }
  const numeric = (value: unknown): number => +(worth(value) as number)
  const changed = (object: Record<PropertyKey, unknown>, key: PropertyKey, by: number, before: boolean): number => {
    const old = numeric(object[key])
    object[key] = old + by
    return before ? old + by : old
  }
  const computed: Record<string, (a: number, b: number) => number> = {
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
    '**': (a, b) => a ** b,
    '&': (a, b) => a & b,
    '|': (a, b) => a | b,
    '^': (a, b) => a ^ b,
    '<<': (a, b) => a << b,
    '>>': (a, b) => a >> b,
    '>>>': (a, b) => a >>> b,
  }
  const updated = (object: Record<PropertyKey, unknown>, key: PropertyKey, operator: string, by: unknown): unknown => {
    const value = computed[operator]?.(numeric(object[key]), numeric(by))
    object[key] = value
    return value
  }
  const extended = (value: unknown): unknown => {
    depth(value)
    return value
  }

  // ── JSON ──

  /** Writes JSON; as the result of a program also what JSON would silently drop. */
  const write = (root: unknown, replacer: unknown, space: unknown, isResult: boolean): string | undefined => {
    let length = 0
    const indent =
      typeof space === 'number'
        ? (apply(repeat, ' ', [max(0, min(10, space | 0))]) as string)
        : typeof space === 'string'
          ? (apply(cut, space, [0, 10]) as string)
          : ''
    const put = (part: string): string => {
      length += part.length
      step((part.length >> 2) + 2)
      if (length > limits.text)
        fail(
          isResult
            ? `its result has more than ${limits.text} characters: return less`
            : `a text of it has more than ${limits.text} characters`,
        )
      return part
    }
    const names = isArray(replacer) ? listed(replacer).length : 0
    const isNamed = (name: string): boolean => {
      for (let at = 0; at < names; at++) if (`${(replacer as unknown[])[at] as string}` === name) return true
      return false
    }
    const one = (holder: unknown, key: string, given: unknown, level: number): string | undefined => {
      step(4)
      let value = given
      if (typeof value === 'object' && value !== null) {
        const { toJSON } = value as { toJSON?: unknown }
        if (typeof toJSON === 'function') value = apply(toJSON as Fn, value, [key])
      }
      if (typeof replacer === 'function') value = apply(replacer as Fn, holder, [key, value])
      if (value === null) return put('null')
      if (typeof value === 'string') return put(stringify(text(value)))
      if (typeof value === 'boolean') return put(value ? 'true' : 'false')
      if (typeof value === 'number') {
        const isOrdinary = value - value === 0
        return put(isOrdinary ? `${value}` : isResult ? `"${value}"` : 'null')
      }
      if (typeof value !== 'object') return undefined
      if (level > 200) throw new NativeTypeError('it refers to itself, or is nested more than 200 levels deep')
      if (isResult && value instanceof NativeSet) value = listOf(value)
      if (isResult && value instanceof NativeMap) {
        const pairs = listOf(value) as [unknown, unknown][]
        let isText = true
        for (let at = 0; at < pairs.length; at++) isText &&= typeof pairs[at]?.[0] === 'string'
        const object: Record<string, unknown> = create(null)
        for (let at = 0; at < pairs.length; at++) object[pairs[at]?.[0] as string] = pairs[at]?.[1]
        value = isText ? object : pairs
      }
      const [line, end] =
        indent === ''
          ? ['', '']
          : [`\n${apply(repeat, indent, [level + 1]) as string}`, `\n${apply(repeat, indent, [level]) as string}`]
      let inner = ''
      if (isArray(value)) {
        const list = listed(value)
        for (let at = 0; at < list.length; at++)
          inner += `${at > 0 ? put(',') : ''}${put(line)}${one(list, `${at}`, list[at], level + 1) ?? put('null')}`
        return `[${inner}${inner === '' ? '' : put(end)}]`
      }
      const found = keysOf(value as object)
      step(found.length * 20)
      for (let at = 0; at < found.length; at++) {
        const name = found[at] as string
        if (names > 0 && !isNamed(name)) continue
        const part = one(value, name, (value as Record<string, unknown>)[name], level + 1)
        if (part === undefined) continue
        inner += `${inner === '' ? '' : put(',')}${put(line)}${put(stringify(name))}:${indent === '' ? '' : ' '}${part}`
      }
      return `{${inner}${inner === '' ? '' : put(end)}}`
    }
    return one({ '': root }, '', root, 0)
  }

  // ── The parts of the language that need more than to be counted ──

  /** A text method: what it is called on becomes text once. */
  const within = (value: unknown): string => {
    if (value === null || value === undefined) throw new NativeTypeError('it is called on null or undefined')
    return textOf(value)
  }
  /** What is searched for: a regular expression, or text. */
  const sought = (value: unknown): unknown =>
    value instanceof NativeRegExp || value === undefined ? value : textOf(value)
  const longSearch = (self: string, value: unknown): void => {
    step(10 + (self.length * (typeof value === 'string' ? max(1, value.length) : 1)) / 16)
  }
  const count = (value: unknown): number => max(0, min(numeric(value) || 0, Number.MAX_SAFE_INTEGER))
  const replaced = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const self = within(this)
      const pattern = sought(args[0])
      longSearch(self, pattern)
      let length = 0
      if (typeof args[1] !== 'function') {
        const by = textOf(args[1])
        let marks = 0
        for (let at = 0; at < by.length; at++) if (by[at] === '$') marks++
        if ((self.length + 1) * (by.length + marks * self.length) > limits.text * 16)
          fail('a replacement in it is too long')
        step(by.length)
        return made(apply(original, self, [pattern, by]))
      }
      const by = args[1] as Fn
      const bounded = (...found: unknown[]): string => {
        const part = textOf(apply(by, undefined, found))
        length += part.length
        if (length > limits.text) fail(`a text of it has more than ${limits.text} characters`)
        step(4)
        return part
      }
      return made(apply(original, self, [pattern, bounded]))
    }
  const padded = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const length = count(args[0])
      if (length > limits.text) fail(`a text of it has more than ${limits.text} characters`)
      return made(
        apply(original, within(this), args.length > 1 && args[1] !== undefined ? [length, textOf(args[1])] : [length]),
      )
    }
  const searching = (original: Fn) =>
    function (this: unknown, pattern: unknown, from: unknown): unknown {
      const self = within(this)
      const value = sought(pattern)
      longSearch(self, value)
      step(self.length >> 3)
      return made(apply(original, self, from === undefined ? [value] : [value, from]))
    }
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
  const sorted = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const list = listed(this)
      let each = list.length
      for (let at = 0; at < list.length; at++)
        if (typeof list[at] === 'string') each += (list[at] as string).length >> 4
      step(each * max(1, log2(list.length || 1)))
      return apply(original, list, args)
    }
  const settled = (original: Fn) =>
    function (this: unknown, values: unknown): unknown {
      return apply(original, this, [listOf(values)])
    }
  const grouped =
    (isMap: boolean) =>
    () =>
    (values: unknown, by: unknown): unknown => {
      const found = new NativeMap<unknown, unknown[]>()
      const names: unknown[] = []
      const list = listOf(values)
      for (let at = 0; at < list.length; at++) {
        const given = apply(by as Fn, undefined, [list[at], at])
        const key = isMap ? short(given) : typeof given === 'symbol' ? given : `${keyed(given) as string}`
        step(40)
        let group = apply(getOfMap, found, [key]) as unknown[] | undefined
        if (group === undefined) {
          group = []
          apply(setOfMap, found, [key, group])
          names[names.length] = key
        }
        group[group.length] = list[at]
      }
      if (isMap) return found
      const object = create(null) as Record<PropertyKey, unknown>
      for (let at = 0; at < names.length; at++) object[names[at] as string] = apply(getOfMap, found, [names[at]])
      return object
    }
  const combined = (original: Fn) =>
    function (this: unknown, other: unknown): unknown {
      step((apply(sizeOfSet, this, []) as number) * 20)
      if (other instanceof NativeSet) step((apply(sizeOfSet, other, []) as number) * 20)
      else if (other instanceof NativeMap) step((apply(sizeOfMap, other, []) as number) * 20)
      return apply(original, this, [other])
    }
  const dear = (steps: number) => (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      step(steps)
      seen(this)
      for (let at = 0; at < args.length; at++) seen(args[at])
      return made(apply(original, this, args))
    }
  /** What is called to make text of something can't make text of it first. */
  const plainly = (original: Fn) =>
    function (this: unknown): unknown {
      return apply(original, this, [])
    }
  const matcher = matcherOf(NativeRegExp, step)
  const exec = function (this: RegExp, value: unknown): unknown {
    const source = apply(regExpText, this, []) as string
    const flags = apply(regExpFlags, this, []) as string
    return matcher(this, source, flags, textOf(value))
  }
  /** Methods of arrays that look at few elements, and those that move many at once. */
  const FEW = new NativeSet(['at', 'push', 'pop', 'with', 'entries', 'keys', 'values', '@@iterator'])
  const NUMERIC = new NativeSet(['', 'Math', 'Number.prototype', 'Date.prototype', 'String', 'String.prototype'])
  const KEYED = new NativeSet(['Object', 'Object.prototype', 'Map.prototype', 'Set.prototype'])
  /** Where an array method takes places, by the number of the argument. */
  const PLACES: Record<string, readonly number[]> = {
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
  const SWIFT = new NativeSet(['shift', 'unshift', 'splice', 'slice', 'concat', 'reverse', 'fill'])
  const own: Record<string, (original: Fn) => Fn> = {
    'Object.assign':
      () =>
      (target, ...sources) => {
        if (isArray(target) || typeof target !== 'object' || target === null)
          throw new NativeTypeError('Object.assign takes an object that is no array')
        for (let at = 0; at < sources.length; at++) {
          const source = copied(sources[at]) as Record<string, unknown>
          if (source === null || typeof source !== 'object') continue
          const names = keysOf(source)
          for (let n = 0; n < names.length; n++)
            (target as Record<string, unknown>)[names[n] as string] = source[names[n] as string]
        }
        return target
      },
    'Object.create': (original) => (proto) => {
      depth(proto)
      return original(proto)
    },
    'Object.freeze': (original) => (value) => original(copied(value)),
    'Object.entries': (original) => (value) => {
      step(size(value) * 40)
      return original(value)
    },
    'Object.keys': (original) => (value) => {
      step(size(value) * 40)
      return original(value)
    },
    'Object.values': (original) => (value) => {
      step(size(value) * 40)
      return original(value)
    },
    'Object.fromEntries': () => (values) => {
      const object: Record<PropertyKey, unknown> = {}
      const list = listOf(values)
      for (let at = 0; at < list.length; at++) {
        const pair = list[at] as [unknown, unknown]
        step(40)
        object[keyed(pair[0])] = pair[1]
      }
      return object
    },
    'Object.groupBy': grouped(false),
    'Map.groupBy': grouped(true),
    'Function.prototype.toString': () => () => 'function',
    'Function.prototype.apply': (original) =>
      function (this: unknown, self: unknown, args: unknown) {
        return apply(original, this, [self, args === undefined || args === null ? [] : listOf(args)])
      },
    'Function.prototype.bind': () =>
      function (this: unknown, self: unknown, ...first: unknown[]) {
        if (typeof this !== 'function') throw new NativeTypeError('bind takes a function')
        const bound = this as Fn
        return (...rest: unknown[]) => {
          step(10 + first.length + rest.length)
          return apply(bound, self, [...first, ...rest])
        }
      },
    'Array.from': () => (values, by, self) => {
      const isIterable =
        values !== null && values !== undefined && (values as Record<PropertyKey, unknown>)[iterator] !== undefined
      const found: unknown[] = isIterable ? listOf(values) : []
      if (!isIterable) {
        const length = count((values as { length?: unknown } | undefined)?.length)
        if (length > limits.list) fail(`an array of it has more than ${limits.list} elements`)
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
    'String.prototype.repeat': (original) =>
      function (this: unknown, times: unknown) {
        const self = within(this)
        const many = numeric(times)
        if (self.length * many > limits.text) fail(`a text of it has more than ${limits.text} characters`)
        return made(apply(original, self, [many]))
      },
    'String.prototype.toString': plainly,
    'String.prototype.valueOf': plainly,
    'String.prototype.padStart': padded,
    'String.prototype.padEnd': padded,
    'String.prototype.concat': () =>
      function (this: unknown, ...others: unknown[]) {
        let found = within(this)
        for (let at = 0; at < others.length; at++) found = text(found + textOf(others[at]))
        return made(found)
      },
    'String.prototype.replace': replaced,
    'String.prototype.replaceAll': replaced,
    'String.prototype.split': searching,
    'String.prototype.indexOf': searching,
    'String.prototype.lastIndexOf': searching,
    'String.prototype.includes': searching,
    'String.prototype.startsWith': searching,
    'String.prototype.endsWith': searching,
    'String.prototype.search': searching,
    'String.prototype.match': searching,
    'String.prototype.matchAll': searching,
    'String.prototype.localeCompare': dear(500),
    'String.prototype.normalize': (original) =>
      function (this: unknown, form: unknown) {
        const self = within(this)
        step(self.length * 4)
        return made(apply(original, self, form === undefined ? [] : [form]))
      },
    'Number.prototype.toLocaleString': dear(2000),
    'Date.prototype.toLocaleDateString': dear(4000),
    'Date.prototype.toLocaleString': dear(4000),
    'Date.prototype.toLocaleTimeString': dear(4000),
    'JSON.parse': (original) => (value, reviver) => {
      const source = textOf(value)
      step(source.length * 2)
      return original(source, reviver)
    },
    'JSON.stringify': () => (value, replacer, space) => write(value, replacer, space, false),
    'RegExp.prototype.exec': () => exec as Fn,
    'Promise.prototype.then': dear(60),
    'Promise.prototype.catch': dear(60),
    'Promise.prototype.finally': dear(60),
    'Promise.all': settled,
    'Promise.allSettled': settled,
    'Promise.any': settled,
    'Promise.race': settled,
    'Set.prototype.union': combined,
    'Set.prototype.intersection': combined,
    'Set.prototype.difference': combined,
    'Set.prototype.symmetricDifference': combined,
    'Set.prototype.isSubsetOf': combined,
    'Set.prototype.isSupersetOf': combined,
    'Set.prototype.isDisjointFrom': combined,
  }
  const ofArrays = (name: string, original: Fn) => {
    const isFew = FEW.has(name)
    const isSwift = SWIFT.has(name)
    const places = PLACES[name] ?? []
    return function (this: unknown, ...args: unknown[]): unknown {
      const list = listed(this)
      step(10 + args.length)
      for (let at = 0; at < places.length; at++) {
        const place = places[at] as number
        if (place < args.length) args[place] = worth(args[place])
      }
      if (!isFew) {
        step(isSwift ? list.length >> 3 : list.length)
        // Two long texts that are the same are compared to their ends.
        if (typeof args[0] === 'string') step((args[0].length >> 4) * list.length)
      }
      const found = apply(original, list, args)
      return found === list ? found : made(found)
    }
  }
  const counted = (where: string, name: string, original: Fn): Fn => {
    const special = own[`${where}.${name}`]
    if (special !== undefined) {
      const body = special(original)
      return {
        method(this: unknown, ...args: unknown[]): unknown {
          step(10)
          return apply(body, this, args)
        },
      }.method
    }
    if (where === 'Array.prototype') return ofArrays(name, original)
    const isText = where === 'String.prototype'
    const isNumeric = NUMERIC.has(where) && !/^is|^toString$/.test(name)
    const isKeyed = KEYED.has(where)
    const isParsed = where === 'Date' && name === 'parse'
    return {
      method(this: unknown, ...args: unknown[]): unknown {
        step(10 + args.length)
        const self = isText ? within(this) : this
        seen(self)
        if (isNumeric) worths(args)
        if (isParsed) dated(args)
        if (isKeyed) short(args[where === 'Object' ? 1 : 0])
        for (let at = 0; at < args.length; at++) seen(args[at])
        return made(apply(original, self, args))
      },
    }.method
  }
  const worths = (args: unknown[]): unknown[] => {
    for (let at = 0; at < args.length; at++) args[at] = worth(args[at])
    return args
  }
  /** The engine reads a date in whichever form, for long. */
  const dated = (args: unknown[]): unknown[] => {
    const isDate = args.length === 1 && args[0] instanceof NativeDate
    if (!isDate) worths(args)
    if (typeof args[0] === 'string' && args[0].length > 1000) fail('a date of it has more than 1000 characters')
    return args
  }
  const constructing: Record<string, (args: unknown[]) => unknown[]> = {
    Array(args) {
      if (args.length === 1 && typeof args[0] === 'number' && args[0] > limits.list)
        fail(`an array of it has more than ${limits.list} elements`)
      step(4 * (args.length === 1 && typeof args[0] === 'number' ? args[0] : args.length))
      return args
    },
    Map(args) {
      if (args[0] === undefined || args[0] === null) return []
      const pairs = listOf(args[0])
      step(pairs.length * 20)
      for (let at = 0; at < pairs.length; at++) short((pairs[at] as unknown[] | undefined)?.[0])
      return [pairs]
    },
    Set(args) {
      if (args[0] === undefined || args[0] === null) return []
      const values = listOf(args[0])
      step(values.length * 20)
      for (let at = 0; at < values.length; at++) short(values[at])
      return [values]
    },
    Number: worths,
    Date: dated,
    RegExp(args) {
      step(1000)
      return args
    },
    AggregateError: ([errors, ...rest]) => [listOf(errors), ...rest],
    String: (args) => (args.length === 0 || typeof args[0] === 'symbol' ? args : [textOf(args[0])]),
  }
  const constructorOf = (name: string, original: object): object => {
    const isError = /Error$/.test(name)
    const special = constructing[name]
    const before = (args: unknown[]): unknown[] => {
      step(isError ? 200 : 10)
      for (let at = 0; at < args.length; at++) seen(args[at])
      return special?.(args) ?? args
    }
    // A handler inherits nothing: a trap that a program left in Object.prototype would get the original.
    const handler = create(null) as ProxyHandler<object>
    handler.apply = (target, self, args) => made(apply(target as Fn, self, before(args)))
    handler.construct = (target, args, by) => construct(target as Fn, before(args), by as Fn) as object
    return new Proxy(original, handler)
  }

  // ── Nothing else is left ──

  const arrayIteratorPrototype = getPrototypeOf([][iterator]()) as object
  const iteratorPrototype = getPrototypeOf(arrayIteratorPrototype) as object
  const generator = getPrototypeOf(each) as { prototype: object }
  const asyncGenerator = getPrototypeOf(async function* () {}) as { prototype: object }
  const hidden: Record<string, unknown> = {
    '%Iterator%.prototype': iteratorPrototype,
    '%AsyncIterator%.prototype': getPrototypeOf(asyncGenerator.prototype),
    '%ArrayIterator%': arrayIteratorPrototype,
    '%StringIterator%': getPrototypeOf(''[iterator]()),
    '%MapIterator%': getPrototypeOf(new Map()[iterator]()),
    '%SetIterator%': getPrototypeOf(new Set()[iterator]()),
    '%RegExpStringIterator%': getPrototypeOf(''.matchAll(/a/g)),
    '%IteratorHelper%': getPrototypeOf(([].values() as unknown as { map(by: Fn): object }).map((one) => one)),
    '%Generator%': generator,
    '%Generator%.prototype': generator.prototype,
    '%AsyncGenerator%': asyncGenerator,
    '%AsyncGenerator%.prototype': asyncGenerator.prototype,
    '%AsyncFunction%': getPrototypeOf(async () => {}),
  }
  const bare = getPrototypeOf(generator) as object // Function.prototype
  defineProperty(NativeError, 'stackTraceLimit', { value: 8, writable: false, configurable: false })
  const objects: [string, object, string][] = []
  for (const [where, names] of Object.entries(intrinsics)) {
    const [name = '', rest] = where.split(/\.(?=prototype$)/)
    const found = where.startsWith('%')
      ? hidden[where]
      : rest
        ? (world[name] as { prototype: object }).prototype
        : world[name]
    objects.push([where, found as object, names])
  }
  const constructors = new NativeMap<string, object>()
  for (const [where, object] of objects) {
    if (typeof object === 'function' && !where.startsWith('%') && object !== bare)
      constructors.set(where, constructorOf(where, object))
  }
  const nameOf = (key: PropertyKey): string =>
    typeof key === 'symbol' ? `@@${key.description?.replace('Symbol.', '')}` : `${key as string}`
  for (const [where, object, names] of objects) {
    const kept = new NativeSet(['length', 'name', 'prototype', 'stackTraceLimit', ...names.split(' ')])
    for (const key of ownKeys(object)) {
      const name = nameOf(key)
      const was = getOwnPropertyDescriptor(object, key)
      if (name === 'constructor') {
        const made = constructors.get(where.replace('.prototype', ''))
        if (where.startsWith('%') || made === undefined) deleteProperty(object, key)
        else defineProperty(object, key, { value: made, writable: true, enumerable: false, configurable: true })
      } else if (!kept.has(name)) {
        deleteProperty(object, key)
      } else if (typeof was?.value === 'function' && !/^%(?!Iterator%)/.test(where)) {
        const value = counted(where, name, was.value as Fn)
        if (where === 'Array.prototype' && name === '@@iterator') arrayIterator.current = value
        // The runtime looks for it in what this file itself answers with.
        const fixed = where === 'Promise.prototype' ? { writable: false, configurable: false } : {}
        defineProperty(object, key, { ...was, value, ...fixed })
      }
    }
  }
  for (const [, object] of objects) if (typeof object === 'function') preventExtensions(object)
  for (const [name, value] of constructors) defineProperty(world, name, { value, writable: false, configurable: false })
  for (const name of functions) {
    const value = counted('', name, world[name] as Fn)
    defineProperty(world, name, { value, writable: false, configurable: false })
  }
  const known = new NativeSet(globals)
  for (let at: object | null = world; at !== null && at !== Object.prototype; at = getPrototypeOf(at)) {
    for (const key of ownKeys(at)) if (typeof key === 'symbol' || !known.has(key)) deleteProperty(at, key)
  }

  // ── The program ──

  const asked = (kind: string) => async (path: unknown) => {
    step(1000)
    if (typeof path !== 'string') throw new NativeTypeError(`fhir.${kind} takes a path, such as Patient?name=smith`)
    const answer = await reads.read(kind, path)
    // The server bounds what it gives.
    step(answer.length >> 4)
    const { value, error } = parse(answer) as { value?: unknown; error?: string }
    if (error !== undefined) throw new NativeError(error)
    return value
  }
  const fhir = create(null) as Record<string, unknown>
  fhir.search = asked('search')
  fhir.get = asked('get')
  fhir.count = asked('count')
  freeze(fhir)

  const work = async (): Promise<string> => {
    const helpers = [step, joined, worth, keyed, assigned, whole, copied, changed, updated, copied, extended, compared]
    let value = await program(...helpers, fhir)()
    if (typeof value === 'function') value = await apply(value as Fn, undefined, [fhir])
    if (value === undefined) throw new NativeTypeError('it returned nothing: end it with `return VALUE`')
    const json = write(value, undefined, undefined, true)
    if (json === undefined) throw new NativeTypeError('it returned a function or a symbol: return a JSON value')
    return stringify(json)
  }
  /** Whatever was thrown, in words. Its properties may be the program's own functions, which fail as well. */
  const told = (error: unknown): string => {
    const read = (name: string): string => {
      try {
        const value = (error as Record<string, unknown>)[name]
        return typeof value === 'string' ? (apply(cut, value, [0, 4000]) as string) : ''
      } catch {
        return ''
      }
    }
    const isObject = typeof error === 'object' && error !== null
    const name = stringify(isObject ? read('name') : '')
    const shown =
      typeof error === 'symbol' ? 'a symbol' : isObject ? 'an object without a message' : `${error as string}`
    const message = stringify(isObject ? read('message') || shown : `${shown} was thrown`)
    const stack = stringify(isObject ? read('stack') : '')
    return `{"name":${name},"message":${message},"stack":${stack},"over":${over !== undefined}}`
  }
  used = 0
  let answer: string
  apply(then, stopped, [undefined, () => {}])
  try {
    const running = work()
    apply(then, running, [undefined, () => {}])
    answer = `{"value":${await raceOf(running, stopped)}}`
  } catch (error) {
    answer = told(error)
  }
  return over === undefined ? answer : told(over)

  /** The first of two to settle. */
  function raceOf<T>(one: Promise<T>, other: Promise<never>): Promise<T> {
    return new NativePromise<T>((resolve, reject) => {
      apply(then, one, [resolve, reject])
      apply(then, other, [resolve, reject])
    })
  }
}
