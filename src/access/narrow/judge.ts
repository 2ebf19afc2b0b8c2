// Which parts of an answer a limited connection may see. A record passes only if it is known to be within the limits; everything else is
// left out.
import { isRecord, records } from '../../base/json.ts'
import { type Narrowing, narrowedTo, SHARED_TYPES } from './narrowing.ts'
import { isPatientType, mentionsOther, patientsOf, withoutOthers } from './patient-compartment.ts'

type Resource = Record<string, unknown>

/** Checks the answers of one call. */
export class Judge {
  /** Ids of the files that records of the patient named. */
  readonly files = new Set<string>()
  readonly #narrowing: Narrowing
  readonly #left = new Map<string, number>()

  constructor(narrowing: Narrowing) {
    this.#narrowing = narrowing
  }

  /** What was left out for its type. Not even the existence of other patients' records is mentioned. */
  withheld(): string | undefined {
    if (this.#left.size === 0) return undefined
    const what = [...this.#left].map(([type, count]) => `${count} ${type}`).join(', ')
    return `Left out: ${what}. This connection is limited to ${narrowedTo(this.#narrowing)}.`
  }

  /** The answer about one record. */
  single(body: unknown): { body: unknown } | undefined {
    if (body === undefined || isOutcome(body)) return { body }
    const shown = isRecord(body) ? this.#shown(body, false) : undefined
    return shown === undefined ? undefined : { body: shown }
  }

  /**
   * A Bundle without the entries outside the limits.
   *
   * @param trusted its matches were searched for in the patient's compartment, so they needn't prove it:
   *   `_elements` may have left out the element that says so
   */
  bundle(body: unknown, trusted: boolean): { body: unknown } | undefined {
    if (!isRecord(body) || body.resourceType !== 'Bundle') return this.single(body)
    const entries = records(body, 'entry')
    const kept = entries.flatMap((entry) => this.#entry(entry, trusted && modeOf(entry) === 'match'))
    const lost = entries.filter((entry) => modeOf(entry) !== 'include').length
    const left = kept.filter((entry) => modeOf(entry) !== 'include').length
    return { body: withEntries(body, kept, lost === left) }
  }

  /** The versions of one record that are within the limits. */
  history(body: unknown): { body: unknown } | undefined {
    if (!isRecord(body) || body.resourceType !== 'Bundle') return this.single(body)
    const entries = records(body, 'entry')
    const kept = entries.flatMap((entry) => {
      const { resource: _deletion, ...rest } = entry
      return isRecord(entry.resource) ? this.#entry(entry, false) : [rest]
    })
    if (!kept.some(({ resource }) => isRecord(resource))) return undefined
    return { body: withEntries(body, kept, kept.length === entries.length) }
  }

  #entry(entry: Resource, trusted: boolean): Resource[] {
    const { resource, ...rest } = entry
    if (isOutcome(resource)) return [entry]
    const shown = isRecord(resource) ? this.#shown(resource, trusted) : undefined
    return shown ? [{ ...rest, resource: shown }] : []
  }

  /** A record as it may be shown; undefined if it may not be shown. */
  #shown(resource: Resource, trusted: boolean): unknown {
    const { types, patient } = this.#narrowing
    const type = String(resource.resourceType)
    if (types && types.length > 0 && !types.includes(type)) {
      this.#left.set(type, (this.#left.get(type) ?? 0) + 1)
      return undefined
    }
    if (patient === undefined) return resource
    if (!isPatientType(type)) return SHARED_TYPES.has(type) && !mentionsOther(resource, patient) ? resource : undefined
    const patients = patientsOf(resource)
    if (!patients.includes(patient) && !(trusted && patients.length === 0)) return undefined
    for (const id of filesOf(resource)) this.files.add(id)
    return withoutOthers(resource, patient)
  }
}

function isOutcome(value: unknown): boolean {
  return isRecord(value) && value.resourceType === 'OperationOutcome'
}

function modeOf({ search }: Resource): unknown {
  return isRecord(search) ? search.mode : undefined
}

/** A count that includes hidden entries would reveal them. */
function withEntries({ entry: _entry, total, ...bundle }: Resource, kept: Resource[], isWhole: boolean): Resource {
  return { ...bundle, ...(isWhole && total !== undefined && { total }), ...(kept.length > 0 && { entry: kept }) }
}

const SHOWN = /^Binary\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/

/** Ids of the files that a record names, as Medplum and this server show them. */
function filesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(filesOf)
  if (!isRecord(value)) return []
  const own = typeof value.url === 'string' ? (SHOWN.exec(value.url)?.[1] ?? []) : []
  return [own, ...Object.values(value).map(filesOf)].flat()
}

const FILE = /\bbinary\/([a-z0-9.-]{1,64})/gi
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi
/** Elements that Medplum reads as the address of a file, in any datatype. */
const ADDRESSES: ReadonlySet<string> = new Set(['url', 'path'])

/**
 * Ids of the files that a record might refer to once it is stored: Medplum reads any address of its storage, wherever that is, as a
 * file's, and keeps only the id of what begins with `Binary/`.
 */
export function filesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(filesIn)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([name, item]) => {
    if (typeof item !== 'string') return filesIn(item)
    return ADDRESSES.has(name) ? filesAt(item) : []
  })
}

function filesAt(address: string): string[] {
  const named = [...address.matchAll(FILE)].map(([, id]) => id ?? '')
  return /:/.test(address) ? [...named, ...[...address.matchAll(UUID)].map(([id]) => id)] : named
}
