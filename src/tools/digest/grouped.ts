// A digest grouped by the caller's expressions: reads, compares with other searches, groups, sorts, and adds names.
import { columnOf, dependsOnUnit, groupRows, type Pick, type Row, SORTS, sortRows } from '../../answer/digest/groups.ts'
import { UserError } from '../../base/told-error.ts'
import type { ToolContext } from '../kit/tool.ts'
import { type Grouping, type KeptRecord, Members } from './members.ts'
import { withNames } from './names.ts'
import { amount, extentText, leading, notSummed, number, RESERVED_CHARS, rowsText } from './present.ts'
import { type DigestSearch, readSearch } from './read.ts'
import { type Comparison, compared } from './sets.ts'

interface GroupedArguments extends Grouping {
  pick: Pick | undefined
  sort: string | undefined
  top: number | undefined
  comparisons: readonly Comparison[]
}

export async function groupedDigest(
  search: DigestSearch,
  args: GroupedArguments,
  context: ToolContext,
): Promise<string> {
  const { by, value, pick, sort, top, comparisons } = args
  const isList = by.length === 0 && value === undefined && pick === undefined
  const unless = isList ? 'subject' : pick ? 'subject and code' : 'nothing'
  const members = new Members({ by, value }, unless, context.caller.medplum.fhirBase)
  const order = sort ?? (pick ? '-date' : isList ? '' : '-count')
  checkSort(order, members.columns)
  const found = await readSearch(search, context, (resource) => members.keep(resource))
  const resources = found.resources as KeptRecord[]
  const { kept, lines } = await compared(resources, members, comparisons, by.join() === 'id', context)
  const remarks = members.remarks()
  const counted = kept.filter(({ failed }) => !failed).map(({ member }) => member)
  const all = groupRows(counted, members.columns, pick).map((row) => (isList ? listed(row) : row))
  const sorted = order === '' ? all : sortRows(all, order)
  const { rows, cut } = withoutIds(bounded(sorted, top, order))
  const fitted = leading(rows, context.answerChars - RESERVED_CHARS)
  const named = await withNames(fitted, context)
  const shown = leading(
    order === '' ? sortRows(named, members.columns[0] ?? '') : named,
    context.answerChars - RESERVED_CHARS,
  )
  const withdrawn = counted.filter(({ withdrawn }) => withdrawn).length
  const head = [
    extentText(found, resources.length, amount(all.length, 'group')),
    ...lines,
    ...(isList ? [] : pick ? notPicked(withdrawn) : notSummed(all, withdrawn)),
    ...several(kept, members.columns),
    ...cut,
    ...(shown.length < rows.length
      ? [
          `Left out because of the length: ${amount(rows.length - shown.length, 'group')} after these. Give \`top\` and \`sort\`, or a narrower search.`,
        ]
      : []),
    ...remarks,
    ...new Set(found.notes),
  ]
  return shown.length === 0 ? head.join('\n') : `${head.join('\n')}\n\n${rowsText(shown)}`
}

function checkSort(order: string, columns: readonly string[]): void {
  const name = order.replace(/^-/, '')
  if (name === '' || SORTS.includes(name) || columns.includes(name)) return
  throw new UserError(
    `\`sort\` must be one of ${[...SORTS, ...columns].join(', ')}, with - in front for the largest first, such as -sum. Nothing was sent.`,
  )
}

/** A row of a list of subjects: who it is, and how many of their records were found. */
function listed({ resourceType: _type, subject, count }: Row): Row {
  return { subject, count }
}

/** The rows that were asked for, for each unit. */
function bounded(rows: readonly Row[], top: number | undefined, order: string): { rows: Row[]; cut: string[] } {
  if (top === undefined) return { rows: [...rows], cut: unitsApart(rows, order) }
  const perUnit = dependsOnUnit(order) ? [...Map.groupBy(rows, ({ unit }) => unit).values()] : [[...rows]]
  const kept = perUnit.flatMap((all) => all.slice(0, top))
  const name = columnOf(order.replace(/^-/, ''))
  const tied = perUnit.reduce((sum, all) => {
    const last = all[top - 1]?.[name]
    return sum + (last === undefined ? 0 : all.slice(top).filter((row) => row[name] === last).length)
  }, 0)
  const rest = rows.length - kept.length
  const ties = tied > 0 ? `, of which ${number(tied)} tie with the last one here` : ''
  return {
    rows: kept,
    cut: [...unitsApart(rows, order), ...(rest > 0 ? [`${amount(rest, 'more group')} not shown${ties}.`] : [])],
  }
}

/** Maximum number of rows with the ids of their records: for more, the ids would be half of the answer. */
const MOST_WITH_IDS = 50

function withoutIds({ rows, cut }: { rows: Row[]; cut: string[] }): { rows: Row[]; cut: string[] } {
  if (rows.length <= MOST_WITH_IDS || rows.every(({ record }) => record === undefined)) return { rows, cut }
  return {
    rows: rows.map(({ record: _record, ...rest }) => rest),
    cut: [...cut, `Record ids are shown only for up to ${MOST_WITH_IDS} rows (\`top\`).`],
  }
}

function unitsApart(rows: readonly Row[], order: string): string[] {
  const units = new Set(rows.map(({ unit }) => unit).filter((unit) => unit !== undefined))
  return dependsOnUnit(order) && units.size > 1
    ? [`Numbers of different units (${[...units].join(', ')}) can't be compared: each unit is ordered separately.`]
    : []
}

function notPicked(withdrawn: number): string[] {
  return withdrawn > 0 ? [`${number(withdrawn)} records entered in error or refuted were passed over.`] : []
}

/** Notes on records that are in several groups, or in which an expression found nothing. */
function several(kept: readonly KeptRecord[], columns: readonly string[]): string[] {
  return columns.flatMap((name, at) => {
    const counts = kept.map(({ member }) => member.keys[at]?.length ?? 0)
    const [none, more] = [counts.filter((count) => count === 0).length, counts.filter((count) => count > 1).length]
    return [
      ...(none > 0 ? [`${amount(none, 'record')} without ${name}: see the row with null.`] : []),
      ...(more > 0 ? [`${amount(more, 'record')} with several ${name}: counted once in the group of each.`] : []),
    ]
  })
}
