// Formatting and comparing by the rules of a locale: `Intl`, and the methods that take locales.

import type { Fn, Meter } from './meter.ts'
import type { Methods, textMethodsOf } from './text-methods.ts'

type Native = new (locales: unknown, options: unknown) => Record<string, Fn>

export function localeMethodsOf(
  { step, textOf, made, copied, numeric, normalized }: Meter,
  { within }: ReturnType<typeof textMethodsOf>,
): { methods: Methods; intl: object } {
  const { apply } = Reflect
  const { create, freeze, keys: keysOf } = Object
  const { isArray } = Array
  const { Collator, DateTimeFormat, NumberFormat } = Intl as unknown as Record<string, Native>
  const exec = RegExp.prototype.exec as unknown as Fn
  const NativeTypeError = TypeError

  /** The engine reads a list of locales to its end, and long names slowly. */
  const localesOf = (value: unknown): unknown => {
    if (value === undefined) return undefined
    const all = isArray(value) ? value : [value]
    const found: unknown[] = []
    for (let at = 0; at < all.length; at++) {
      const name: unknown = all[at]
      if (at === 10 || typeof name !== 'string' || name.length > 100)
        throw new NativeTypeError('a locale is a short text, such as "en-US", or a list of at most 10')
      // Some calendars take long.
      step(20 + name.length * 4 + (apply(exec, /-u-/, [name]) === null ? 0 : 10_000))
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
        throw new NativeTypeError('an option of a locale is a short text, a number, true or false')
      if (name === 'calendar') step(10_000)
      found[name] = option
    }
    return found
  }
  const local =
    (steps: number) =>
    (original: Fn): Fn =>
      function (this: unknown, locales: unknown, options: unknown): unknown {
        // The engine keeps the format that it made last.
        step(options === undefined && (locales === undefined || locales === 'en-US') ? 600 : steps)
        return made(apply(original, this, [localesOf(locales), optionsOf(options)]))
      }
  const localText = (original: Fn): Fn =>
    function (this: unknown, locales: unknown): unknown {
      return made(apply(original, within(this), [localesOf(locales)]))
    }
  const dated = (args: unknown[]): unknown[] => {
    for (let at = 0; at < args.length; at++) if (args[at] !== undefined) args[at] = numeric(args[at])
    return args
  }
  /** A format that is made once and used often: the steps to make it, and for each method its steps and arguments. */
  const format = (
    Made: Native,
    steps: number,
    uses: Record<string, [steps: number, taken: (args: unknown[]) => unknown[]]>,
  ) => {
    // With or without `new`.
    function Format(locales: unknown, options: unknown): object {
      step(steps)
      const native = new Made(localesOf(locales), optionsOf(options))
      const own: Record<string, unknown> = {}
      const names = keysOf(uses)
      for (let at = 0; at < names.length; at++) {
        const name = names[at] as string
        const [each, taken] = uses[name] as [number, (args: unknown[]) => unknown[]]
        own[name] = (...args: unknown[]): unknown => {
          step(each)
          return made(apply(native[name] as Fn, native, taken(args)))
        }
      }
      return own
    }
    return Format
  }
  const nothing = (): unknown[] => []
  const numbers = ([value]: unknown[]): unknown[] => [numeric(value)]
  const intl = create(null) as Record<string, unknown>
  intl.Collator = format(Collator as Native, 1000, {
    compare: [20, ([one, other]) => [normalized(textOf(one)), normalized(textOf(other))]],
    resolvedOptions: [500, nothing],
  })
  intl.DateTimeFormat = format(DateTimeFormat as Native, 8000, {
    format: [1000, dated],
    formatRange: [2000, dated],
    formatToParts: [1000, dated],
    resolvedOptions: [1000, nothing],
  })
  intl.NumberFormat = format(NumberFormat as Native, 2000, {
    format: [100, numbers],
    formatToParts: [500, numbers],
    resolvedOptions: [1000, nothing],
  })

  const methods: Methods = {
    // The engine keeps what it made for no locale.
    'String.prototype.localeCompare': (original) =>
      function (this: unknown, other: unknown, locales: unknown, options: unknown): unknown {
        step(locales !== undefined ? 500 : options !== undefined ? 100 : 20)
        const [one, two] = [normalized(within(this)), normalized(textOf(other))]
        return apply(original, one, [two, localesOf(locales), optionsOf(options)])
      },
    'String.prototype.toLocaleLowerCase': localText,
    'String.prototype.toLocaleUpperCase': localText,
    'Number.prototype.toLocaleString': local(2000),
    'Date.prototype.toLocaleDateString': local(5000),
    'Date.prototype.toLocaleString': local(5000),
    'Date.prototype.toLocaleTimeString': local(5000),
  }
  return { methods, intl: freeze(intl) }
}
