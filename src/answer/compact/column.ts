// A column of a table: its cells, and what all of them begin and end with.
import { type Affix, affixed } from './affix.ts'

export interface Column {
  path: string
  /** The literal of each row's value, without the affix; undefined in a row that has none. */
  cells: Cells
  /** What every cell begins and ends with, written in the head instead. */
  affix?: Affix
  /** Whether each cell is written in full, so that a reader sees whom a row is about without looking back. */
  isFull: boolean
}

type Cells = readonly (string | undefined)[]

const MIN_NAMED = 12

const QUANTITY = /^<-?\d[\d.e+-]* "/

/** Whether a name may replace a repeated literal: not for dates, which are short, or for measured values. */
export function isNameable(written: string): boolean {
  return written.length >= MIN_NAMED && !QUANTITY.test(written)
}

/** A reference to a person whose record it is, alone or as the one item of a list. */
const PERSON = /^\[?<Patient\//

/** @param whole the literal of each row's value */
export function columnOf(path: string, values: readonly unknown[], whole: Cells): Column {
  const isFull = path === 'id' || whole.some((cell) => cell !== undefined && PERSON.test(cell))
  return { path, cells: whole, ...affixed(values, whole), isFull }
}
