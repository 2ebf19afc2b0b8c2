// Runs a program in its isolate: its inputs, its result, and its error if it fails.

import type { constructorsOf } from './constructors.ts'
import type { countedOf } from './counted.ts'
import type { expressionPartsOf } from './expression-parts.ts'
import type { helpersOf } from './helpers.ts'
import type { jsonWriterOf } from './json.ts'
import type { listMethodsOf } from './list-methods.ts'
import type { localeMethodsOf } from './locale-methods.ts'
import type { KeptGlobals, lockDown } from './lockdown.ts'
import type { Fn, meterOf, ProgramLimits } from './meter.ts'
import type { objectMethodsOf } from './object-methods.ts'
import type { matcherOf } from './regular-expression.ts'
import type { textMethodsOf } from './text-methods.ts'

/** What a program can ask the server for. It answers in JSON: the answer, or an error's message in an array of one. */
export interface Reads {
  read(kind: string, path: string): Promise<string>
}

/** The module of a program (instrument.ts). */
type Program = (...helpersAndFhir: unknown[]) => () => Promise<unknown>

/** The other functions of this folder. */
export interface IsolateFunctions {
  constructorsOf: typeof constructorsOf
  countedOf: typeof countedOf
  expressionPartsOf: typeof expressionPartsOf
  helpersOf: typeof helpersOf
  jsonWriterOf: typeof jsonWriterOf
  listMethodsOf: typeof listMethodsOf
  localeMethodsOf: typeof localeMethodsOf
  lockDown: typeof lockDown
  matcherOf: typeof matcherOf
  meterOf: typeof meterOf
  objectMethodsOf: typeof objectMethodsOf
  textMethodsOf: typeof textMethodsOf
}

export interface Bounds extends KeptGlobals {
  limits: ProgramLimits
  /** Names of the helpers, in the order in which a program takes them. */
  helpers: readonly string[]
}

/**
 * Runs a program.
 *
 * @returns JSON: `value`, the JSON text of what it returned, or an error's `name`, `message` and `line`
 */
export async function run(program: Program, reads: Reads, bounds: Bounds, parts: IsolateFunctions): Promise<string> {
  const { apply } = Reflect
  const { create, freeze } = Object
  const { parse, stringify } = JSON
  const NativeError = Error
  const NativeTypeError = TypeError
  const NativePromise = Promise
  const then = Promise.prototype.then as unknown as Fn
  const cut = String.prototype.slice as unknown as Fn

  // Every part takes its originals from the language here, before anything is changed and before the program begins.
  const meter = parts.meterOf(bounds.limits)
  const { step, begin, stopped, overrun } = meter
  const writeJson = parts.jsonWriterOf(meter)
  const known = parts.helpersOf(meter)
  const helpers = bounds.helpers.map((name) => known[name])
  const constructors = parts.constructorsOf(meter)
  const texts = parts.textMethodsOf(meter)
  const { methods: locales, intl } = parts.localeMethodsOf(meter, texts)
  const counted = parts.countedOf(meter, {
    constructors,
    texts,
    locales,
    lists: parts.listMethodsOf(meter),
    objects: parts.objectMethodsOf(meter),
    matcher: parts.matcherOf(RegExp, meter, parts.expressionPartsOf),
    writeJson,
  })
  parts.lockDown(bounds, meter, counted, constructors, intl)

  let reading = 0
  const asked = (kind: string) => async (path: unknown) => {
    // The server refuses further reads, but each is a message to it.
    step(++reading > bounds.limits.reads ? 100_000 : 1000)
    if (typeof path !== 'string') throw new NativeTypeError(`fhir.${kind} takes a path, such as Patient?name=smith`)
    if (path.length > 20_000) throw new NativeTypeError(`fhir.${kind} takes a path of at most 20000 characters`)
    const answer = await reads.read(kind, path)
    // The server limits what it returns.
    step(answer.length >> 4)
    const { value, error } = parse(answer) as { value?: unknown; error?: string }
    if (error !== undefined) throw new NativeError(error)
    return value
  }
  const fhir = create(null) as Record<string, unknown>
  fhir.search = asked('search')
  fhir.get = asked('get')
  fhir.count = asked('count')
  freeze(fhir)

  const work = async (): Promise<string> => {
    let value = await program(...helpers, fhir)()
    if (typeof value === 'function') value = await apply(value as Fn, undefined, [fhir])
    if (value === undefined) throw new NativeTypeError('it returned nothing: end it with `return VALUE`')
    const json = writeJson(value, undefined, undefined, true)
    if (json === undefined) throw new NativeTypeError('it returned a function or a symbol: return a JSON value')
    return stringify(json)
  }
  /** Describes whatever was thrown. Its properties may be functions of the program, which may fail as well. */
  const told = (error: unknown): string => {
    const read = (name: string): string => {
      try {
        const value = (error as Record<string, unknown>)[name]
        return typeof value === 'string' ? (apply(cut, value, [0, 4000]) as string) : ''
      } catch {
        return ''
      }
    }
    const isObject = typeof error === 'object' && error !== null
    const name = stringify(isObject ? read('name') : '')
    const shown =
      typeof error === 'symbol' ? 'a symbol' : isObject ? 'an object without a message' : `${error as string}`
    const message = stringify(isObject ? read('message') || shown : `${shown} was thrown`)
    const stack = stringify(isObject ? read('stack') : '')
    return `{"name":${name},"message":${message},"stack":${stack},"over":${overrun() !== undefined}}`
  }
  /** The first of two to settle. */
  const raceOf = <T>(one: Promise<T>, other: Promise<never>): Promise<T> =>
    new NativePromise<T>((resolve, reject) => {
      apply(then, one, [resolve, reject])
      apply(then, other, [resolve, reject])
    })

  begin()
  let answer: string
  apply(then, stopped, [undefined, () => {}])
  try {
    const running = work()
    apply(then, running, [undefined, () => {}])
    answer = `{"value":${await raceOf(running, stopped)}}`
  } catch (error) {
    answer = told(error)
  }
  const over = overrun()
  return over === undefined ? answer : told(over)
}
