/** The free time of a Schedule: its opening hours in its own time zone and its Slots, combined as Medplum's SchedulingParameters say. */
import { getScheduleSchedulingParameters, getSchedulingTimezone, type WithId } from '@medplum/core'
import type { Extension, HealthcareService, Resource, Schedule, Slot } from '@medplum/fhirtypes'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MINUTES_IN: Record<string, number> = { min: 1, h: 60, d: 1440, wk: 10_080 }

/** In ms since 1970, without the end. */
export interface Interval {
  start: number
  end: number
}

/** Lengths in ms. */
export interface SchedulingRules {
  timezone: string
  duration: number
  /** An appointment starts at a multiple of this, counted from `offset`. */
  interval: number
  offset: number
  before: number
  after: number
  hours: OpeningHours[]
}

interface OpeningHours {
  days: string[]
  start: string
  end: string
}

/** @returns undefined if the time zone or the duration is missing */
export function rulesOf(
  schedule: Schedule,
  service: WithId<HealthcareService>,
  actor: Resource,
): SchedulingRules | undefined {
  const read = (url: Parameters<typeof getScheduleSchedulingParameters>[2]) =>
    getScheduleSchedulingParameters(schedule, service, url)
  const length = (url: Parameters<typeof read>[0]) => lengthOf(read(url)[0])
  const timezone = getSchedulingTimezone(service, schedule, actor)
  const duration = length('duration')
  if (!timezone || !duration) {
    return undefined
  }
  return {
    timezone,
    duration,
    interval: length('alignmentInterval') || 60 * MINUTE,
    offset: length('alignmentOffset') ?? 0,
    before: length('bufferBefore') ?? 0,
    after: length('bufferAfter') ?? 0,
    hours: read('availability').flatMap((one) => extensionsOf(one, 'availableTime').map(openingHours)),
  }
}

function lengthOf(extension: Extension | undefined): number | undefined {
  const { value, unit = '' } = extension?.valueDuration ?? {}
  return value === undefined ? undefined : value * (MINUTES_IN[unit] ?? 1) * MINUTE
}

function extensionsOf(extension: Extension, url: string): Extension[] {
  return extension.extension?.filter((one) => one.url === url) ?? []
}

function openingHours(time: Extension): OpeningHours {
  const days = extensionsOf(time, 'daysOfWeek').map((one) => one.valueCode ?? '')
  const [allDay, start, end] = ['allDay', 'availableStartTime', 'availableEndTime'].map(
    (url) => extensionsOf(time, url)[0],
  )
  return allDay?.valueBoolean
    ? { days, start: '00:00:00', end: '00:00:00' }
    : { days, start: start?.valueTime ?? '00:00:00', end: end?.valueTime ?? '00:00:00' }
}

/** Opening hours and free Slots, minus busy Slots. */
export function freeTime(rules: SchedulingRules, range: Interval, slots: Slot[]): Interval[] {
  const of = (wanted: (slot: Slot) => boolean) => slots.filter(wanted).map(intervalOf)
  const open = [...openTime(rules, range), ...of((slot) => slot.status === 'free')].map((one) => within(one, range))
  const free = merged(open.filter((one) => one.start < one.end))
  return of((slot) => slot.status.startsWith('busy')).reduce(
    (left, busy) => left.flatMap((one) => without(one, busy)),
    free,
  )
}

function without(one: Interval, busy: Interval): Interval[] {
  if (!overlaps(one, busy)) {
    return [one]
  }
  const before = { start: one.start, end: busy.start }
  const after = { start: busy.end, end: one.end }
  return [before, after].filter((part) => part.start < part.end)
}

export function intervalOf({ start, end }: { start?: string; end?: string }): Interval {
  return { start: Date.parse(start ?? ''), end: Date.parse(end ?? '') }
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.start < b.end && b.start < a.end
}

/** @returns whether an appointment with its buffers fits into the free time */
export function fits(rules: SchedulingRules, appointment: Interval, free: Interval[]): boolean {
  return free.some((one) => one.start <= appointment.start - rules.before && one.end >= appointment.end + rules.after)
}

/** @returns every start in the range that the rules allow and for which there is enough free time */
export function startTimes(rules: SchedulingRules, range: Interval, free: Interval[]): number[] {
  const found: number[] = []
  const first = Math.ceil((range.start - rules.offset) / rules.interval) * rules.interval + rules.offset
  for (let start = first; start < range.end; start += rules.interval) {
    if (fits(rules, { start, end: start + rules.duration }, free)) {
      found.push(start)
    }
  }
  return found
}

function openTime({ timezone, hours }: SchedulingRules, range: Interval): Interval[] {
  const found: Interval[] = []
  for (let day = range.start - DAY; day <= range.end + DAY; day += DAY) {
    const date = new Date(day).toISOString().slice(0, 10)
    const weekday = DAYS[new Date(date).getUTCDay()] ?? ''
    for (const { start, end } of hours.filter((one) => one.days.includes(weekday))) {
      const opens = instantOf(`${date}T${start}Z`, timezone)
      const closes = instantOf(`${date}T${end}Z`, timezone)
      found.push({ start: opens, end: closes > opens ? closes : closes + DAY })
    }
  }
  return found
}

/** @param localTime written as if it were UTC */
function instantOf(localTime: string, timezone: string): number {
  const guess = Date.parse(localTime)
  const first = guess - offsetAt(guess, timezone)
  return guess - offsetAt(first, timezone)
}

/** @returns how far a time zone is ahead of UTC, in ms */
function offsetAt(instant: number, timezone: string): number {
  const local = new Date(instant).toLocaleString('sv-SE', { timeZone: timezone })
  return Date.parse(`${local.replace(' ', 'T')}Z`) - Math.floor(instant / 1000) * 1000
}

function within(one: Interval, range: Interval): Interval {
  return { start: Math.max(one.start, range.start), end: Math.min(one.end, range.end) }
}

function merged(intervals: Interval[]): Interval[] {
  const result: Interval[] = []
  for (const one of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last && one.start <= last.end) {
      last.end = Math.max(last.end, one.end)
    } else {
      result.push({ ...one })
    }
  }
  return result
}
