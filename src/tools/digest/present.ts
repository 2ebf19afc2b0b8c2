// A digest as text: what it covers, what it leaves out, and as many rows as fit.
import { compact } from '../../answer/compact/compact.ts'
import { literal } from '../../answer/compact/literal.ts'
import { writeTable } from '../../answer/compact/table.ts'
import type { DigestRow } from '../../answer/digest/digest.ts'
import type { Row } from '../../answer/digest/groups.ts'
import { CAP, type FoundRecords } from './read.ts'

/** Characters reserved for text other than the rows. */
export const RESERVED_CHARS = 1_000

/** A sentence on how much the digest covers and how to get the rest. */
export function extentText(
  { total, capped, partial, next, later, narrower }: FoundRecords,
  count: number,
  rows: string,
): string {
  if (count === 0) return 'No resources found.'
  const found = `${amount(count, 'resource')} in ${rows}`
  if (!capped && partial === undefined) return `Digest of ${later ? `${found}, from this page on` : `all ${found}`}.`
  const of = total === undefined ? '' : ` of ${number(total)}`
  const why = partial ?? `a digest counts at most ${number(CAP)}`
  const go = next === undefined ? '' : ` Continue with path ${next}`
  return `Digest of the ${later ? 'NEXT' : 'FIRST'} ${number(count)} resources${of} only, in ${rows}: ${why}. All figures cover only these. ${narrower}${go}`
}

/** Notes on what was found but is in no sum or mean. */
export function notSummed(rows: readonly { noValue?: unknown; inexact?: unknown }[], withdrawn: number): string[] {
  const total = (name: 'noValue' | 'inexact') => rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0)
  const left = [
    ...(withdrawn > 0 ? [`${number(withdrawn)} entered in error or refuted`] : []),
    ...(total('noValue') > 0 ? [`${number(total('noValue'))} without a value (noValue)`] : []),
    ...(total('inexact') > 0 ? [`${number(total('inexact'))} with < or > (inexact)`] : []),
  ]
  return left.length > 0 ? [`Not in sum and mean: ${left.join(', ')}.`] : []
}

/** As many rows as fit, and a note on the others: rows with the smallest counts are dropped first. */
export function fittingRows(rows: readonly DigestRow[], maxChars: number): { rows: Row[]; left: string[] } {
  const bySize = rows.toSorted((a, b) => b.count - a.count)
  for (let keep = rows.length; ; ) {
    const kept = new Set(bySize.slice(0, keep))
    const shown = rows.filter((row) => kept.has(row)).map((row): Row => ({ ...row }))
    const left = nameLeft(bySize.slice(keep))
    const length = rowsText(shown).length + left.join('\n').length
    if (length <= maxChars || keep <= 1) return { rows: shown, left }
    keep = Math.max(1, Math.min(keep - 1, Math.floor((keep * maxChars) / length)))
  }
}

/** As many rows as fit, from the first. */
export function leading(rows: readonly Row[], maxChars: number): Row[] {
  for (let keep = rows.length; ; ) {
    const shown = rows.slice(0, keep)
    const { length } = rowsText(shown)
    if (length <= maxChars || keep <= 1) return shown
    keep = Math.max(1, Math.min(keep - 1, Math.floor((keep * maxChars) / length)))
  }
}

/** The rows as text, without names for repeated cells, so that each row says whom it is about. */
export function rowsText(rows: readonly Row[]): string {
  return rows.length === 1 ? compact(rows[0]) : writeTable('Digest', rows, false)
}

const MAX_TYPES = 8
const MAX_NAMES = 5

/** What was left out, by type: `120 rows of Observation (count 180): 1234-5, 2345-6, …` */
function nameLeft(rows: readonly DigestRow[]): string[] {
  if (rows.length === 0) return []
  const byType = [...Map.groupBy(rows, ({ type }) => type)]
  const lines = byType.slice(0, MAX_TYPES).map(([type, all]) => {
    const names = all
      .slice(0, MAX_NAMES)
      .map(({ code, display }) => literal([...(code ?? display ?? 'no code')].slice(0, 40).join('')))
    const rest = all.length > names.length ? ', …' : ''
    const count = all.reduce((sum, row) => sum + row.count, 0)
    return `- ${amount(all.length, 'row')} of ${literal(type)} (count ${number(count)}): ${names.join(', ')}${rest}`
  })
  if (byType.length > MAX_TYPES)
    lines.push(
      `- and rows of ${byType
        .slice(MAX_TYPES)
        .map(([type]) => literal(type))
        .join(', ')}`,
    )
  const most = Math.max(...rows.map(({ count }) => count))
  return [
    `Left out because of the length: ${amount(rows.length, 'row')} with the smallest counts (up to ${number(most)}). A digest of one type, code or date shows them:`,
    ...lines,
  ]
}

export function amount(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`
}

export function number(count: number): string {
  return count.toLocaleString('en-US')
}
