// Methods of strings that need more than a count of steps.

import type { Fn, Meter } from './meter.ts'

/** Replacements of methods, by `Object.method`, each made from the original. */
export type Methods = Record<string, (original: Fn) => Fn>

export function textMethodsOf({
  limits,
  fail,
  step,
  textFits,
  text,
  textOf,
  made,
  worth,
  numeric,
  normalized,
  parsed,
  count,
}: Meter): {
  within: (value: unknown) => string
  methods: Methods
} {
  const { apply } = Reflect
  const { max } = Math
  const NativeTypeError = TypeError
  const NativeRegExp = RegExp

  /** Converts a method's receiver to text, once. */
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
  const replaced = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const self = within(this)
      const pattern = sought(args[0])
      longSearch(self, pattern)
      if (typeof pattern === 'string') step(self.length / max(1, pattern.length))
      let length = 0
      if (typeof args[1] !== 'function') {
        const by = textOf(args[1])
        let marks = 0
        for (let at = 0; at < by.length; at++) if (by[at] === '$') marks++
        if ((self.length + 1) * (by.length + marks * self.length) > limits.text * 16)
          fail('one of its replacements is too long')
        step(by.length)
        return made(apply(original, self, [pattern, by]))
      }
      const by = args[1] as Fn
      const bounded = (...found: unknown[]): string => {
        const part = textOf(apply(by, undefined, found))
        length += part.length
        textFits(length)
        step(4)
        return part
      }
      return made(apply(original, self, [pattern, bounded]))
    }
  const padded = (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const length = count(args[0])
      textFits(length)
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
      return made(apply(original, self, from === undefined ? [value] : [value, worth(from)]))
    }
  /** These make a regular expression of a text. */
  const matching = (original: Fn) =>
    function (this: unknown, pattern: unknown): unknown {
      const self = within(this)
      const value = sought(pattern)
      return made(apply(original, self, [typeof value === 'string' ? parsed(value) : value]))
    }
  /** Methods that themselves convert their receiver to text, so that it must not be converted first. */
  const plainly = (original: Fn) =>
    function (this: unknown): unknown {
      return apply(original, this, [])
    }

  const methods: Methods = {
    'String.prototype.repeat': (original) =>
      function (this: unknown, times: unknown) {
        const self = within(this)
        const many = numeric(times)
        textFits(self.length * many)
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
    'String.prototype.search': matching,
    'String.prototype.match': matching,
    'String.prototype.matchAll': matching,
    'String.prototype.normalize': (original) =>
      function (this: unknown, form: unknown) {
        const self = normalized(within(this))
        step(self.length * 4)
        return made(apply(original, self, form === undefined ? [] : [textOf(form)]))
      },
  }
  return { within, methods }
}
