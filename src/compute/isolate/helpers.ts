// The functions that an instrumented program calls, by the names that instrument.ts writes.

import type { Meter } from './meter.ts'

export function helpersOf({
  step,
  text,
  keyed,
  whole,
  size,
  copied,
  depth,
  worth,
  numeric,
}: Meter): Record<string, unknown> {
  const { isArray } = Array
  const { max } = Math
  const NativeTypeError = TypeError
  const joined = (value: unknown): unknown => {
    if (typeof value === 'string') step(text(value).length >> 3)
    return value
  }
  const compared = (value: unknown): unknown => {
    if (typeof value === 'string') step(value.length >> 4)
    return value
  }
  /**
   * The distance of a new element from an object's last one: the engine allocates everything in between. From 1024 on it uses a table
   * instead, so such a gap costs nothing; otherwise a program couldn't count by year.
   */
  const gap = (object: unknown, index: number): number => {
    if (isArray(object)) return max(0, index - object.length)
    const isObject = (typeof object === 'object' && object !== null) || typeof object === 'function'
    return isObject && index in object ? 0 : index < 1024 ? index : 16
  }
  const assigned = (object: unknown, value: unknown): PropertyKey => {
    const key = keyed(value)
    step(typeof key === 'number' ? 10 : 24)
    const index = typeof key === 'number' ? key : typeof key === 'string' && key.length < 11 ? +key : -1
    if (index > 0) step(gap(object, index) * 4)
    if (key === 'length' || key === 'prototype' || key === '__proto__')
      throw new NativeTypeError(`assigning to ${key} is not available`)
    return key
  }
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
  /** Counts for `for … in`, which lists inherited keys as well. */
  const enumerated = (value: unknown): unknown => {
    step(size(value) * 64)
    if (typeof value !== 'string') depth(value, (link) => step(size(link) * 64))
    return value
  }
  const extended = (value: unknown): unknown => {
    depth(value)
    return value
  }
  return {
    $s: step,
    $p: joined,
    $n: worth,
    $k: keyed,
    $t: assigned,
    $i: whole,
    $o: copied,
    $u: changed,
    $v: updated,
    $z: copied,
    $x: extended,
    $e: compared,
    $f: enumerated,
  }
}
