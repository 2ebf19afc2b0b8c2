// A date in a FHIR search means a span of time (FHIR R4, section 3.1.1.4.7), but Medplum compares with one instant and refuses dates
// less precise than a day. This file finds bounds that mean the same as the span.

interface SearchDate {
  /** Comparison: eq, ne, gt, lt, ge, le, sa, eb, ap. */
  prefix: string
  precision: 'year' | 'month' | 'day' | 'minute' | 'second'
  /** First day or minute of the span, as a search value. */
  start: string
  /** First day or minute after the span. */
  end: string
}

const DATE =
  /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** @returns undefined for a list, and for anything but a date of the calendar */
export function parseSearchDate(value: string): SearchDate | undefined {
  const [, prefix = 'eq', year = '', month, day, time, seconds, zone = ''] = DATE.exec(value) ?? []
  const first = `${year}-${month ?? '01'}-${day ?? '01'}`
  const midnight = Date.parse(`${first}T00:00:00Z`)
  // From year 10,000 on, a date has another form; and V8 takes 30 February for 1 March.
  if (Number.isNaN(midnight) || year === '9999' || asDay(midnight) !== first) return undefined
  if (time !== undefined) return timeOfDay(prefix, `${first}T${time}`, seconds, zone)
  if (day !== undefined) return { prefix, precision: 'day', start: first, end: asDay(midnight + DAY_MS) }
  const next = new Date(midnight)
  if (month === undefined) next.setUTCFullYear(next.getUTCFullYear() + 1)
  else next.setUTCMonth(next.getUTCMonth() + 1)
  return { prefix, precision: month === undefined ? 'year' : 'month', start: first, end: asDay(next.getTime()) }
}

function timeOfDay(prefix: string, minute: string, seconds: string | undefined, zone: string): SearchDate | undefined {
  const at = Date.parse(`${minute}:00Z`)
  if (Number.isNaN(at)) return undefined
  const whole = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}${zone}`
  if (seconds !== undefined) {
    const given = `${minute}${seconds}${zone}`
    return { prefix, precision: 'second', start: given, end: given }
  }
  return { prefix, precision: 'minute', start: whole(at), end: whole(at + MINUTE_MS) }
}

function asDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** For each comparison, whether Medplum gets it right although it reads the span as its first instant, and what to ask instead. */
const BOUNDS: Record<string, { bounds: (date: SearchDate) => string[]; rightAtStart: boolean }> = {
  eq: { bounds: ({ start, end }) => [`ge${start}`, `lt${end}`], rightAtStart: false },
  gt: { bounds: ({ end }) => [`ge${end}`], rightAtStart: false },
  sa: { bounds: ({ end }) => [`ge${end}`], rightAtStart: false },
  le: { bounds: ({ end }) => [`lt${end}`], rightAtStart: false },
  ge: { bounds: ({ start }) => [`ge${start}`], rightAtStart: true },
  lt: { bounds: ({ start }) => [`lt${start}`], rightAtStart: true },
  eb: { bounds: ({ start }) => [`lt${start}`], rightAtStart: true },
}

/** @returns values that together mean the same as the date; undefined for ne and ap, which can't be expressed so */
export function boundsOf(date: SearchDate): string[] | undefined {
  return BOUNDS[date.prefix]?.bounds(date)
}

/**
 * Whether Medplum would refuse the date or answer something else than it means.
 *
 * @param dayOnly the parameter's values are days without a time, which Medplum compares as days
 */
export function isMisread(date: SearchDate, dayOnly: boolean): boolean {
  if (date.precision === 'second') return false
  if (date.precision === 'year' || date.precision === 'month') return true
  return !dayOnly && !BOUNDS[date.prefix]?.rightAtStart
}

/** Parameters whose values are days without a time, by type; of all other date parameters the values may have one. */
const DAY_ONLY: Record<string, readonly string[]> = {
  Basic: ['created'],
  ClaimResponse: ['payment-date'],
  DicomStudy: ['study-date'],
  Goal: ['start-date', 'target-date'],
  Patient: ['birthdate'],
  Person: ['birthdate'],
  RelatedPerson: ['birthdate'],
}

/** Parameters with several values in one resource: two bounds may be met by two different ones. */
const SEVERAL_VALUES: Record<string, readonly string[]> = {
  AllergyIntolerance: ['onset'],
  CarePlan: ['activity-date'],
  Composition: ['period'],
  Encounter: ['location-period'],
  Goal: ['target-date'],
  Immunization: ['reaction-date'],
  MedicationRequest: ['date'],
  NamingSystem: ['period'],
  Substance: ['expiry'],
}

/** Whether all of the types have only days in this parameter; `birthdate` is one wherever it is found. */
export function isDayOnly(name: string, types: string[] | undefined): boolean {
  if (name === 'birthdate') return true
  return !!types?.length && types.every((type) => own(DAY_ONLY, type)?.includes(name))
}

export function hasSeveralValues(name: string, types: string[] | undefined): boolean {
  return (types ?? Object.keys(SEVERAL_VALUES)).some((type) => own(SEVERAL_VALUES, type)?.includes(name))
}

function own<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
