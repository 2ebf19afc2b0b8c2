// An answer as a table of the selected columns, with a row for each resource.
import { isRecord, records } from '../../base/json.ts'
import { literal } from '../compact/literal.ts'
import { writeTable } from '../compact/table.ts'
import type { Select } from './select.ts'

/** Writes answers as tables of selected columns. */
export interface Columns {
  /** The table of a resource, a Bundle's resources, or the resources in a batch's answer. @param head lines above it */
  write(value: unknown, head: readonly string[]): string
  /** Notes after the last table: expressions that failed or found nothing, cells left out for their size. */
  remarks(): string[]
}

type Row = Record<string, unknown>

/** @param maxRow maximum characters of all cells of a row; if they have more, the largest are left out */
export function columnsOf(select: Select, maxRow: number): Columns {
  const rows = new WeakMap<object, Row>()
  const oversized = new Map<string, number>()
  const several = new Set<string>()
  const rowOf = (resource: Row): Row => {
    const known = rows.get(resource)
    if (known) return known
    const { cells } = select.row(resource)
    const found = cells.flatMap((cell, index) => {
      const name = select.expressions[index] ?? ''
      if (Array.isArray(cell)) several.add(name)
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
      const all = resourcesIn(value).map(({ about, resource }) => ({ ...about, ...(resource && rowOf(resource)) }))
      const filled = all.filter((row) => Object.keys(row).length > 0)
      const empty = all.length - filled.length
      const lines = [...head]
      if (empty > 0) lines.push(`left out: ${empty} resources with nothing in any column`)
      return [...lines, ...(filled.length > 0 ? [writeTable('select', filled)] : [])].join('\n')
    },
    remarks: () => [
      ...select.errors(),
      ...select.empty(),
      ...[...several].map(severalIn),
      ...[...oversized].map(
        ([name, count]) =>
          `${literal(name, 'text')} is too long in ${count} of the resources. Ask for a part, such as note.text.substring(0,2000).`,
      ),
    ],
  }
}

/** A note on a column with several values in a cell: the row doesn't say which is which. */
function severalIn(name: string): string {
  const [list = name] = name.split('.')
  const how = `${list}.where(code.coding.code='8480-6')`
  const pick = list === 'component' ? `; to get one of them, write ${name.replace(list, how)}` : ''
  return `${literal(name, 'text')} has several values per row, in the order of the record (.0, .1 and so on)${pick}.`
}

/** A resource for a row. */
interface Found {
  /** In a batch's answer: the entry's number and result. */
  about?: Row
  /** A batch's entry may have none. */
  resource?: Row
}

function resourcesIn(value: unknown): Found[] {
  if (!isRecord(value)) return []
  if (value.resourceType !== 'Bundle' || !Array.isArray(value.entry)) {
    return value.resourceType === 'Bundle' ? [] : [{ resource: value }]
  }
  const isBatch = /^(batch|transaction)-response$/.test(String(value.type))
  return value.entry.flatMap((entry: unknown, at): Found[] => {
    if (!isRecord(entry)) return []
    const { resource } = entry
    if (!isBatch) return isRecord(resource) ? [{ resource }] : []
    const about = { '#': at, ...responseOf(entry) }
    const found = resourcesIn(resource).map((one) => ({ about, ...one }))
    return found.length > 0 ? found : [{ about }]
  })
}

/** The result of a batch's entry: its status and, if it failed, Medplum's message. */
function responseOf({ response }: Row): Row {
  if (!isRecord(response)) return {}
  const { status, outcome } = response
  const isFailure = isRecord(outcome) && !/^2/.test(String(status))
  return { '@status': status, ...(isFailure && { '@outcome': records(outcome, 'issue').map(saidBy).join('; ') }) }
}

function saidBy({ details, diagnostics, code }: Row): string {
  return [isRecord(details) ? details.text : undefined, diagnostics, code].find((one) => typeof one === 'string') ?? ''
}
