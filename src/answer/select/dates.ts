// Dates and times in FHIRPath (section 6.2): by their parts, each only as precise as it is written, and in one time zone.

/** A date, dateTime or instant of FHIR, or a time; a time literal begins with T. */
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/
const TIME = /^T?(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?$/

/** Whether a text can only be a date, with a month at least, or a time of a date. */
export function isDate(text: string): boolean {
  return text.includes('-') && DATE.test(text)
}

/** Two dates or times can't be compared. The message is part of a sentence. */
export class Incomparable extends Error {
  override readonly name = 'Incomparable'
}

/**
 * Compares two dates or times.
 *
 * @returns negative if `a` is earlier, positive if `b` is, 0 if they are equal; undefined if one is not precise enough to tell
 * @throws {Incomparable} for a date and a time, or if only one has a time zone
 */
export function compareDates(a: string, b: string): number | undefined {
  const [one, two] = [partsOf(a), partsOf(b)]
  if (!one || !two || one.isTime !== two.isTime)
    throw new Incomparable('only dates can be compared with dates, and times with times')
  const bothHaveTime = one.parts.length > 3 && two.parts.length > 3
  if (!one.isTime && bothHaveTime && one.hasZone !== two.hasZone) {
    throw new Incomparable('only one of the times has a time zone: write both with one, as in @2026-01-01T00:00:00Z')
  }
  const length = Math.max(one.parts.length, two.parts.length)
  for (let at = 0; at < length; at++) {
    const [left, right] = [one.parts[at], two.parts[at]]
    if (left === undefined || right === undefined) return undefined
    if (left !== right) return left - right
  }
  return 0
}

interface Parts {
  isTime: boolean
  hasZone: boolean
  /** Year, month, day, hour, minute, second, as far as they are given; with a time zone, in UTC. */
  parts: number[]
}

function partsOf(text: string): Parts | undefined {
  const time = TIME.exec(text)
  if (time && !/^\d{4}$/.test(text)) return { isTime: true, hasZone: false, parts: numbers(time.slice(1)) }
  const date = DATE.exec(text)
  if (!date) return undefined
  const zone = date[7]
  const parts = numbers(date.slice(1, 7))
  if (zone === undefined || parts.length < 4) return { isTime: false, hasZone: zone !== undefined, parts }
  return { isTime: false, hasZone: true, parts: inUtc(parts, zone) }
}

function numbers(parts: (string | undefined)[]): number[] {
  return parts.filter((part) => part !== undefined).map(Number)
}

function inUtc(parts: number[], zone: string): number[] {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? []
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const moved = new Date(Date.UTC(year, month - 1, day, hour, minute - offset))
  const all = [
    moved.getUTCFullYear(),
    moved.getUTCMonth() + 1,
    moved.getUTCDate(),
    moved.getUTCHours(),
    moved.getUTCMinutes(),
    second,
  ]
  return all.slice(0, parts.length)
}
