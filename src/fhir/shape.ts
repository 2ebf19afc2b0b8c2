// The compact form of an answer: lines of `property: value` for one resource, tables for many (docs/answers.md). Pure, and
// without loss: a decoder in the tests turns it back.
import { isRecord } from './client.ts'
import { below, keyOf, literal } from './literal.ts'
import { Anchors, type Said, sameLine, sameOf, tableLines } from './table.ts'

type Resource = Record<string, unknown>

/** The compact form of a JSON value, as a rule an answer without its noise. */
export function compact(value: unknown): string {
  const anchors = new Anchors()
  return anchors.resolve(documentLines(value, '#', anchors).join('\n'))
}

function documentLines(value: unknown, mark: string, anchors: Anchors): string[] {
  if (Array.isArray(value) && value.length > 1 && value.every(isRow)) {
    return [`${mark} (${value.length})`, ...tableLines(value, anchors)]
  }
  if (!isRecord(value)) return [literal(value)]
  if (isBundle(value)) return bundleLines(value, mark, anchors)
  if (!isTyped(value)) return recordLines(value, mark, anchors)
  const { resourceType, ...rest } = value
  return [`${mark} ${resourceType}`, ...recordLines(rest, `${mark}#`, anchors)]
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
function recordLines(record: Resource, mark: string, anchors: Anchors): string[] {
  const tables: [path: string, rows: Record<string, unknown>[]][] = []
  const lines = Object.entries(record).flatMap(([name, value]) => {
    const rest = withoutTables(value, below('', name), 1, tables)
    return rest === undefined ? [] : [`${keyOf(name)}: ${literal(rest, name)}`]
  })
  const more = tables.flatMap(([path, rows]) => [`${mark} ${path} (${rows.length})`, ...tableLines(rows, anchors)])
  return [...lines, ...more]
}

const MIN_TABLE_ROWS = 3
const MAX_TABLE_DEPTH = 4

/** The value with its long lists of objects taken out and put among the tables; undefined where nothing is left. */
function withoutTables(
  value: unknown,
  path: string,
  depth: number,
  tables: [string, Record<string, unknown>[]][],
): unknown {
  if (Array.isArray(value)) {
    if (value.length < MIN_TABLE_ROWS || !value.every(isRow)) return value
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
}

function bundleLines(bundle: Resource, mark: string, anchors: Anchors): string[] {
  const { resourceType: _type, entry, link, ...rest } = bundle
  const entries = Array.isArray(entry) ? entry.filter(isRecord) : []
  const lines = [`${mark} Bundle`, ...(Object.keys(rest).length > 0 ? [`bundle: ${literal(rest)}`] : [])]
  if (link !== undefined) lines.push(`link: ${literal(link)}`)
  if (entry === undefined) return [...lines, 'returned: 0']
  lines.push(`returned: ${entries.length}`)
  const byType = Map.groupBy(entries.map(rowOf), ({ type }) => type)
  const groups = [...byType].flatMap(([type, rows]) => ({ type, rows, parts: inParts(rows) }))
  const numbered = !inOrder(groups.flatMap(({ parts }) => parts.flat()))
  for (const { type, rows, parts } of groups) lines.push(...typeLines(type, rows, parts, numbered, `${mark}#`, anchors))
  return lines
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
  return { type: resourceType, at, value: Object.fromEntries([...Object.entries(own), ...about]) }
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

function typeLines(
  type: string,
  rows: Row[],
  parts: Row[][],
  numbered: boolean,
  mark: string,
  anchors: Anchors,
): string[] {
  const name = type === '' ? 'entry' : type
  const shown = ({ at, value }: Row) => (numbered ? { '#': at, ...value } : value)
  if (type === 'Bundle' || rows.length === 1) {
    return rows.flatMap((row) => [`${mark} ${name}`, ...singleLines(shown(row), type, `${mark}#`, anchors)])
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
        ? part.flatMap((row) => [`${mark}#`, ...recordLines(shown(row), `${mark}##`, anchors)])
        : [`${mark}# (${part.length})`, ...tableLines(part.map(shown), anchors, said)],
    ),
  ]
}

/** A Bundle within a Bundle keeps its own tables. */
function singleLines(value: Record<string, unknown>, type: string, mark: string, anchors: Anchors): string[] {
  const pairs = Object.entries(value)
  const isAbout = ([name]: [string, unknown]) => /^[@#]/.test(name)
  const bundle = { resourceType: type, ...Object.fromEntries(pairs.filter((pair) => !isAbout(pair))) }
  if (!isBundle(bundle)) return recordLines(value, mark, anchors)
  const about = Object.fromEntries(pairs.filter(isAbout))
  return [...recordLines(about, mark, anchors), ...bundleLines(bundle, mark, anchors)]
}
