// FHIR dates as times for drawing, and as written in the host's locale. Pure.

/** When a date begins, in milliseconds; without a zone it is UTC. Undefined for anything but a date. */
export function timeOf(date: string | undefined): number | undefined {
  if (date === undefined) return undefined
  const [, day = '', rest] = /^(\d{4}(?:-\d{2}(?:-\d{2})?)?)(T.*)?$/.exec(date) ?? []
  const zoned = rest === undefined || /(Z|[+-]\d\d:\d\d)$/.test(rest) ? date : `${date}Z`
  const time = day === '' ? Number.NaN : Date.parse(zoned)
  return Number.isNaN(time) ? undefined : time
}

export interface Locale {
  locale: string | undefined
  timeZone: string | undefined
}

/** The date in words, as precise as it was written. */
export function dateText(date: string, { locale, timeZone }: Locale): string {
  const time = timeOf(date)
  if (time === undefined) return date
  const precision: Intl.DateTimeFormatOptions = date.includes('T')
    ? { dateStyle: 'medium', timeStyle: 'short', ...(timeZone && { timeZone }) }
    : {
        year: 'numeric',
        ...(date.length > 4 && { month: 'short' }),
        ...(date.length > 7 && { day: 'numeric' }),
        timeZone: 'UTC',
      }
  return new Intl.DateTimeFormat(locale, precision).format(time)
}

export function numberText(value: number, { locale }: Locale): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(value)
}

/** A number beside an axis: long ones in scientific notation, never with a letter that could be a unit. */
export function tickText(value: number, { locale }: Locale): string {
  const size = Math.abs(value)
  const isLong = size >= 1e9 || (size > 0 && size < 1e-4)
  return new Intl.NumberFormat(
    locale,
    isLong ? { notation: 'scientific', maximumFractionDigits: 2 } : { maximumFractionDigits: 6 },
  ).format(value)
}

/** The host's locale and time zone, each only if the browser knows it. */
export function knownLocale(locale: unknown, timeZone: unknown): Locale {
  const known = <T>(make: () => T) => {
    try {
      return make()
    } catch {
      return undefined
    }
  }
  return {
    locale: typeof locale === 'string' ? known(() => Intl.getCanonicalLocales(locale)[0]) : undefined,
    timeZone:
      typeof timeZone === 'string'
        ? known(() => new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone)
        : undefined,
  }
}
