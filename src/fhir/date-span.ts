// FHIR dates of every precision and time zone (FHIR R4, 2.24.0.1), in a form in which they can be compared.

/** The time that a date, dateTime or instant names, in milliseconds since the epoch; the end is the first moment after it. */
export interface DateSpan {
  start: number
  end: number
}

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/
const DAY_MS = 86_400_000

/**
 * @param value such as `2019`, `2019-03`, `2019-03-05` or `2019-03-05T10:00:00+02:00`; without a zone it is taken as UTC, as
 *   Medplum does
 * @returns undefined for anything but a date of the calendar
 */
export function spanOf(value: unknown): DateSpan | undefined {
  if (typeof value !== 'string') return undefined
  const parts = DATE.exec(value)
  if (!parts) return undefined
  const [, year, month, day, minute, second, fraction = '', zone = 'Z'] = parts
  const first = `${year}-${month ?? '01'}-${day ?? '01'}`
  const midnight = Date.parse(`${first}T00:00:00Z`)
  // V8 takes 30 February for 1 March.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day ?? 1)) return undefined
  if (minute !== undefined) {
    // A leap second is the end of its minute.
    const start = Date.parse(`${first}T${minute}:${second === '60' ? '59.999' : `${second ?? '00'}${fraction}`}${zone}`)
    const length = second === undefined ? 60_000 : fraction === '' ? 1000 : 1
    return Number.isNaN(start) ? undefined : { start, end: start + length }
  }
  if (day !== undefined) return { start: midnight, end: midnight + DAY_MS }
  const next = new Date(midnight)
  if (month === undefined) next.setUTCFullYear(next.getUTCFullYear() + 1)
  else next.setUTCMonth(next.getUTCMonth() + 1)
  return { start: midnight, end: next.getTime() }
}

/** Order by beginning, then by end: of `2019` and `2019-01-01` the year is the later one. */
export function compareSpans(a: DateSpan, b: DateSpan): number {
  return a.start - b.start || a.end - b.end
}
