/** The values that searches compare. Each is computed once for the values of a parameter, since stored resources never change. */
import {
  convertToSearchableDates,
  convertToSearchableNumbers,
  convertToSearchableQuantities,
  convertToSearchableReferences,
  convertToSearchableStrings,
  convertToSearchableTokens,
  type TypedValue,
} from '@medplum/core'

/** Remembers the result for each object, as long as the object exists. */
export function once<T extends object, R>(work: (from: T) => R): (from: T) => R {
  const known = new WeakMap<T, R>()
  return (from) => {
    let result = known.get(from)
    if (result === undefined) {
      result = work(from)
      known.set(from, result)
    }
    return result
  }
}

/** The token system under which texts and displays are kept: only `:text` and `:contains` compare them. */
const TEXT = { textSearchSystem: 'text' }

/** ms since 1970 of the beginning of each period; FHIRPath periods carry a precision of milliseconds. */
export const datesOf = once((values: TypedValue[]) =>
  convertToSearchableDates(values).map(({ start, end }) => Date.parse(start ?? end ?? '')),
)

export const numbersOf = once((values: TypedValue[]) => convertToSearchableNumbers(values).map(([low]) => low))

export const quantitiesOf = once((values: TypedValue[]) =>
  convertToSearchableQuantities(values).map(({ value }) => value),
)

export const referencesOf = once(convertToSearchableReferences)

export const stringsOf = once((values: TypedValue[]) =>
  convertToSearchableStrings(values).map((text) => ({
    text,
    lower: text.toLowerCase(),
    words: wordsOf(text.toLowerCase()),
  })),
)

export const tokensOf = once((values: TypedValue[]) => convertToSearchableTokens(values, TEXT))

export function wordsOf(text: string): string[] {
  return text.split(/[\s,;-]+/).filter(Boolean)
}
