// The functions that an instrumented program calls, by the names that instrument.ts writes.

import type { Meter } from './meter.ts'

export function helpersOf({
  step,
  text,
  keyed,
  placed,
  whole,
  size,
  copied,
  inherited,
  depth,
  worth,
  numeric,
}: Meter): Record<string, unknown> {
  const NativeTypeError = TypeError
  const joined = (value: unknown): unknown => {
    if (typeof value === 'string') step(text(value).length >> 3)
    return value
  }
  const compared = (value: unknown): unknown => {
    if (typeof value === 'string') step(value.length >> 4)
    return value
  }
  const assigned = (object: unknown, value: unknown): PropertyKey => {
    const key = keyed(value)
    step(typeof key === 'number' ? 10 : 24)
    placed(object, key)
    if (key === 'length' || key === 'constructor' || key === '__proto__')
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
    $x: inherited,
    $m: (value: unknown) => placed(undefined, keyed(value)),
    $l: (_: unknown, value: unknown) => value,
    $e: compared,
    $f: enumerated,
  }
}
