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
  writeJson: WriteJson
  matcher: Matcher
}

export function countedOf(
  { step, textOf, seen, short, hashed, made, copied, numeric, normalized, stepped }: Meter,
  { constructors: { worths, dated }, texts, lists, objects, writeJson, matcher }: Bodies,
) {
  const { apply, getOwnPropertyDescriptor } = Reflect
  const { create, keys: keysOf } = Object
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
  /** The engine reads a list of locales to its end, and long names slowly. */
  const localesOf = (value: unknown): unknown => {
    if (value === undefined) return undefined
    const all = isArray(value) ? value : [value]
    const found: unknown[] = []
    for (let at = 0; at < all.length; at++) {
      const name: unknown = all[at]
      if (at === 10 || typeof name !== 'string' || name.length > 100)
        throw new NativeTypeError('a locale must be a short text, such as "en-US", or a list of at most 10')
      found[at] = name
    }
    return found
  }
  const optionsOf = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const found = create(null) as Record<string, unknown>
    const names = keysOf(copied(value) as object)
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string
      const option = (value as Record<string, unknown>)[name]
      const isLong = typeof option === 'string' && option.length > 100
      if (isLong || typeof option === 'object' || typeof option === 'function')
        throw new NativeTypeError('an option of a locale must be a short text, a number, true or false')
      found[name] = option
    }
    return found
  }
  const local =
    (steps: number) =>
    (original: Fn): Fn =>
      function (this: unknown, locales: unknown, options: unknown): unknown {
        // Cheaper, because the engine keeps its last format.
        step(options === undefined && (locales === undefined || locales === 'en-US') ? 600 : steps)
        return made(apply(original, this, [localesOf(locales), optionsOf(options)]))
      }
  const localText = (original: Fn): Fn =>
    function (this: unknown, locales: unknown): unknown {
      return made(apply(original, texts.within(this), [localesOf(locales)]))
    }
  const own: Methods = {
    ...texts.methods,
    ...lists.methods,
    ...objects,
    'JSON.parse': (original) => (value, reviver) => {
      const source = textOf(value)
      step(source.length * 2)
      if (typeof reviver !== 'function') return original(source)
      return original(source, function (this: unknown, ...args: unknown[]): unknown {
        step(40)
        return apply(reviver as Fn, this, args)
      })
    },
    'JSON.stringify': () => (value, replacer, space) => writeJson(value, replacer, space, false),
    // Cheap without a locale, because the engine keeps its collator for that.
    'String.prototype.localeCompare': (original) =>
      function (this: unknown, other: unknown, locales: unknown, options: unknown): unknown {
        step(locales !== undefined ? 500 : options !== undefined ? 100 : 20)
        const [one, two] = [normalized(texts.within(this)), normalized(textOf(other))]
        return apply(original, one, [two, localesOf(locales), optionsOf(options)])
      },
    'String.prototype.toLocaleLowerCase': localText,
    'String.prototype.toLocaleUpperCase': localText,
    'Number.prototype.toLocaleString': local(2000),
    'Date.prototype.toLocaleDateString': local(4000),
    'Date.prototype.toLocaleString': local(4000),
    'Date.prototype.toLocaleTimeString': local(4000),
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
    'Promise.prototype.then': 60,
    'Promise.prototype.catch': 60,
    'Promise.prototype.finally': 60,
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
  const KEYED = new NativeSet(['Object', 'Object.prototype'])
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
    const isKeyed = KEYED.has(where)
    const sizeOf = SIZED[where]
    const isParsed = where === 'Date' && name === 'parse'
    return {
      method(this: unknown, ...args: unknown[]): unknown {
        step(10 + args.length)
        const self = isText ? texts.within(this) : isIterator ? stepped(this) : this
        seen(self)
        if (isNumeric) worths(args)
        if (isParsed) dated(args)
        if (isKeyed) short(args[where === 'Object' ? 1 : 0])
        if (sizeOf && args.length > 0) hashed(args[0], apply(sizeOf, self, []) as number)
        for (let at = 0; at < args.length; at++) seen(args[at])
        return made(apply(original, self, args))
      },
    }.method
  }

  return counted
}
