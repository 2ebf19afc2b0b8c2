// What the cells of a column have in common at the beginning and end, so that the header of a table can say it once: the type of a
// reference, the system of a code, the unit of a quantity, the seconds and zone of a time.

import { isLikeOurs } from './literal.ts'

export interface Affix {
  prefix: string
  suffix: string
}

type Cells = readonly (string | undefined)[]

/** Cells without their affix. */
interface Affixed {
  affix: Affix
  /** A cell that differs from the others stays whole: it begins with a bracket. */
  cells: Cells
}

const MIN_ROWS = 2

/**
 * Finds a common beginning and end: of most cells, if they are datatypes in short form, or of all, if they are plain words.
 * Undefined if they have none in common.
 *
 * @param values the values whose literals the cells are
 */
export function affixed(values: readonly unknown[], cells: Cells): Affixed | undefined {
  const first = cells.find((cell) => cell !== undefined)
  if (first === undefined) return undefined
  return /^\[?[<(]/.test(first) ? affixedShort(cells) : affixedWords(values, cells)
}

// ── Datatypes in short ──

/** `<Patient/1 "Ann">`, also as the one item of a list. */
const REFERENCE = /^(\[?<[A-Z][A-Za-z]*\/)([A-Za-z0-9][\w.-]*(?: "(?:[^"\\]|\\.)*")?)(>\]?)$/
/** `<http://loinc.org|4548-4 "HbA1c">`, `(http://loinc.org|4548-4 "HbA1c"; "A1c")`. */
const CODED =
  /^(\[?[<(][A-Za-z#][\w.:/#-]*\|)([A-Za-z0-9][\w.:/+-]*(?: "(?:[^"\\]|\\.)*")?(?:; (?:=|"(?:[^"\\]|\\.)*"))?)([>)]\]?)$/
/** `<6.1 "%">` */
const QUANTITY = /^(\[?<)(-?\d[\d.e+-]*)((?: "(?:[^"\\]|\\.)*")+(?: -)?>\]?)$/

/** How a whole cell begins, as opposed to one whose affix was removed. */
const WHOLE = /^[<({["]/

interface Parts {
  /** Prefix and suffix, with `…` between them. */
  both: string
  prefix: string
  rest: string
  suffix: string
}

function partsOf(cell: string): Parts | undefined {
  const at = cell.startsWith('[') ? 1 : 0
  const form = cell.charAt(at) === '(' ? CODED : /[\d-]/.test(cell.charAt(at + 1)) ? QUANTITY : REFERENCE
  const [, prefix, rest, suffix] = form.exec(cell) ?? (form === REFERENCE ? CODED.exec(cell) : undefined) ?? []
  if (prefix === undefined || rest === undefined || suffix === undefined || isLikeOurs(rest)) return undefined
  return { both: `${prefix}…${suffix}`, prefix, rest, suffix }
}

function affixedShort(cells: Cells): Affixed | undefined {
  const parts = cells.map((cell) => (cell === undefined ? undefined : partsOf(cell)))
  const counts = new Map<string, number>()
  let present = 0
  for (const [row, part] of parts.entries()) {
    const cell = cells[row]
    if (cell === undefined) continue
    present++
    if (!part && !WHOLE.test(cell)) return undefined
    if (part) counts.set(part.both, (counts.get(part.both) ?? 0) + 1)
  }
  const most = parts.find((part) => part && (counts.get(part.both) ?? 0) > present / 2)
  if (!most || present < MIN_ROWS) return undefined
  return {
    affix: { prefix: most.prefix, suffix: most.suffix },
    cells: cells.map((cell, row) => (parts[row]?.both === most.both ? parts[row].rest : cell)),
  }
}

// ── Words ──

/** A reference's type, an address's path; the end of a time. */
const PREFIX = /^[\w.:/-]*\w\//
const SUFFIX = /(?:T[\d:.]+|:\d\d(?:\.\d+)?|\.\d+)(?:Z|[+-]\d\d:\d\d)?$/
const REST = /^[A-Za-z0-9][\w.:/#-]*$/

function affixedWords(values: readonly unknown[], cells: Cells): Affixed | undefined {
  let prefix: string | undefined
  let suffix: string | undefined
  let present = 0
  for (const [row, value] of values.entries()) {
    if (value === undefined) continue
    if (typeof value !== 'string' || cells[row] !== value) return undefined
    present++
    prefix = prefix === undefined ? (PREFIX.exec(value)?.[0] ?? '') : sharedPrefix(prefix, value)
    suffix = suffix === undefined ? (SUFFIX.exec(value)?.[0] ?? '') : sharedSuffix(suffix, value)
    if (prefix === '' && suffix === '') return undefined
  }
  if (present < MIN_ROWS) return undefined
  const affix = { prefix: prefix ?? '', suffix: suffix ?? '' }
  if (!cells.every((cell) => cell === undefined || leaves(cell, affix))) return undefined
  const end = affix.suffix.length
  return { affix, cells: cells.map((cell) => cell?.slice(affix.prefix.length, cell.length - end)) }
}

/** Whether a plain word is left between prefix and suffix. */
function leaves(value: string, { prefix, suffix }: Affix): boolean {
  if (value.length <= prefix.length + suffix.length) return false
  const rest = value.slice(prefix.length, value.length - suffix.length)
  return REST.test(rest) && !isLikeOurs(rest)
}

/** As much of the prefix as the value begins with, in whole steps of a path. */
function sharedPrefix(prefix: string, value: string): string {
  let shared = prefix
  while (shared !== '' && !value.startsWith(shared)) {
    const end = shared.slice(0, -1).lastIndexOf('/') + 1
    shared = shared.charAt(end - 2) === '/' ? '' : shared.slice(0, end)
  }
  return shared
}

/** As much of the suffix as the value ends with, beginning at a sign that divides a time. */
function sharedSuffix(suffix: string, value: string): string {
  let shared = suffix
  while (shared !== '' && !value.endsWith(shared)) {
    // Times may share their seconds, but not minutes without the hour.
    shared = shared.startsWith('T') ? (/:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.exec(shared)?.[0] ?? '') : ''
  }
  return shared
}
