// Finds names for references without a display, because an id alone tells a reader nothing.
import { isRecord, records, scalarText } from '../../base/json.ts'
import { criterion, formatPlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'

type Row = Record<string, unknown>

const NAMED: ReadonlySet<string> = new Set([
  ...['Patient', 'Practitioner', 'RelatedPerson', 'Person'],
  ...['Organization', 'Location', 'HealthcareService', 'Group'],
])
/** Maximum number of ids in one request. */
const CHUNK = 100
const MAX_ASKED = 1000

/** Adds a display to each reference to a person; what can't be read stays unchanged. */
export async function withNames(rows: readonly Row[], context: ToolContext): Promise<Row[]> {
  const wanted = new Set(rows.flatMap((row) => Object.values(row).flatMap((cell) => namelessIn(cell) ?? [])))
  if (wanted.size === 0) return [...rows]
  const byType = Map.groupBy([...wanted].slice(0, MAX_ASKED), (reference) => reference.slice(0, reference.indexOf('/')))
  const names = new Map<string, string>()
  for (const [type, references] of byType) {
    for (let at = 0; at < references.length; at += CHUNK) {
      for (const [id, name] of await namesOf(type, references.slice(at, at + CHUNK), context)) names.set(id, name)
    }
  }
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, named(cell, names)])))
}

function namelessIn(cell: unknown): string | undefined {
  const reference = isRecord(cell) && cell.display === undefined ? cell.reference : cell
  if (typeof reference !== 'string' || !/^[A-Z][A-Za-z]+\/[A-Za-z0-9-]{1,64}$/.test(reference)) return undefined
  return NAMED.has(reference.slice(0, reference.indexOf('/'))) ? reference : undefined
}

function named(cell: unknown, names: ReadonlyMap<string, string>): unknown {
  const reference = namelessIn(cell)
  const display = reference === undefined ? undefined : names.get(reference)
  if (display === undefined) return cell
  return { reference, display }
}

async function namesOf(type: string, references: readonly string[], { fhir, signal }: ToolContext) {
  const ids = references.map((one) => one.slice(type.length + 1)).join(',')
  const parameters = [criterion('_id', ids), criterion('_elements', 'name'), criterion('_count', String(CHUNK))]
  const path = formatPlace({ segments: [type], parameters })
  // If the names can't be read, the groups are shown without them.
  const answer = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
  return records(answer?.body, 'entry').flatMap(({ resource }): [string, string][] => {
    const name = isRecord(resource) ? personName(resource) : undefined
    return isRecord(resource) && name ? [[`${type}/${scalarText(resource.id)}`, name]] : []
  })
}

function personName({ name }: Record<string, unknown>): string | undefined {
  if (typeof name === 'string') return name
  const all = Array.isArray(name) ? name.filter(isRecord) : []
  const usual = all.find(({ use }) => use === 'usual' || use === 'official') ?? all[0]
  if (!usual) return undefined
  const given = Array.isArray(usual.given) ? usual.given.map(scalarText) : []
  return scalarText(usual.text) || [...given, scalarText(usual.family)].filter(Boolean).join(' ')
}
