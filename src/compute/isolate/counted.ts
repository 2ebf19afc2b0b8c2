// Functions and constructors of the language, each of which counts steps before it runs.

import type { WriteJson } from './json.ts'
import type { listMethodsOf } from './list-methods.ts'
import type { Fn, Meter } from './meter.ts'
import type { Matcher } from './regular-expression.ts'
import type { Methods, textMethodsOf } from './text-methods.ts'

interface Bodies {
  texts: ReturnType<typeof textMethodsOf>
  lists: ReturnType<typeof listMethodsOf>
  objects: Methods
  locales: Methods
  writeJson: WriteJson
  matcher: Matcher
}

export function countedOf(
  {
    limits,
    fail,
    step,
    textOf,
    seen,
    hashed,
    listFits,
    listOf,
    made,
    worth,
    numeric,
    parsed,
    keyed,
    size,
    stepped,
  }: Meter,
  { texts, lists, objects, locales, writeJson, matcher }: Bodies,
): {
  /** The method of an object (`''`: a global function) that counts. */
  counted: (where: string, name: string, original: Fn) => Fn
  constructorOf: (name: string, original: object) => object
} {
  const { apply, construct, getOwnPropertyDescriptor } = Reflect
  const { create, keys: keysOf } = Object
  const { isArray } = Array
  const NativeTypeError = TypeError
  const NativeDate = Date
  const NativeRegExp = RegExp
  const NativeSet = Set
  const regExpText = getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as Fn
  const regExpFlags = getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get as Fn

  const worths = (args: unknown[]): unknown[] => {
    for (let at = 0; at < args.length; at++) args[at] = worth(args[at])
    return args
  }
  /** The engine accepts dates in any form, however long. */
  const dated = (args: unknown[]): unknown[] => {
    const isDate = args.length === 1 && args[0] instanceof NativeDate
    if (!isDate) worths(args)
    if (typeof args[0] === 'string' && args[0].length > 1000) fail('a date of it has more than 1000 characters')
    return args
  }
  const exec = function (this: RegExp, value: unknown): unknown {
    const source = apply(regExpText, this, []) as string
    const flags = apply(regExpFlags, this, []) as string
    if (typeof this.lastIndex !== 'number') this.lastIndex = numeric(this.lastIndex)
    return matcher(this, source, flags, textOf(value))
  }
  /** The engine believes whatever an `exec` finds. So a copy that the program never sees does the search. */
  const searching = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const given = this as RegExp
      if (given.exec !== NativeRegExp.prototype.exec)
        throw new NativeTypeError('a regular expression with its own exec is not available')
      const copy = new NativeRegExp(apply(regExpText, given, []) as string, apply(regExpFlags, given, []) as string)
      step(100)
      copy.lastIndex = numeric(given.lastIndex)
      const found = made(apply(original, copy, args))
      if (given.lastIndex !== copy.lastIndex) given.lastIndex = copy.lastIndex
      return found
    }
  const parsing = (original: Fn) => (value: unknown, radix: unknown) => {
    const digits = textOf(value)
    step(digits.length >> 2)
    return original(digits, numeric(radix))
  }
  /** As the engine does it, but each of the keys that the reviver puts in counts. */
  const revived = (reviver: Fn, holder: Record<string, unknown>, key: string): unknown => {
    step(40)
    const value = holder[key]
    if (typeof value === 'object' && value !== null) {
      const inner = value as Record<string, unknown>
      const length = isArray(value) ? value.length : -1
      step(length < 0 ? size(value) * 20 : 0)
      const names = length < 0 ? keysOf(value) : []
      for (let at = 0; at < (length < 0 ? names.length : length); at++) {
        const name = length < 0 ? (names[at] as string) : `${at}`
        const next = revived(reviver, inner, name)
        if (next === undefined) delete inner[name]
        else inner[name] = next
      }
    }
    return apply(reviver, holder, [key, value])
  }
  const own: Methods = {
    ...texts.methods,
    ...lists.methods,
    ...objects,
    ...locales,
    'JSON.parse': (original) => (value, reviver) => {
      const source = textOf(value)
      step(source.length * 2)
      const found = original(source)
      return typeof reviver === 'function' ? revived(reviver as Fn, { '': found }, '') : found
    },
    '.parseFloat': parsing,
    '.parseInt': parsing,
    'Number.parseFloat': parsing,
    'Number.parseInt': parsing,
    'JSON.stringify': () => (value, replacer, space) => writeJson(value, replacer, space, false),
    'RegExp.prototype.exec': () => exec as Fn,
    'RegExp.prototype.@@match': searching,
    'RegExp.prototype.@@matchAll': searching,
    'RegExp.prototype.@@replace': searching,
    'RegExp.prototype.@@search': searching,
    'RegExp.prototype.@@split': searching,
  }
  /** Steps of functions that are slow for any input. */
  const SLOW: Record<string, number> = {
    // On anything else, these fail by a promise, and so with an error each time.
    '%AsyncGenerator%.prototype.next': 500,
    '%AsyncGenerator%.prototype.return': 500,
    '%AsyncGenerator%.prototype.throw': 500,
    'Promise.try': limits.promise,
    'Promise.resolve': limits.promise,
    'Promise.prototype.then': limits.promise,
    'Promise.prototype.catch': limits.promise,
    'Promise.prototype.finally': limits.promise,
  }
  /** Steps of those that take as long for a short answer. */
  const DIGITS: Record<string, number> = {
    'Number.prototype.toExponential': 100,
    'Number.prototype.toFixed': 50,
    'Number.prototype.toPrecision': 100,
  }
  const slow = (steps: number, original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      step(steps)
      seen(this)
      for (let at = 0; at < args.length; at++) seen(args[at])
      return made(apply(original, this, args))
    }
  const NUMERIC = new NativeSet([
    '',
    'Math',
    'Number.prototype',
    'Date',
    'Date.prototype',
    'String',
    'String.prototype',
  ])
  const KEYED = new NativeSet(['hasOwn', 'hasOwnProperty', 'propertyIsEnumerable'])
  const SIZED: Record<string, Fn> = {
    'Map.prototype': getOwnPropertyDescriptor(Map.prototype, 'size')?.get as Fn,
    'Set.prototype': getOwnPropertyDescriptor(Set.prototype, 'size')?.get as Fn,
  }

  const counted = (where: string, name: string, original: Fn): Fn => {
    const key = `${where}.${name}`
    const body = SLOW[key] === undefined ? own[key]?.(original) : slow(SLOW[key], original)
    if (body !== undefined) {
      return {
        method(this: unknown, ...args: unknown[]): unknown {
          step(10)
          return apply(body, this, args)
        },
      }.method
    }
    if (where === 'Array.prototype') return lists.method(name, original)
    const isText = where === 'String.prototype'
    const isNumeric = NUMERIC.has(where) || name === 'take'
    const isIterator = where === '%Iterator%.prototype' && name !== '@@iterator'
    const keyAt = KEYED.has(name) ? (where === 'Object' ? 1 : 0) : -1
    const steps = (DIGITS[key] ?? 0) + 10
    const sizeOf = SIZED[where]
    const isParsed = where === 'Date' && name === 'parse'
    return {
      method(this: unknown, ...args: unknown[]): unknown {
        step(steps + args.length)
        const self = isText ? texts.within(this) : isIterator ? stepped(this) : this
        seen(self)
        if (isNumeric) worths(args)
        if (isParsed) dated(args)
        if (keyAt >= 0) args[keyAt] = keyed(args[keyAt])
        if (sizeOf && args.length > 0) hashed(args[0], apply(sizeOf, self, []) as number)
        for (let at = 0; at < args.length; at++) seen(args[at])
        return made(apply(original, self, args))
      },
    }.method
  }

  const constructing: Record<string, (args: unknown[]) => unknown[]> = {
    Array(args) {
      // The engine refuses a length that is negative or no number: such steps would be given back.
      const isLength = args.length === 1 && typeof args[0] === 'number' && args[0] > 0
      const length = isLength ? (args[0] as number) : args.length
      listFits(length)
      step(4 * length)
      return args
    },
    Map(args) {
      if (args[0] === undefined || args[0] === null) return []
      const pairs = listOf(args[0])
      step(pairs.length * 20)
      for (let at = 0; at < pairs.length; at++) hashed((pairs[at] as unknown[] | undefined)?.[0], at)
      return [pairs]
    },
    Set(args) {
      if (args[0] === undefined || args[0] === null) return []
      const values = listOf(args[0])
      step(values.length * 20)
      for (let at = 0; at < values.length; at++) hashed(values[at], at)
      return [values]
    },
    Number: worths,
    Date: dated,
    RegExp([pattern, flags]) {
      const isExpression = pattern instanceof NativeRegExp
      const source = isExpression ? apply(regExpText, pattern, []) : pattern === undefined ? '(?:)' : textOf(pattern)
      const named =
        flags !== undefined ? textOf(flags) : isExpression ? (apply(regExpFlags, pattern, []) as string) : ''
      for (let at = 0; at < named.length; at++)
        if (named[at] === 'v') throw new SyntaxError('the flag v of regular expressions is not available')
      return [parsed(source as string), named]
    },
    Promise(args) {
      step(limits.promise)
      return args
    },
    AggregateError: ([errors, ...rest]) => [listOf(errors), ...rest],
    String: (args) => (args.length === 0 || typeof args[0] === 'symbol' ? args : [textOf(args[0])]),
  }
  const constructorOf = (name: string, original: object): object => {
    const isError = /Error$/.test(name)
    const special = constructing[name]
    const message = name === 'AggregateError' ? 1 : 0
    const before = (args: unknown[]): unknown[] => {
      step(isError ? 200 : 10)
      if (isError && args[message] !== undefined) {
        const words = textOf(args[message])
        step(words.length >> 2)
        args[message] = words
      }
      for (let at = 0; at < args.length; at++) seen(args[at])
      return special?.(args) ?? args
    }
    // Without a prototype: a trap that a program put into Object.prototype would receive the original.
    const handler = create(null) as ProxyHandler<object>
    handler.apply = (target, self, args) => made(apply(target as Fn, self, before(args)))
    handler.construct = (target, args, by) => construct(target as Fn, before(args), by as Fn) as object
    return new Proxy(original, handler)
  }
  return { counted, constructorOf }
}
