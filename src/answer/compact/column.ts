// A column of a table: its cells, what all of them begin and end with, and about the tokens that it takes.
import { type Affix, affixed } from './affix.ts'
import { tokensIn } from './tokens.ts'

export interface Column {
  path: string
  /** The literal of each row's value, without the affix; undefined in a row that has none. */
  cells: Cells
  /** What every cell begins and ends with, told in the head instead. */
  affix?: Affix
  /** Whether a mention in the few rows that have it is shorter than a cell in every row. */
  isRare: boolean
  /** About the tokens that it takes. */
  cost: number
  /** Whether names can replace most of its cells. */
  repeats: boolean
}

export type Cells = readonly (string | undefined)[]

const MIN_NAMED = 12

const QUANTITY = /^<-?\d[\d.e+-]* "/

/** Whether a name may replace a repeated literal: not for dates, which are shorter, nor for what was measured. */
export function isNameable(written: string): boolean {
  return written.length >= MIN_NAMED && !QUANTITY.test(written)
}

/** Tokens of a sign between cells, of an empty cell, of a name in place of a value. */
export const SEPARATOR = 0.7
const EMPTY = 0.3
export const NAME = 2

/**
 * @param whole the literal of each row's value
 * @param known values that stand in the document before, and names can stand for
 */
export function columnOf(path: string, values: readonly unknown[], whole: Cells, known: ReadonlySet<string>): Column {
  const name = tokensIn(path)
  const present = whole.reduce((count, cell) => (cell === undefined ? count : count + 1), 0)
  const mentions = present * (name + SEPARATOR)
  const head = name + present * SEPARATOR + (whole.length - present) * EMPTY
  const isRare = mentions < head
  const { affix, cells } = (isRare ? undefined : affixed(values, whole)) ?? { cells: whole }
  const { tokens, names } = tokensOf(cells, known)
  const around = affix ? tokensIn(affix.prefix) + tokensIn(affix.suffix) : 0
  return {
    path,
    cells,
    ...(affix && { affix }),
    isRare,
    cost: (isRare ? mentions : head + around) + tokens,
    repeats: names >= (present * 2) / 3,
  }
}

/** Cells of a column whose tokens are counted; the others are taken to be like them. */
const SAMPLES = 4

function tokensOf(cells: Cells, known: ReadonlySet<string>): { tokens: number; names: number } {
  const seen = new Set<string>()
  let names = 0
  let length = 0
  let samples = 0
  let sampled = 0
  let tokens = 0
  for (const cell of cells) {
    if (cell === undefined) continue
    if (isNameable(cell)) {
      if (seen.has(cell) || known.has(cell)) {
        names++
        continue
      }
      seen.add(cell)
    }
    length += cell.length
    if (samples++ < SAMPLES) {
      sampled += cell.length
      tokens += tokensIn(cell)
    }
  }
  return { tokens: names * NAME + (sampled > 0 ? length * (tokens / sampled) : 0), names }
}
