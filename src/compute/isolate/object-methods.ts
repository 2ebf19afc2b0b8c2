// Methods of objects, functions, maps, sets and promises that need more than a count of steps.

import type { Fn, Meter } from './meter.ts'
import type { Methods } from './text-methods.ts'

export function objectMethodsOf({
  limits,
  step,
  hashed,
  keyed,
  placed,
  listOf,
  size,
  copied,
  inherited,
  numeric,
  stepped,
}: Meter): Methods {
  const { apply, getOwnPropertyDescriptor } = Reflect
  const { isArray } = Array
  const { keys: keysOf, create } = Object
  const NativeTypeError = TypeError
  const NativeMap = Map
  const getOfMap = Map.prototype.get as unknown as Fn
  const then = Promise.prototype.then as unknown as Fn
  const setOfMap = Map.prototype.set as unknown as Fn
  const sizeOfMap = getOwnPropertyDescriptor(Map.prototype, 'size')?.get as Fn
  const sizeOfSet = getOwnPropertyDescriptor(Set.prototype, 'size')?.get as Fn

  const grouped =
    (isMap: boolean) =>
    () =>
    (values: unknown, by: unknown): unknown => {
      const found = new NativeMap<unknown, unknown[]>()
      const names: unknown[] = []
      const list = listOf(values)
      for (let at = 0; at < list.length; at++) {
        const given = apply(by as Fn, undefined, [list[at], at])
        const key = isMap ? given : typeof given === 'symbol' ? given : `${keyed(given) as string}`
        hashed(key, names.length)
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
      for (let at = 0; at < names.length; at++)
        object[placed(object, names[at] as string)] = apply(getOfMap, found, [names[at]])
      return object
    }
  /** Keys that the engine looks for in a set of this size, or adds to it. */
  const searched = (keys: unknown, size: number): unknown => {
    const { next, return: end } = stepped(keys) as { next: Fn; return: Fn }
    let others = size
    return {
      next: () => {
        const { done, value } = next() as IteratorResult<unknown>
        if (done) return { done: true, value }
        hashed(value, others)
        others++
        return { done: false, value }
      },
      return: end,
    }
  }
  const combined = (original: Fn) =>
    function (this: unknown, other: unknown): unknown {
      const { size, has, keys } = other as { size: unknown; has: Fn; keys: Fn }
      const many = numeric(size)
      const own = apply(sizeOfSet, this, []) as number
      step(own * 20)
      // Only a set, or an object like one, has both.
      const given = {
        size: many,
        has: typeof has === 'function' ? (value: unknown) => apply(has, other, [value]) : has,
        keys: typeof keys === 'function' ? () => searched(apply(keys, other, []), own) : keys,
      }
      return apply(original, this, [given])
    }
  const visited = (sizeOf: Fn) => (original: Fn) =>
    function (this: unknown, ...args: unknown[]): unknown {
      step((apply(sizeOf, this, []) as number) * 20)
      return apply(original, this, args)
    }
  const settled = (original: Fn) =>
    function (this: unknown, values: unknown): unknown {
      const list = listOf(values)
      step((list.length + 1) * limits.promise)
      return apply(original, this, [list])
    }
  /** A rejection that nothing handles is an event, which takes long. */
  const handled = <T>(promise: T): T => {
    apply(then, promise, [undefined, () => {}])
    return promise
  }
  const listing = (original: Fn) => (value: unknown) => {
    step(size(value) * 40)
    return original(value)
  }

  return {
    'Object.assign':
      () =>
      (target, ...sources) => {
        if (isArray(target) || typeof target !== 'object' || target === null)
          throw new NativeTypeError('Object.assign takes an object that is not an array')
        for (let at = 0; at < sources.length; at++) {
          const source = copied(sources[at]) as Record<string, unknown>
          if (source === null || typeof source !== 'object') continue
          const names = keysOf(source)
          for (let n = 0; n < names.length; n++)
            (target as Record<string, unknown>)[placed(target, names[n] as string)] = source[names[n] as string]
        }
        return target
      },
    'Object.create': (original) => (proto) => original(inherited(proto)),
    'Object.freeze': (original) => (value) => original(copied(value)),
    'Object.entries': listing,
    'Object.keys': listing,
    'Object.values': listing,
    'Object.fromEntries': () => (values) => {
      const object: Record<PropertyKey, unknown> = {}
      const list = listOf(values)
      for (let at = 0; at < list.length; at++) {
        const pair = list[at] as [unknown, unknown]
        step(40)
        object[placed(object, keyed(pair[0]))] = pair[1]
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
    'Promise.reject': (original) =>
      function (this: unknown, reason: unknown) {
        step(limits.promise)
        return handled(apply(original, this, [reason]))
      },
    'Promise.withResolvers': (original) =>
      function (this: unknown) {
        step(limits.promise)
        const found = apply(original, this, []) as { promise: unknown }
        handled(found.promise)
        return found
      },
    'Promise.all': settled,
    'Promise.allSettled': settled,
    'Promise.any': settled,
    'Promise.race': settled,
    'Map.prototype.forEach': visited(sizeOfMap),
    'Set.prototype.forEach': visited(sizeOfSet),
    'Set.prototype.union': combined,
    'Set.prototype.intersection': combined,
    'Set.prototype.difference': combined,
    'Set.prototype.symmetricDifference': combined,
    'Set.prototype.isSubsetOf': combined,
    'Set.prototype.isSupersetOf': combined,
    'Set.prototype.isDisjointFrom': combined,
  }
}
