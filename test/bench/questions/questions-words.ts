// The words in which people ask: names of concepts, dates of days, and which of several records is the latest.
import type { CodeableConcept } from '@medplum/fhirtypes'

/** The first code. */
export function codeOf(concept: CodeableConcept | undefined): string | undefined {
  return concept?.coding?.[0]?.code
}

/** A concept's name, without the semantic tag that SNOMED CT adds. */
export function spoken(display: string | undefined): string {
  return (display ?? '').replace(/ \([^()]*\)$/, '')
}

/** The substance in a drug's name, which is how people call it. */
export function substance(display: string | undefined): string {
  return /[a-z]{5,}/.exec((display ?? '').replaceAll('insulin', ''))?.[0] ?? ''
}

/** The span of a day: in a search, a day alone would mean its first instant. */
export function dayOf(date: string): { from: string; to: string } {
  const from = date.slice(0, 10)
  return { from, to: new Date(Date.parse(from) + 86_400_000).toISOString().slice(0, 10) }
}

/** The latest record; undefined if two have the same time. */
export function newest<T>(all: readonly T[], dateOf: (one: T) => string | undefined): T | undefined {
  const [one, other] = all.toSorted((a, b) => ((dateOf(a) ?? '') < (dateOf(b) ?? '') ? 1 : -1))
  return one && other && dateOf(one) === dateOf(other) ? undefined : one
}
