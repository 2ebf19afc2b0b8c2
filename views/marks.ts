// Computes what is drawn from the result of `show`: panels of one unit each, ranges, rows without overlaps. Pure, without a browser.
import type { Course, Event, Lane, Point, Series, Trend } from '../src/tools/show/shown.ts'
import { timeOf } from './times.ts'

/** A point with its time. */
export interface Dot extends Point {
  time: number
  name: string
  unit: string
}

/** A stretch of time with one range. */
interface Band {
  from: number
  to: number
  low: number | undefined
  high: number | undefined
}

/** One chart: series of one unit, which were measured together. */
export interface Panel {
  unit: string
  names: string[]
  dots: Dot[]
  bands: Band[]
  total: number
}

export function panelsOf({ series }: Pick<Trend, 'series'>): Panel[] {
  const groups = Map.groupBy(series, ({ of, unit }) => `${of}\n${unit}`)
  return [...groups.values()].flatMap((together) => {
    const named = ownNames(together)
    const drawn = named.map(dotsOf)
    const dots = drawn.flat()
    const [first] = together
    if (!first || dots.length === 0) return []
    const names = named.map(({ name }) => name)
    return [
      {
        ...{ unit: first.unit, names, dots },
        bands: drawn.flatMap(bandsOf),
        total: together.reduce((sum, { total }) => sum + total, 0),
      },
    ]
  })
}

/** Gives each series its own name, by its code or number if several have the same: otherwise they would be one line. */
function ownNames(all: readonly Series[]): Series[] {
  const isOwn = (name: string) => all.filter((one) => one.name === name).length < 2
  const taken = new Set<string>()
  return all.map((one) => {
    const name = isOwn(one.name) ? one.name : `${one.name} (${one.code})`
    let own = name
    for (let number = 2; taken.has(own); number++) own = `${name} ${number}`
    taken.add(own)
    return { ...one, name: own }
  })
}

export function dotsOf({ name, unit, points }: Series): Dot[] {
  return points.flatMap((point) => {
    const time = timeOf(point.at)
    return time === undefined || !Number.isFinite(point.value) ? [] : [{ ...point, time, name, unit }]
  })
}

/** Each range, from halfway to the previous point to halfway to the next, and no further than the measurements. */
export function bandsOf(dots: readonly Dot[]): Band[] {
  const bands: Band[] = []
  for (const [at, { time, low, high }] of dots.entries()) {
    const from = (time + (dots[at - 1]?.time ?? time)) / 2
    const to = (time + (dots[at + 1]?.time ?? time)) / 2
    const last = bands.at(-1)
    if (last && last.to === from && last.low === low && last.high === high) last.to = to
    else bands.push({ from, to, low, high })
  }
  return bands.filter(({ low, high }) => low !== undefined || high !== undefined)
}

/** All times of the panels, with room at both ends; a single moment gets a month around it. */
export function spanOf(times: readonly number[]): [number, number] {
  const from = times.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY)
  const to = times.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY)
  if (!Number.isFinite(from)) return [0, 1]
  const room = Math.max((to - from) * 0.03, 15 * 86_400_000)
  return [from - room, to + room]
}

/** A bar of a timeline or of a medication. */
export interface Bar {
  id: string
  name: string
  from: number
  to: number
  /** A moment, or a time without a known end. */
  point: boolean
  row: number
  /** Its status, and remarks about its time. */
  status: string | undefined
  active: boolean
  /** Whether it did not happen, or not yet. */
  unreal: boolean
  when: { from: string; to: string | undefined }
}

const LANE_ROWS = 12

/** Events in as few rows as possible without overlaps; those that would need more than the maximum share the last row. */
export function rowsOf(events: readonly (Event | Course)[], now: number, width: number): Bar[] {
  const ends: number[] = []
  const bars = events.flatMap((event) => {
    const from = timeOf(event.from)
    if (from === undefined) return []
    const end = timeOf(event.to) ?? (event.active ? Math.max(now, from) : from)
    const status = 'status' in event ? event.status : 'remark' in event ? event.remark : undefined
    return [
      {
        id: event.id,
        name: event.name,
        from,
        to: Math.max(end, from),
        status,
        active: event.active === true,
        unreal: 'unreal' in event && event.unreal === true,
        when: { from: event.from, to: event.to },
      },
    ]
  })
  return bars
    .toSorted((a, b) => a.from - b.from)
    .map((bar) => {
      const point = bar.to - bar.from < width
      const free = ends.findIndex((end) => end <= bar.from)
      const row = free >= 0 ? free : Math.min(ends.length, LANE_ROWS - 1)
      ends[row] = Math.max(ends[row] ?? 0, point ? bar.from + width : bar.to)
      return { ...bar, point, row }
    })
}

/** Medications with a row for each name. */
export function coursesOf(courses: readonly Course[], now: number): Bar[] {
  const names = [...new Set(courses.map(({ name }) => name))]
  // At least two weeks wide, so that a course of a few days is visible among years.
  return rowsOf(courses, now, 14 * 86_400_000).map((bar) => ({ ...bar, row: names.indexOf(bar.name) }))
}

export function timesOfLanes(lanes: readonly Lane[], now: number): number[] {
  return lanes.flatMap(({ events }) => rowsOf(events, now, 0).flatMap(({ from, to }) => [from, to]))
}

export type Cell = string | number | boolean | null

/** Rows sorted by a column: numbers as numbers, texts as the locale sorts them, empty cells last. */
export function sorted<Row extends { cells: Cell[] }>(
  rows: readonly Row[],
  column: number,
  down: boolean,
  locale?: string,
): Row[] {
  const collator = new Intl.Collator(locale, { numeric: true })
  const compare = (a: Cell, b: Cell) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))
  return rows.toSorted(({ cells: a }, { cells: b }) => {
    const [x = null, y = null] = [a[column], b[column]]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    return down ? compare(y, x) : compare(x, y)
  })
}

export function filtered<Row extends { cells: Cell[] }>(rows: readonly Row[], text: string, locale?: string): Row[] {
  const wanted = text.trim().toLocaleLowerCase(locale)
  return wanted === ''
    ? [...rows]
    : rows.filter(({ cells }) =>
        cells.some((cell) =>
          String(cell ?? '')
            .toLocaleLowerCase(locale)
            .includes(wanted),
        ),
      )
}
