// The compact form of an answer: lines of `property: value` for one resource, tables for many (docs/answers.md). Pure, and
// without loss: a decoder in the tests turns it back.
import { isRecord, records } from '../../base/json.ts'
import { isNameable } from './column.ts'
import { type EntryRow, type Group, groupOf, inPlace, type Table, withNumbers } from './groups.ts'
import { type LiteralCache, layOut } from './layout.ts'
import { below, keyLiteral, literal } from './literal.ts'
import { Anchors, sameLine, tableLines } from './table.ts'

type Resource = Record<string, unknown>

/** Remarks of an answer, by the Bundle or resource that they are about. */
type Remarks = ReadonlyMap<unknown, readonly string[]>

export interface CompactOptions {
  /** Lines of the form `left out: …`, put at the head of what they are about. */
  remarks?: Remarks
  /** Receives the approximate size of each resource's own lines in a Bundle, without what they share. */
  sizes?: Map<unknown, number>
  /** Literals that earlier calls made of the same objects. */
  written?: LiteralCache
}

/** The compact form of a JSON value, usually an answer without its noise. */
export function compact(
  value: unknown,
  { remarks = new Map(), sizes = new Map(), written = new Map() }: CompactOptions = {},
): string {
  const anchors = new Anchors(isNameable)
  const lines = documentLines(value, { mark: '#', anchors, written, remarks, sizes })
  return anchors.resolve(lines.join('\n'))
}

/** Where a value is in a document. */
interface Context {
  /** The `#` of its heading. */
  mark: string
  anchors: Anchors
  written: LiteralCache
  remarks: Remarks
  sizes: Map<unknown, number>
}

function deeper(context: Context, steps = 1): Context {
  return { ...context, mark: context.mark + '#'.repeat(steps) }
}

function documentLines(value: unknown, context: Context): string[] {
  const { mark, anchors, written, remarks } = context
  const said = remarks.get(value) ?? []
  if (Array.isArray(value) && value.length > 1 && value.every(isRow)) {
    return [...said, `${mark} (${value.length})`, ...tableLines(layOut(value, written), anchors)]
  }
  if (!isRecord(value)) return [...said, literal(value)]
  if (isBundle(value)) return bundleLines(value, value, context)
  if (!isTyped(value)) return [...said, ...recordLines(value, context)]
  const { resourceType, ...rest } = value
  return [`${mark} ${resourceType}`, ...said, ...recordLines(rest, deeper(context))]
}

function isRow(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.keys(value).length > 0
}

function isBundle(value: Resource): boolean {
  if (value.resourceType !== 'Bundle') return false
  return (
    value.entry === undefined || (Array.isArray(value.entry) && value.entry.length > 0 && value.entry.every(isRecord))
  )
}

// ── One record ──

/** One line for each property; long lists of objects come after these, as tables of their own. */
function recordLines(record: Resource, { mark, anchors, written }: Context): string[] {
  const tables: [path: string, rows: Record<string, unknown>[]][] = []
  const lines = Object.entries(record).flatMap(([name, value]) => {
    const rest = withoutTables(value, below('', name), 1, tables)
    return rest === undefined ? [] : [`${keyLiteral(name)}: ${literal(rest, name)}`]
  })
  const more = tables.flatMap(([path, rows]) => [
    `${mark} ${path} (${rows.length})`,
    ...tableLines(layOut(rows, written), anchors),
  ])
  return [...lines, ...more]
}

const MIN_TABLE_ROWS = 3
const MIN_TABLE_CHARS = 300
const MAX_TABLE_DEPTH = 4

/** The value with its long lists of objects taken out and put among the tables; undefined if there is nothing left. */
function withoutTables(
  value: unknown,
  path: string,
  depth: number,
  tables: [string, Record<string, unknown>[]][],
): unknown {
  if (Array.isArray(value)) {
    if (value.length < MIN_TABLE_ROWS || !value.every(isRow) || JSON.stringify(value).length < MIN_TABLE_CHARS)
      return value
    tables.push([path, value])
    return undefined
  }
  if (!isRecord(value) || depth >= MAX_TABLE_DEPTH) return value
  const before = tables.length
  const parts = Object.entries(value).map(
    ([name, item]) => [name, withoutTables(item, below(path, name), depth + 1, tables)] as const,
  )
  const kept = parts.filter(([, rest]) => rest !== undefined)
  return kept.length === 0 && tables.length > before ? undefined : Object.fromEntries(kept)
}

// ── A Bundle ──

