// The compact form of an answer: lines of `property: value` for one resource, tables for many (docs/answers.md). Pure, and
// without loss: a decoder in the tests turns it back.
import { isRecord } from './client.ts'
import { below, keyOf, literal } from './literal.ts'
import { Anchors, type Said, sameLine, sameOf, tableLines } from './table.ts'

type Resource = Record<string, unknown>

/** What an answer says about itself, by the Bundle or resource that it says it of. */
export type Remarks = ReadonlyMap<unknown, readonly string[]>

/**
 * The compact form of a JSON value, as a rule an answer without its noise.
 *
 * @param remarks lines of the form `left out: …`, put at the head of what they are about
 */
export function compact(value: unknown, remarks: Remarks = new Map()): string {
  const anchors = new Anchors()
  const lines = documentLines(value, { mark: '#', anchors, remarks })
  return anchors.resolve(lines.join('\n'))
}

/** Where in a document a value stands. */
interface Context {
  /** The `#` of its heading. */
  mark: string
  anchors: Anchors
  remarks: Remarks
}

function deeper(context: Context, steps = 1): Context {
  return { ...context, mark: context.mark + '#'.repeat(steps) }
}

function documentLines(value: unknown, context: Context): string[] {
  const { mark, anchors, remarks } = context
  const said = remarks.get(value) ?? []
  if (Array.isArray(value) && value.length > 1 && value.every(isRow)) {
    return [...said, `${mark} (${value.length})`, ...tableLines(value, anchors)]
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
function recordLines(record: Resource, { mark, anchors }: Context): string[] {
  const tables: [path: string, rows: Record<string, unknown>[]][] = []
  const lines = Object.entries(record).flatMap(([name, value]) => {
    const rest = withoutTables(value, below('', name), 1, tables)
    return rest === undefined ? [] : [`${keyOf(name)}: ${literal(rest, name)}`]
  })
  const more = tables.flatMap(([path, rows]) => [`${mark} ${path} (${rows.length})`, ...tableLines(rows, anchors)])
  return [...lines, ...more]
}

const MIN_TABLE_ROWS = 3
const MIN_TABLE_CHARS = 300
const MAX_TABLE_DEPTH = 4

/** The value with its long lists of objects taken out and put among the tables; undefined where nothing is left. */
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

/** An entry as a row: its resource's properties, and what the entry says besides under `@`. */
interface Row {
  /** Resource type; empty where the entry has no resource. */
  type: string
  at: number
  value: Record<string, unknown>
  /** The resource itself, which remarks are about. */
  resource?: unknown
}

function bundleLines(bundle: Resource, about: unknown, context: Context): string[] {
  const { resourceType: _type, entry, link, total, ...rest } = bundle
  const lines = [`${context.mark} Bundle`]
  if (Object.keys(rest).length > 0) lines.push(`bundle: ${literal(rest)}`)
  if (total !== undefined) lines.push(`total: ${literal(total)}`)
  const entries = Array.isArray(entry) ? entry.filter(isRecord) : []
  lines.push(`returned: ${entries.length}`, ...nextLine(link), ...(context.remarks.get(about) ?? []))
  const byType = Map.groupBy(entries.map(rowOf), ({ type }) => type)
  const groups = [...byType].map(([type, rows]) => ({ type, rows, parts: inParts(rows) }))
  const numbered = !inOrder(groups.flatMap(({ parts }) => parts.flat()))
  return [...lines, ...groups.flatMap((group) => typeLines(group, numbered, deeper(context)))]
}

/** Where to go on: as a plain path where it is one, as it is by the time a client has made the links local. */
function nextLine(link: unknown): string[] {
  if (link === undefined) return []
  const only: unknown = Array.isArray(link) && link.length === 1 ? link[0] : undefined
  const isPlain = isRecord(only) && Object.keys(only).length === 2 && only.relation === 'next'
  return isPlain && typeof only.url === 'string' && /^[!-~]+$/.test(only.url)
    ? [`next: ${only.url}`]
    : [`link: ${literal(link)}`]
}

function rowOf(entry: Resource, at: number): Row {
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

/** A resource whose properties can't be taken for what an entry says besides. */
function isTyped(value: unknown): value is Resource & { resourceType: string } {
  if (!isRecord(value) || typeof value.resourceType !== 'string' || !/^[A-Za-z]+$/.test(value.resourceType))
    return false
  return value.resourceType !== 'entry' && !Object.keys(value).some((name) => /^[#@]/.test(name))
}

function inOrder(rows: readonly Row[]): boolean {
  return rows.every(({ at }, index) => at === index)
}

/** Properties that say what a resource is about: rows that agree there agree in much else. */
const CONCEPTS = ['code', 'medicationCodeableConcept', 'vaccineCode', 'questionnaire', 'serviceType', 'type', 'class']
const MIN_PART = 3

/** The rows of one type in parts about the same thing, where that is shorter to tell; the rest is the last part. */
function inParts(rows: Row[]): Row[][] {
  if (rows.length < 2 * MIN_PART) return [rows]
  const concept = CONCEPTS.find((name) => rows[0]?.value[name] !== undefined)
  if (concept === undefined) return [rows]
  const parts = [...Map.groupBy(rows, ({ value }) => JSON.stringify(value[concept])).values()]
  const large = parts.filter(({ length }) => length >= MIN_PART)
  if (large.length === 0 || parts.length === 1 || parts.length > rows.length / 2) return [rows]
  const small = parts.filter(({ length }) => length < MIN_PART).flat()
  return small.length === 0 ? large : [...large, small.sort((a, b) => a.at - b.at)]
}

interface Group {
  type: string
  rows: Row[]
  parts: Row[][]
}

function typeLines({ type, rows, parts }: Group, numbered: boolean, context: Context): string[] {
  const { mark, anchors } = context
  const name = type === '' ? 'entry' : type
  const shown = ({ at, value }: Row) => (numbered ? { '#': at, ...value } : value)
  if (type === 'Bundle' || rows.length === 1) {
    return rows.flatMap((row) => [`${mark} ${name}`, ...singleLines(row, shown(row), deeper(context))])
  }
  const head = `${mark} ${name} (${rows.length})`
  if (parts.length === 1) return [head, ...tableLines(rows.map(shown), anchors)]
  const same = sameOf(rows.map(shown))
  const said: Said = new Map(same.map(([path, value]) => [path, JSON.stringify(value)]))
  return [
    head,
    ...sameLine(same, anchors),
    ...parts.flatMap((part) =>
      part.length === 1
        ? part.flatMap((row) => [`${mark}#`, ...recordLines(shown(row), deeper(context, 2))])
        : [`${mark}# (${part.length})`, ...tableLines(part.map(shown), anchors, said)],
    ),
  ]
}

/** A Bundle within a Bundle keeps its own tables. */
function singleLines({ type, resource }: Row, value: Record<string, unknown>, context: Context): string[] {
  const pairs = Object.entries(value)
  const isAbout = ([name]: [string, unknown]) => /^[@#]/.test(name)
  const bundle = { resourceType: type, ...Object.fromEntries(pairs.filter((pair) => !isAbout(pair))) }
  if (!isBundle(bundle)) return recordLines(value, context)
  const about = Object.fromEntries(pairs.filter(isAbout))
  return [...recordLines(about, context), ...bundleLines(bundle, resource, context)]
}
