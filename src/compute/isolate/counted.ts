// The functions of the language, each of which counts steps before it runs.

import type { constructorsOf } from './constructors.ts'
import type { WriteJson } from './json.ts'
import type { listMethodsOf } from './list-methods.ts'
import type { Fn, Meter } from './meter.ts'
import type { Matcher } from './regular-expression.ts'
import type { Methods, textMethodsOf } from './text-methods.ts'

interface Bodies {
  constructors: ReturnType<typeof constructorsOf>
  texts: ReturnType<typeof textMethodsOf>
  lists: ReturnType<typeof listMethodsOf>
  objects: Methods
  locales: Methods
  writeJson: WriteJson
  matcher: Matcher
}

export function countedOf(
  { step, textOf, seen, hashed, made, numeric, keyed, size, stepped, limits }: Meter,
  { constructors: { worths, dated }, texts, lists, objects, locales, writeJson, matcher }: Bodies,
) {
  const { apply, getOwnPropertyDescriptor } = Reflect
  const { keys: keysOf } = Object
  const { isArray } = Array
  const NativeTypeError = TypeError
  const NativeRegExp = RegExp
  const NativeSet = Set
  const regExpText = getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as Fn
  const regExpFlags = getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get as Fn

  const exec = function (this: RegExp, value: unknown): unknown {
    const source = apply(regExpText, this, []) as string
    const flags = apply(regExpFlags, this, []) as string
    if (typeof this.lastIndex !== 'number') this.lastIndex = numeric(this.lastIndex)
    return matcher(this, source, flags, textOf(value))
  }
  /** The engine trusts the result of any `exec`, so the search is done by a copy of the expression that the program can't change. */
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
    // Called on anything else, these return a rejected promise, and so create an error each time.
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

  /** The method of an object (`''`: a global function) that counts. */
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

  return counted
}