function bundleLines(bundle: Resource, about: unknown, context: Context): string[] {
  const { resourceType: _type, entry: _entry, link, total, ...rest } = bundle
  const lines = [`${context.mark} Bundle`]
  // A plain searchset, like most Bundles, needs no such line.
  if (!(rest.type === 'searchset' && Object.keys(rest).length === 1)) lines.push(`bundle: ${literal(rest)}`)
  if (total !== undefined) lines.push(`total: ${literal(total)}`)
  const entries = records(bundle, 'entry')
  lines.push(returnedLine(entries), ...nextLine(link), ...(context.remarks.get(about) ?? []))
  const byType = Map.groupBy(entries.map(rowOf), ({ type }) => type)
  const groups = [...byType].map(([type, rows]) => groupOf(type, rows, context.written))
  const unnumbered = inPlace(groups)
  return [...lines, ...groups.flatMap((group) => typeLines(group, unnumbered, deeper(context)))]
}

/** How many entries are here. `total` counts only matches, so included resources are counted separately. */
export function returnedLine(entries: readonly Resource[]): string {
  const included = entries.filter(({ search }) => isRecord(search) && search.mode === 'include').length
  const apart = included === 0 ? '' : ` (${entries.length - included} matches, ${included} included)`
  return `returned: ${entries.length}${apart}`
}

/** The path of the next page, if the link is a plain path, as the client makes it. */
function nextLine(link: unknown): string[] {
  if (link === undefined) return []
  const only: unknown = Array.isArray(link) && link.length === 1 ? link[0] : undefined
  const isPlain = isRecord(only) && Object.keys(only).length === 2 && only.relation === 'next'
  return isPlain && typeof only.url === 'string' && /^[!-~]+$/.test(only.url)
    ? [`next: ${only.url}`]
    : [`link: ${literal(link)}`]
}

function rowOf(entry: Resource, at: number): EntryRow {
  const { resource, ...rest } = entry
  const about = Object.entries(rest).map(([name, item]) => [`@${name}`, item] as const)
  if (!isTyped(resource)) {
    return {
      type: '',
      at,
      value: Object.fromEntries([...about, ...(resource === undefined ? [] : [['@resource', resource]])]),
    }
  }
  const { resourceType, ...own } = resource
  return { type: resourceType, at, value: Object.fromEntries([...Object.entries(own), ...about]), resource }
}

/** A resource whose properties can't be confused with the entry's other properties. */
function isTyped(value: unknown): value is Resource & { resourceType: string } {
  if (!isRecord(value) || typeof value.resourceType !== 'string' || !/^[A-Za-z]+$/.test(value.resourceType))
    return false
  return value.resourceType !== 'entry' && !Object.keys(value).some((name) => /^[#@]/.test(name))
}

function typeLines({ type, rows, same, tables }: Group, unnumbered: ReadonlySet<EntryRow>, context: Context): string[] {
  const { mark, anchors, sizes } = context
  const name = type === '' ? 'entry' : type
  const shown = (row: EntryRow) => (unnumbered.has(row) ? row.value : { '#': row.at, ...row.value })
  const single = (row: EntryRow, context: Context) => {
    const lines = singleLines(row, shown(row), context)
    sizes.set(
      row.resource,
      lines.reduce((sum, line) => sum + line.length, 0),
    )
    return lines
  }
  const lines = (table: Table) => {
    const layout = table.rows.every((row) => unnumbered.has(row)) ? table.layout : withNumbers(table)
    return tableLines(layout, anchors, (at, size) => sizes.set(table.rows[at]?.resource, size))
  }
  if (tables.length === 0) {
    return rows.flatMap((row) => [`${mark} ${name}`, ...single(row, deeper(context))])
  }
  const head = `${mark} ${name} (${rows.length})`
  if (tables.length === 1) return [head, ...tables.flatMap(lines)]
  return [
    head,
    ...sameLine(same, anchors),
    ...tables.flatMap((table) =>
      table.rows.length === 1
        ? table.rows.flatMap((row) => [`${mark}#`, ...single(row, deeper(context, 2))])
        : [`${mark}# (${table.rows.length})`, ...lines(table)],
    ),
  ]
}

/** A Bundle within a Bundle keeps its own tables. */
function singleLines({ type, resource }: EntryRow, value: Record<string, unknown>, context: Context): string[] {
  const pairs = Object.entries(value)
  const isAbout = ([name]: [string, unknown]) => /^[@#]/.test(name)
  const bundle = { resourceType: type, ...Object.fromEntries(pairs.filter((pair) => !isAbout(pair))) }
  if (!isBundle(bundle)) return recordLines(value, context)
  const about = Object.fromEntries(pairs.filter(isAbout))
  return [...recordLines(about, context), ...bundleLines(bundle, resource, context)]
}
