// JSON as text, written step by step.

import type { Fn, Meter } from './meter.ts'

/** JSON.stringify, counted. @param isResult whether to refuse what JSON would silently drop */
export type WriteJson = (root: unknown, replacer: unknown, space: unknown, isResult: boolean) => string | undefined

export function jsonWriterOf({ limits, fail, step, text, textFits, listed, listOf, keyed }: Meter): WriteJson {
  const { apply } = Reflect
  const { isArray } = Array
  const { keys: keysOf, create } = Object
  const { stringify } = JSON
  const { max, min } = Math
  const NativeTypeError = TypeError
  const NativeMap = Map
  const NativeSet = Set
  const cut = String.prototype.slice as unknown as Fn
  const repeat = String.prototype.repeat as unknown as Fn

  return (root, replacer, space, isResult) => {
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
      if (isResult && length > limits.text) fail(`its result has more than ${limits.text} characters: return less`)
      textFits(length)
      return part
    }
    const names = isArray(replacer) ? listed(replacer).length : 0
    const named: Record<PropertyKey, boolean> = create(null)
    step(names * 20)
    for (let at = 0; at < names; at++) named[keyed((replacer as unknown[])[at])] = true
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
        if (names > 0 && named[name] !== true) continue
        const part = one(value, name, (value as Record<string, unknown>)[name], level + 1)
        if (part === undefined) continue
        inner += `${inner === '' ? '' : put(',')}${put(line)}${put(stringify(name))}:${indent === '' ? '' : ' '}${part}`
      }
      return `{${inner}${inner === '' ? '' : put(end)}}`
    }
    return one({ '': root }, '', root, 0)
  }
}
