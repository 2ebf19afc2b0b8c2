// Deletes everything from the isolate that globals.ts doesn't name, and replaces the rest with functions that count.

import type { constructorsOf } from './constructors.ts'
import type { countedOf } from './counted.ts'
import type { Fn, Meter } from './meter.ts'

/** What isn't deleted, by object (globals.ts). */
export interface KeptGlobals {
  intrinsics: Readonly<Record<string, string>>
  functions: readonly string[]
  globals: readonly string[]
}

export function lockDown(
  { intrinsics, functions, globals }: KeptGlobals,
  { step }: Meter,
  counted: ReturnType<typeof countedOf>,
  { constructorOf }: ReturnType<typeof constructorsOf>,
  intl: object,
): void {
  const world = globalThis as unknown as Record<PropertyKey, unknown>
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect
  const { preventExtensions } = Object
  const iterator: typeof Symbol.iterator = Symbol.iterator
  const NativeMap = Map
  const NativeSet = Set

  const arrayIteratorPrototype = getPrototypeOf([][iterator]()) as object
  const iteratorPrototype = getPrototypeOf(arrayIteratorPrototype) as object
  const generator = getPrototypeOf(function* () {}) as { prototype: object }
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
  defineProperty(Error, 'stackTraceLimit', { value: 8, writable: false, configurable: false })
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
  const getterOf = (get: Fn) =>
    function (this: unknown): unknown {
      step(20)
      return apply(get, this, [])
    }
  const constructors = new NativeMap<string, object>()
  for (const [where, object] of objects) {
    if (typeof object === 'function' && !where.startsWith('%') && object !== bare)
      constructors.set(where, constructorOf(where, object))
  }
  const keyName = (key: PropertyKey): string =>
    typeof key === 'symbol' ? `@@${key.description?.replace('Symbol.', '')}` : `${key as string}`
  for (const [where, object, names] of objects) {
    const kept = new NativeSet(['length', 'name', 'prototype', 'stackTraceLimit', ...names.split(' ')])
    for (const key of ownKeys(object)) {
      const name = keyName(key)
      const was = getOwnPropertyDescriptor(object, key)
      if (name === 'constructor') {
        const made = constructors.get(where.replace('.prototype', ''))
        if (where.startsWith('%') || made === undefined) deleteProperty(object, key)
        else defineProperty(object, key, { value: made, writable: true, enumerable: false, configurable: true })
      } else if (!kept.has(name)) {
        deleteProperty(object, key)
      } else if (typeof was?.value === 'function' && !/^%(?:\w+Iterator|IteratorHelper|AsyncFunction)%/.test(where)) {
        const value = counted(where, name, was.value as Fn)
        // The runtime uses the first on the promises that this code returns; the engine trusts what the others find.
        const isFixed =
          where === 'Promise.prototype' ||
          (where === 'RegExp.prototype' && name === 'exec') ||
          (/^(?:Array|String)\.prototype$/.test(where) && name === '@@iterator')
        defineProperty(object, key, { ...was, value, ...(isFixed ? { writable: false, configurable: false } : {}) })
      } else if (was?.get !== undefined) {
        const get = was.get as Fn
        defineProperty(object, key, { ...was, get: getterOf(get) })
      }
    }
  }
  // If a prototype had elements, all operations on arrays would be slow.
  for (const [, object] of objects) preventExtensions(object)
  for (const [name, value] of constructors) defineProperty(world, name, { value, writable: false, configurable: false })
  for (const name of functions) {
    const value = counted('', name, world[name] as Fn)
    defineProperty(world, name, { value, writable: false, configurable: false })
  }
  defineProperty(world, 'Intl', { value: intl, writable: false, configurable: false })
  const known = new NativeSet(globals)
  for (
    let object: object | null = world;
    object !== null && object !== Object.prototype;
    object = getPrototypeOf(object)
  ) {
    for (const key of ownKeys(object)) if (typeof key === 'symbol' || !known.has(key)) deleteProperty(object, key)
  }
}
