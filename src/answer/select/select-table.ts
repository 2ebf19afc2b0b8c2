// An answer as a table of the columns that were asked for, a row for each resource.
import { isRecord } from '../../base/json.ts'
import { literal } from '../compact/literal.ts'
import { writeTable } from '../compact/table.ts'
import type { Select } from './select.ts'

/** Writes answers as tables of selected columns. */
export interface Columns {
  /** The table of a resource, of a Bundle's resources, or of those in a batch's answer, with lines at its head. */
  write(value: unknown, head: readonly string[]): string
  /** What is to be said after the last table: expressions that failed or found nothing, cells left out for their size. */
  remarks(): string[]
}

type Row = Record<string, unknown>

/** @param maxRow characters that all cells of a row may have; where they have more, the largest are left out */
export function columnsOf(select: Select, maxRow: number): Columns {
  const rows = new WeakMap<object, Row>()
  const oversized = new Map<string, number>()
  const rowOf = (resource: Row): Row => {
    const known = rows.get(resource)
    if (known) return known
    const { cells } = select.row(resource)
    const found = cells.flatMap((cell, index) => {
      const name = select.expressions[index] ?? ''
      return cell === undefined ? [] : [{ name, cell, size: literal(cell).length }]
    })
    let size = found.reduce((sum, one) => sum + one.size, 0)
    const large = new Set<string>()
    for (const one of found.toSorted((a, b) => b.size - a.size)) {
      if (size <= maxRow) break
      size -= one.size
      large.add(one.name)
      oversized.set(one.name, (oversized.get(one.name) ?? 0) + 1)
    }
    const row = Object.fromEntries(found.flatMap(({ name, cell }) => (large.has(name) ? [] : [[name, cell]])))
    rows.set(resource, row)
    return row
  }
  return {
    write(value, head) {
      const all = resourcesIn(value).map(({ at, resource }) => ({ at, row: rowOf(resource) }))
      const filled = all.filter(({ row }) => Object.keys(row).length > 0)
      const empty = all.length - filled.length
      const lines = [...head]
      if (empty > 0) lines.push(`left out: ${empty} resources with nothing in any column`)
      const table = filled.map(({ at, row }) => (at === undefined ? row : { '#': at, ...row }))
      return [...lines, ...(table.length > 0 ? [writeTable('select', table)] : [])].join('\n')
    },
    remarks: () => [
      ...select.errors(),
      ...select.empty(),
      ...[...oversized].map(
        ([name, count]) =>
          `${literal(name, 'text')} is too long in ${count} of the resources; ask for a part, such as note.text.substring(0,2000).`,
      ),
    ],
  }
}

interface Numbered {
  /** Index of the batch's entry, where the answer is to a batch. */
  at?: number
  resource: Row
}

function resourcesIn(value: unknown): Numbered[] {
  if (!isRecord(value)) return []
  if (value.resourceType !== 'Bundle' || !Array.isArray(value.entry)) {
    return value.resourceType === 'Bundle' ? [] : [{ resource: value }]
  }
  const isBatch = /^(batch|transaction)-response$/.test(String(value.type))
  return value.entry.flatMap((entry: unknown, at): Numbered[] => {
    const resource = isRecord(entry) ? entry.resource : undefined
    if (!isRecord(resource)) return []
    if (!isBatch) return [{ resource }]
    return resourcesIn(resource).map((one) => ({ at, resource: one.resource }))
  })
}
