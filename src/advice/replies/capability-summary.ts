// What a server offers, in a few lines a model can read: its CapabilityStatement is 319 KB, and Medplum's leaves out most of
// its operations and its own types, which the route table knows.

import { ROUTES, type Route } from '../../access/risk/routes.ts'
import { isRecord } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'

/** Maximum bytes of a summary, in UTF-8. */
export const MAX_TYPE_SUMMARY = 2048
export const MAX_SERVER_SUMMARY = 4096

/**
 * The search parameters and operations of one resource type, by kind.
 *
 * @returns lines of at most {@link MAX_TYPE_SUMMARY} bytes; a type that isn't known has the parameters of all types
 */
export function summarizeType(capability: Capability, type: string): string {
  const own = [...capability.searchParams(type)].filter(([name]) => !name.startsWith('_'))
  const byKind = Map.groupBy(own, ([, kind]) => kind)
  const parameters = [...byKind]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, list]) => {
      const names = list.map(([name]) => name).sort()
      return `  ${kind}: ${names.join(', ')}`
    })
  const declared = [...capability.operations(type)].filter(
    (name) => !OPERATIONS.some(({ path }) => path.endsWith(`$${name}`)),
  )
  const operations = [
    ...OPERATIONS.filter(({ path }) => path.startsWith(`${type}/`)).map(({ methods, path }) => `  ${methods} ${path}`),
    ...declared.map((name) => `  ${type}/$${name}`),
  ]
  return fitting(
    [
      `${type} (FHIR R4, Medplum)`,
      own.length > 0 ? 'Search parameters by type:' : 'Search parameters: it declares none of its own.',
      ...parameters,
      `  of every type: ${commonNames(capability)}`,
      operations.length > 0 ? 'Operations:' : 'Operations: none of its own.',
      ...operations,
      `Requests: GET ${type}?PARAMETER=VALUE&_count=20, GET ${type}/ID, GET ${type}/ID/_history, POST ${type}, PUT|PATCH|DELETE ${type}/ID, POST ${type}/$validate`,
      'Dates take full days (birthdate=ge1990-01-01), tokens SYSTEM|CODE, references TYPE/ID; strings match from the beginning, with :contains anywhere.',
    ],
    MAX_TYPE_SUMMARY,
  )
}

/**
 * What the whole server offers: its types, the operations that belong to no type, and its version, if known.
 *
 * @param statement the CapabilityStatement itself, for name and version
 * @returns lines of at most {@link MAX_SERVER_SUMMARY} bytes
 */
export function summarizeServer(capability: Capability, statement?: unknown): string {
  const operations = OPERATIONS.filter(({ path }) => path.startsWith('$')).map(
    ({ methods, path }) => `${methods} ${path}`,
  )
  const all = OPERATIONS.filter(({ path }) => path.startsWith('{type}/')).map(
    ({ methods, path }) => `${methods} ${path}`,
  )
  return fitting(
    [
      `${softwareOf(statement)}: FHIR R4 (JSON)`,
      `Operations of the server: ${operations.join(', ')}`,
      `Operations of every type: ${all.join(', ')}`,
      'Batch: POST to the base with a Bundle of type batch. A transaction is atomic only where the project has that feature.',
      `Search parameters of every type: ${commonNames(capability)}; _count, _sort, _total, _summary, _elements, _include, _revinclude`,
      'Search parameters and operations of one type: the resource fhir:///TYPE, such as fhir:///Patient.',
      `Types (${capability.types.size}): ${[...capability.types].sort().join(' ')}`,
    ],
    MAX_SERVER_SUMMARY,
  )
}

/** Search parameters of every type: those of a type that isn't declared. */
function commonNames(capability: Capability): string {
  return [...capability.searchParams('').keys()].join(', ')
}

interface Operation {
  methods: string
  path: string
}

/** Every operation that Medplum is known to have, without those on its database (super admins). */
const OPERATIONS: readonly Operation[] = ROUTES.flatMap((route) =>
  route.paths.flatMap((path) => operation(route, path)),
)

function operation({ methods, kind }: Route, path: string): Operation[] {
  const ofDatabase = path.startsWith('$') && kind === 'admin'
  return path.includes('$') && !path.includes('?') && !ofDatabase ? [{ methods: methods.join('|'), path }] : []
}

/** `medplum 5.1.17`, limited to letters that can't form another line. */
function softwareOf(statement: unknown): string {
  const software = isRecord(statement) && isRecord(statement.software) ? statement.software : {}
  const words = [software.name, software.version].filter(
    (word) => typeof word === 'string' && /^[\w.+-]{1,40}$/.test(word),
  )
  return words.length > 0 ? words.join(' ') : 'Medplum'
}

/** As many whole lines as fit. The last line says how many don't. */
function fitting(lines: readonly string[], limit: number): string {
  const size = (text: string) => new TextEncoder().encode(text).byteLength
  if (size(lines.join('\n')) <= limit) return lines.join('\n')
  const kept: string[] = []
  let room = limit - size('\n… and 999 lines more')
  for (const line of lines) {
    room -= size(line) + 1
    if (room < 0) break
    kept.push(line)
  }
  return [...kept, `… and ${lines.length - kept.length} lines more`].join('\n')
}
