/**
 * The clinic's clock. Everything is counted in whole days from one fixed "today" and written in UTC, so the data doesn't depend on
 * the machine's date or time zone.
 */

/** The clinic's present: a Tuesday, an hour before it opens at 09:00 in Massachusetts. */
export const CLINIC_NOW = '2026-09-01T12:00:00Z'

const DAY_MS = 86_400_000
const today = Date.UTC(2026, 8, 1)

export const YEAR = 365.25

/** Appointments run from 13:00 to 21:00 UTC, so a visit's day is the same in UTC and at the clinic. */
export const OPENING_MINUTE = 13 * 60

/** @param day whole days from today; the past is negative */
export function date(day: number): string {
  return new Date(today + Math.floor(day) * DAY_MS).toISOString().slice(0, 10)
}

/** @param minute minutes after 00:00 UTC of that day */
export function instant(day: number, minute: number): string {
  return new Date(today + Math.floor(day) * DAY_MS + Math.round(minute) * 60_000).toISOString().replace('.000Z', 'Z')
}

/** @param isoDate YYYY-MM-DD */
export function dayOf(isoDate: string): number {
  return Math.round((Date.parse(`${isoDate}T00:00:00Z`) - today) / DAY_MS)
}

/** 0 is Sunday; today is a Tuesday. */
export function weekday(day: number): number {
  return (((day + 2) % 7) + 7) % 7
}

/** That day, or the Friday before it if it falls on a weekend. */
export function workday(day: number): number {
  const whole = Math.floor(day)
  if (weekday(whole) === 6) return whole - 1
  if (weekday(whole) === 0) return whole - 2
  return whole
}

export function calendarYear(day: number): number {
  return new Date(today + Math.floor(day) * DAY_MS).getUTCFullYear()
}

/** A quantity over time, as points sorted by day: linear between them, constant before the first and after the last. */
export type Curve = readonly (readonly [day: number, value: number])[]

export function valueAt(curve: Curve, day: number): number {
  let before = curve[0]
  if (!before) throw new RangeError('a curve needs a point')
  for (const point of curve) {
    if (point[0] >= day) {
      const span = point[0] - before[0]
      return span <= 0 ? point[1] : before[1] + ((point[1] - before[1]) * (day - before[0])) / span
    }
    before = point
  }
  return before[1]
}
