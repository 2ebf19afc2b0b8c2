// Like values as a table: what all rows share is said once, what differs has a column, what few rows have stands in the last
// cell. Repeated long cells are written once and named after that. Nothing is lost: docs/answers.md has the rules both ways.
import { type Column, type Layout, layOut } from './layout.ts'
import { literal } from './literal.ts'

/** Long values that occur more than once in one document: the first time `&1 value`, from then on `*1`. */
export class Anchors {
  readonly #min: number
  readonly #places: string[] = []
  readonly #index = new Map<string, number>()
  readonly #counts: number[] = []

  /** @param min characters of a value that may be named; Infinity names none */
  constructor(min = MIN_ANCHOR) {
    this.#min = min
  }

  /** The value, or a placeholder that `resolve` replaces. No text of ours holds these characters: quoted text escapes them. */
  place(written: string): string {
    if (written.length < this.#min) return written
    let at = this.#index.get(written)
    if (at === undefined) {
      at = this.#places.push(written) - 1
      this.#index.set(written, at)
      this.#counts.push(0)
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    return `\uE000${at}\uE001`
  }

  /** The document with anchors where they are worth it. */
  resolve(document: string): string {
    const named = new Map<number, number>()
    return document.replace(/\uE000(\d+)\uE001/g, (_, digits: string) => {
      const at = Number(digits)
      const written = this.#places[at] ?? ''
      const count = this.#counts[at] ?? 0
      if ((count - 1) * written.length < 24) return written
      const name = named.get(at)
      if (name !== undefined) return `*${name}`
      named.set(at, named.size + 1)
      return `&${named.size} ${written}`
    })
  }
}

const MIN_ANCHOR = 10

/** A table as a document of its own. Names are for tables that stand alone: in a longer answer they might mean two things. */
export function writeTable(title: string, rows: readonly Record<string, unknown>[], names = true): string {
  const anchors = new Anchors(names ? undefined : Number.POSITIVE_INFINITY)
  return anchors.resolve([`# ${title} (${rows.length})`, ...tableLines(rows, anchors)].join('\n'))
}

/**
 * The lines of a table: `same`, a head, one line for each row.
 *
 * @param said paths and values said above already, in the form of `sameOf`
 */
export function tableLines(rows: readonly Record<string, unknown>[], anchors: Anchors, said?: Said): string[] {
  if (rows.length === 0) return []
  const layout = layOut(rows)
  const same = layout.same.filter(([path, value]) => said?.get(path) !== JSON.stringify(value))
  return [
    ...sameLine(same, anchors),
    [...layout.columns.map(headOf), ...(layout.rare.length > 0 ? ['…'] : [])].join('|'),
    ...rows.map((_, row) => rowLine(layout, row, anchors)),
  ]
}

/** What has been said of all rows, by path, as JSON. */
export type Said = ReadonlyMap<string, string>

/** What all these rows share. */
export function sameOf(rows: readonly Record<string, unknown>[]): [path: string, value: unknown][] {
  return rows.length === 0 ? [] : layOut(rows).same
}

export function sameLine(same: readonly [path: string, value: unknown][], anchors: Anchors): string[] {
  if (same.length === 0) return []
  return [`same: ${same.map(([path, value]) => `${path}=${anchors.place(literal(value, lastKey(path)))}`).join(', ')}`]
}

function rowLine({ columns, rare }: Layout, row: number, anchors: Anchors): string {
  let line = ''
  for (const [index, column] of columns.entries()) {
    if (index > 0) line += '|'
    line += anchors.place(cellOf(column, row))
  }
  const more = rare.flatMap(({ path, key, values }) => {
    const value = values[row]
    return value === undefined ? [] : [`${path}=${literal(value, key)}`]
  })
  // A row without a single value still has its line.
  if (more.length > 0) line += `|${more.join(', ')}`
  else line = line.replace(/\|+$/, '')
  return line === '' ? '-' : line
}

function headOf({ path, affix }: Column): string {
  return affix ? `${path}=${affix.prefix}*${affix.suffix}` : path
}

function cellOf({ values, key, affix }: Column, row: number): string {
  const value = values[row]
  if (value === undefined) return ''
  if (affix && typeof value === 'string') return value.slice(affix.prefix.length, value.length - affix.suffix.length)
  return literal(value, key)
}

/** The last property's name in a path, passing over indexes. */
function lastKey(path: string): string {
  const [, quotedName, name] = /(?:^|\.)(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w-]*))(?:\.\d+)*$/.exec(path) ?? []
  return quotedName ?? name ?? ''
}
