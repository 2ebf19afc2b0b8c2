// Similar values as a table: what all rows share is written once, what differs has a column. A repeated long cell is written once and
// then replaced by a name. Nothing is lost: docs/answers.md has the rules for writing and reading.
import { withoutEnd } from '../../base/trim.ts'
import { type Column, isNameable } from './column.ts'
import { type Layout, layOut, type Shared } from './layout.ts'

/** Long values that occur more than once in one document: the first time `&1 value`, from then on `*1`. */
export class Anchors {
  readonly #places: string[] = []
  readonly #index = new Map<string, number>()
  readonly #counts: number[] = []
  /** The approximate length of all that has been placed. */
  characters = 0

  readonly #isNameable: (written: string) => boolean

  constructor(isNameable: (written: string) => boolean) {
    this.#isNameable = isNameable
  }

  /**
   * The value, or a placeholder that `resolve` replaces. No text of ours holds these characters: quoted text escapes them.
   *
   * @param inFull whether to write the value itself: it may get a name here, but no name replaces it
   */
  place(written: string, inFull = false): string {
    if (!this.#isNameable(written)) {
      this.characters += written.length
      return written
    }
    let at = this.#index.get(written)
    this.characters += at === undefined ? written.length : NAMED
    if (at === undefined) {
      at = this.#places.push(written) - 1
      this.#index.set(written, at)
      this.#counts.push(0)
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    return `\uE000${at}${inFull ? '\uE002' : '\uE001'}`
  }

  /** Replaces the placeholders: by names where that saves enough, else by the values. */
  resolve(document: string): string {
    const named = new Map<number, number>()
    return document.replace(/\uE000(\d+)([\uE001\uE002])/g, (_, digits: string, end: string) => {
      const at = Number(digits)
      const written = this.#places[at] ?? ''
      if (((this.#counts[at] ?? 0) - 1) * (written.length - NAMED) < MIN_SAVED) return written
      const name = named.get(at)
      if (name !== undefined) return end === '\uE002' ? written : `*${name}`
      named.set(at, named.size + 1)
      return `&${named.size} ${written}`
    })
  }
}

/** The characters that a name must save, because a reader has to look back. */
const MIN_SAVED = 24
/** The length of a name such as `*123`. */
const NAMED = 4

/** A table as a document of its own. @param names whether to use names: two tables of one answer could use the same name */
export function writeTable(title: string, rows: readonly Record<string, unknown>[], names = true): string {
  const anchors = new Anchors(names ? isNameable : () => false)
  const layout = layOut(rows, new Map())
  return anchors.resolve([`# ${title} (${rows.length})`, ...tableLines(layout, anchors)].join('\n'))
}

/**
 * The lines of a table: `same`, a head, one line for each row.
 *
 * @param measured called with the approximate number of characters of each row
 */
export function tableLines(
  layout: Layout,
  anchors: Anchors,
  measured: (row: number, characters: number) => void = () => {},
): string[] {
  const same = sameLine(layout.same, anchors)
  const head = layout.columns.map(headOf).join('|')
  const rows = Array.from({ length: layout.rows }, (_, row) => {
    const before = anchors.characters
    const line = rowLine(layout, row, anchors)
    measured(row, anchors.characters - before + layout.columns.length)
    return line
  })
  return [...same, head, ...rows]
}

/** What all rows share. */
export function sameLine(same: readonly Shared[], anchors: Anchors): string[] {
  if (same.length === 0) return []
  return [`same: ${same.map(({ path, written }) => `${path}=${anchors.place(written)}`).join(', ')}`]
}

function rowLine({ columns }: Layout, row: number, anchors: Anchors): string {
  const cells = columns.map(({ cells, isFull }) => {
    const cell = cells[row]
    return cell === undefined ? '' : anchors.place(cell, isFull)
  })
  // A row without any value still has its line.
  return withoutEnd(cells.join('|'), '|') || '-'
}

function headOf({ path, affix }: Column): string {
  return affix ? `${path}=${affix.prefix}…${affix.suffix}` : path
}
