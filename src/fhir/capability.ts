// Which types, search parameters and operations the server offers: an index of its CapabilityStatement, which is too large
// (319 KB) to keep whole or to show to a model.
import { records } from '../base/json.ts'

/** What a FHIR server says it offers. */
export interface Capability {
  /** Resource types, including those that Medplum adds to FHIR and doesn't declare. */
  readonly types: ReadonlySet<string>
  /** Search parameters of a type with their search parameter type (`date`, `token` …); empty for a type not declared. */
  searchParams(type: string): ReadonlyMap<string, string>
  /** Operations declared for a type, without `$`. Medplum declares few of those that it has. */
  operations(type: string): ReadonlySet<string>
}

/** Medplum's statement omits its own types (metadata.ts of its server lists only FHIR's). */
const MEDPLUM_TYPES = [
  'AccessPolicy',
  'Agent',
  'AsyncJob',
  'Binary',
  'Bot',
  'BulkDataExport',
  'ClientApplication',
  'Cron',
  'DicomInstance',
  'DicomSeries',
  'DicomStudy',
  'DomainConfiguration',
  'Enterprise',
  'IdentityProvider',
  'JsonWebKey',
  'Login',
  'Package',
  'PackageInstallation',
  'PackageRelease',
  'PasswordChangeRequest',
  'Project',
  'ProjectMembership',
  'SmartAppLaunch',
  'SmartHealthLink',
  'User',
  'UserConfiguration',
  'UserSecurityRequest',
]

/** Search parameters of every type, which a statement may omit (FHIR R4, section 3.1.1.4; Medplum's own last). */
const COMMON_PARAMETERS: readonly (readonly [string, string])[] = [
  ['_id', 'token'],
  ['_lastUpdated', 'date'],
  ['_profile', 'uri'],
  ['_security', 'token'],
  ['_source', 'uri'],
  ['_tag', 'token'],
  ['_has', 'special'],
  ['_filter', 'special'],
  ['_compartment', 'reference'],
  ['_project', 'reference'],
  ['_account', 'reference'],
  ['_deleted', 'token'],
]

/**
 * Indexes a CapabilityStatement (FHIR R4, section 5.2.2).
 *
 * @param statement the statement as parsed JSON; what is missing or odd in it is left out of the index
 */
export function indexCapability(statement: unknown): Capability {
  const searchParams = new Map<string, Map<string, string>>()
  const operations = new Map<string, Set<string>>()
  for (const resource of records(statement, 'rest').flatMap((rest) => records(rest, 'resource'))) {
    if (typeof resource.type !== 'string') continue
    searchParams.set(
      resource.type,
      new Map([...COMMON_PARAMETERS, ...records(resource, 'searchParam').flatMap(nameType)]),
    )
    operations.set(resource.type, new Set(records(resource, 'operation').flatMap(({ name }) => texts(name))))
  }
  const common = new Map(COMMON_PARAMETERS)
  return {
    // A statement without types says nothing, so no type counts as unknown.
    types: new Set(searchParams.size > 0 ? [...searchParams.keys(), ...MEDPLUM_TYPES] : []),
    searchParams: (type) => searchParams.get(type) ?? common,
    operations: (type) => operations.get(type) ?? new Set(),
  }
}

function nameType({ name, type }: Record<string, unknown>): [string, string][] {
  return typeof name === 'string' && typeof type === 'string' ? [[name, type]] : []
}

function texts(value: unknown): string[] {
  return typeof value === 'string' ? [value] : []
}

/**
 * The candidates that a misspelled or half-remembered name most likely means, best first.
 *
 * @param n maximum number
 * @returns an empty list if nothing is similar
 */
export function nearest(name: string, candidates: Iterable<string>, n = 3): string[] {
  // No FHIR name is longer, and the distance takes quadratic time.
  const wanted = name.slice(0, 64).toLowerCase()
  if (wanted === '') return []
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: howFar(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(1, wanted.length / 3))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, n)
    .map(({ candidate }) => candidate)
}

/** Edit distance; half a step for one that contains the other or has the same words in another order. */
function howFar(a: string, b: string): number {
  if (a === b) return 0
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  const isWord = long.split(/[^a-z0-9]/).includes(short)
  if (short.length > 3 && long.includes(short) && (isWord || long.startsWith(short) || short.length * 2 >= long.length))
    return 0.5
  if (words(a) === words(b)) return 0.5
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? a.length
}

/** `birth_date`, `birth-date` and `birthdate` are the same. */
function words(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, '')
}
