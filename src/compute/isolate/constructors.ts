// The constructors of the language, each of which counts steps before it runs.

import type { Fn, Meter } from './meter.ts'

export function constructorsOf({
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
  parsed,
}: Meter) {
  const { apply, construct, getOwnPropertyDescriptor } = Reflect
  const { create } = Object
  const NativeDate = Date
  const NativeRegExp = RegExp
  const NativeSyntaxError = SyntaxError
  const regExpText = getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as Fn
  const regExpFlags = getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get as Fn

  /** Arguments as numbers. */
  const worths = (args: unknown[]): unknown[] => {
    for (let at = 0; at < args.length; at++) args[at] = worth(args[at])
    return args
  }
  /** Counts for parsing a date: the engine accepts any text, however long. */
  const dated = (args: unknown[]): unknown[] => {
    const isDate = args.length === 1 && args[0] instanceof NativeDate
    if (!isDate) worths(args)
    if (typeof args[0] === 'string' && args[0].length > 1000) fail('one of its dates has more than 1000 characters')
    return args
  }
  const constructing: Record<string, (args: unknown[]) => unknown[]> = {
    Array(args) {
      // Any other length is refused by the engine and must not be counted: negative steps would be given back.
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
        if (named[at] === 'v') throw new NativeSyntaxError('the flag v of regular expressions is not available')
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
  return { constructorOf, worths, dated }
}
