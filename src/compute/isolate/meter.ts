// Counts steps, and limits texts and arrays. Two rules: whatever takes longer for more data counts steps in proportion, and every
// function that can be called counts at least one. The engine itself calls functions, as callbacks and in iterations, and one that
// counted nothing could be called forever.

export interface ProgramLimits {
  steps: number
  /** Characters of one text. */
  text: number
  /** Elements of one array. */
  list: number
  /** How often a program can read. */
  reads: number
  /** Steps of a promise. */
  promise: number
}

export type Fn = (...args: unknown[]) => unknown

export type Meter = ReturnType<typeof meterOf>

export function meterOf(limits: ProgramLimits) {
  const { apply, getPrototypeOf, ownKeys } = Reflect
  const { hasOwn, preventExtensions } = Object
  const { isArray } = Array
  const plain = Array.prototype
  const { max, min } = Math
  const { MAX_SAFE_INTEGER } = Number
  const iterator: typeof Symbol.iterator = Symbol.iterator
  const toPrimitive: typeof Symbol.toPrimitive = Symbol.toPrimitive
  const exec = RegExp.prototype.exec as unknown as Fn
  const marks = /[\p{M}\uff9e\uff9f]+/gu
  const NativeError = Error
  const NativeTypeError = TypeError

  let used = 0
  let limit = limits.steps
  let over: Error | undefined
  let stop: (error: unknown) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  const fail = (message: string): never => {
    // From here on every step fails, so that no `catch` or `finally` can go on.
    limit = -1
    if (over !== undefined) throw over
    over = new NativeError(message)
    stop(over)
    throw over
  }
  const step = (count: number): void => {
    used += count
    // Not `used > limit`, which would never be true for NaN.
    if (!(used <= limit)) fail(`it takes more than ${limits.steps / 1e6} million steps`)
  }
  /** Setting up counts nothing. */
  const begin = (): void => {
    used = 0
  }

  // ── Texts ──

  const textFits = (length: number): void => {
    if (length > limits.text) fail(`one of its texts has more than ${limits.text} characters`)
  }
  const text = (value: string): string => {
    textFits(value.length)
    return value
  }
  /** Any value as text, as the engine converts it. */
  const textOf = (value: unknown): string => text(typeof value === 'string' ? value : `${value as string}`)
  const seen = (value: unknown): void => {
    if (typeof value === 'string') step(value.length >> 4)
  }
  /** The engine hashes longer texts only by their length, and then compares them to their ends. */
  const short = <T>(value: T): T => {
    if (typeof value === 'string' && value.length > 10_000) fail('one of its keys has more than 10000 characters')
    return value
  }
  /**
   * Counts for a key of a map or set. The engine's hash of a number is known, so a program can choose thousands of numbers with the
   * same hash, each of which is then compared with all others.
   *
   * @param others how many keys there are
   */
  const hashed = (key: unknown, others: number): void => {
    const isNumeric = typeof key === 'number' || typeof key === 'bigint'
    if (isNumeric || positionOf(key) !== -1) step(others >> 4)
    short(key)
  }
  /** Counts for a text that the engine normalizes: sorting the marks on one letter takes quadratic time. */
  const normalized = (value: string): string => {
    step(value.length)
    marks.lastIndex = 0
    for (;;) {
      const found = apply(exec, marks, [value]) as RegExpExecArray | null
      if (found === null) return value
      step(20 + found[0].length ** 2 / 16)
    }
  }
  /** Counts for a regular expression that the engine parses: most is for classes of characters by property. */
  const parsed = (source: string): string => {
    step(1000 + source.length * 20)
    for (let at = 0; at < source.length; at++)
      if (source[at] === '\\' && (source[at + 1] === 'p' || source[at + 1] === 'P')) step(2000)
    return source
  }
  const keyed = (value: unknown): PropertyKey => {
    if (typeof value === 'number' || typeof value === 'symbol') return value
    const key = short(textOf(value))
    step(key.length >> 4)
    if (key === 'prototype') throw new NativeTypeError('prototype is not available by a computed name')
    return key
  }
  /** The position that a key is, or -1. */
  const positionOf = (key: unknown): number => {
    if (typeof key === 'number') return key
    return typeof key === 'string' && key.length < 11 && key >= '0' && key < ':' ? +key : -1
  }
  /**
   * Counts for an element that is set in an object. The engine makes room for all that lie before it. From a gap of 1024 on it keeps
   * a table instead, so that a program can count by year, and an array is then rewritten.
   */
  const placed = <T extends PropertyKey>(object: unknown, key: T): T => {
    const position = positionOf(key)
    if (!(position > 0)) return key
    if (isArray(object)) {
      const gap = position - object.length
      if (gap >= 1024 && object.length > 10_000) fail('an element of it is far from the others of a long array')
      if (gap > 0) step((gap + (gap < 1024 ? 0 : object.length * 4)) * 4)
    } else if (!isObject(object) || !(position in object)) step(position < 1024 ? position * 4 : 64)
    return key
  }

  // ── Arrays and what is iterated over ──

  const listFits = (length: number): void => {
    if (length > limits.list) fail(`one of its arrays has more than ${limits.list} elements`)
  }
  const listed = (value: unknown): unknown[] => {
    if (!isArray(value)) throw new NativeTypeError('this is not an array')
    listFits(value.length)
    return value
  }
  function* each(values: Iterable<unknown>): Generator<unknown> {
    for (const value of values) {
      step(4)
      yield value
    }
  }
  /** Counts for an iterable that the engine will iterate to its end. */
  const whole = (values: unknown): unknown => {
    // The iterators of the language can't be replaced, but others could take turns.
    const isPlain = isArray(values) && getPrototypeOf(values) === plain && !hasOwn(values, iterator)
    if (isPlain || typeof values === 'string') {
      step((values as string).length * 4)
      return isPlain ? listed(values) : values
    }
    return each(values as Iterable<unknown>)
  }
  const listOf = (values: unknown): unknown[] => {
    const found: unknown[] = []
    for (const value of whole(values) as Iterable<unknown>) found[found.length] = value
    return listed(found)
  }

  // ── Anything ──

  const isObject = (value: unknown): value is object =>
    (typeof value === 'object' && value !== null) || typeof value === 'function'
  /** Arrays and functions have named properties as well. */
  const size = (value: unknown): number => {
    if (typeof value === 'string') return value.length
    return isObject(value) ? ownKeys(value).length : 0
  }
  /** Counts steps for a new value by its size. */
  const made = <T>(value: T): T => {
    if (typeof value === 'string') step(text(value).length >> 2)
    else if (isArray(value)) step(listed(value).length * 4)
    return value
  }
  const depth = (value: unknown, each: (link: unknown) => void = () => {}): void => {
    let link: unknown = value
    for (let count = 0; isObject(link); count++) {
      if (count > 50) fail('one of its prototype chains is longer than 50')
      each(link)
      link = getPrototypeOf(link)
    }
  }
  const copied = (value: unknown): unknown => {
    if (isArray(value)) step(value.length)
    if (isArray(value) || !isObject(value)) step(size(value) * (isArray(value) ? 32 : 64))
    else {
      const keys = ownKeys(value)
      step(keys.length * 64)
      // Positions come first, in order. The copy has room for the last as well.
      let last = -1
      for (let at = 0; at < keys.length && positionOf(keys[at]) >= 0; at++) last = positionOf(keys[at])
      if (last > 0) step(min(last, 5000) * 4)
    }
    depth(value)
    return value
  }
  /** Makes an object a prototype. It can't grow any more: the engine would rewrite it whole, again and again. */
  const inherited = <T>(value: T): T => {
    depth(value)
    return isObject(value) ? (preventExtensions(value) as T) : value
  }
  /** Wraps what the engine iterates over, so that each step is counted. */
  const stepped = (values: unknown): unknown => {
    const { next } = values as { next: Fn }
    return {
      next: (...args: unknown[]) => {
        step(8)
        return apply(next, values, args)
      },
      return: (...args: unknown[]) => {
        const end = (values as Record<PropertyKey, unknown>).return
        return end === undefined || end === null ? {} : apply(end as Fn, values, args)
      },
    }
  }
  /** A value for arithmetic. An object is converted only once: a second result may differ. */
  const worth = (value: unknown): unknown => {
    let found = value
    if (isObject(found)) {
      const object = found as Record<PropertyKey, Fn | undefined>
      const convert = object[toPrimitive]
      if (convert !== undefined && convert !== null) found = apply(convert, value, ['number'])
      else {
        if (typeof object.valueOf === 'function') found = apply(object.valueOf as Fn, value, [])
        if (typeof found === 'object' && found !== null) found = apply(object.toString as Fn, value, [])
      }
      if (isObject(found)) throw new NativeTypeError('an object cannot be converted to a number')
    }
    if (typeof found === 'string') step(found.length >> 2)
    return found
  }
  const numeric = (value: unknown): number => +(worth(value) as number)
  const count = (value: unknown): number => max(0, min(numeric(value) || 0, MAX_SAFE_INTEGER))

  return {
    limits,
    stopped,
    begin,
    overrun: (): Error | undefined => over,
    fail,
    step,
    textFits,
    text,
    textOf,
    seen,
    short,
    hashed,
    normalized,
    parsed,
    keyed,
    placed,
    listFits,
    listed,
    whole,
    listOf,
    size,
    made,
    depth,
    copied,
    inherited,
    stepped,
    worth,
    numeric,
    count,
  }
}
