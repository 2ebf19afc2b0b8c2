// What the views read from records: the patient, names, times and states, as texts of limited length.
import { conceptOf, type Subject, statusOf, subjectOf } from '../../answer/digest/subject.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { oneLine } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import { AccessError } from '../../client/access-error.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { nameText } from '../../text/datatype-text.ts'
import { titleOf } from '../../text/record-text.ts'
import type { ToolContext } from '../kit/tool.ts'
import { type ReadAnswer, readTogether } from '../perform/reading.ts'
import type { Person } from './shown.ts'

export type Resource = Record<string, unknown>

/** Maximum characters of one text of a record. */
const MAX_TEXT = 120

/** The id in `Patient/ID`, or an id alone. */
export function patientId(given: string | undefined): string {
  const [, id] = /^(?:Patient\/)?([A-Za-z0-9.-]{1,64})$/.exec(given?.trim() ?? '') ?? []
  if (id === undefined || /^\.+$/.test(id)) {
    throw new UserError('`patient` must be Patient/ID, as returned by search. Nothing was sent.')
  }
  return id
}

/**
 * Reads the patient and the results of several searches.
 *
 * @throws {UserError} if there is no such patient
 * @throws {FhirError} when all fail
 */
export async function readOfPatient(
  id: string,
  searches: readonly string[],
  context: ToolContext,
): Promise<{ patient: Person; answers: ReadAnswer[] }> {
  const { fhir, caller, signal } = context
  const paths = [`Patient/${id}`, ...searches]
  const [own, ...answers] = await readTogether(fhir, caller.medplum.fhirBase, paths, signal).catch((error: unknown) => {
    // Where the patient is all that is read, their own record may be closed and their results open.
    const status = error instanceof AccessError ? 403 : error instanceof FhirError ? error.status : 0
    if (searches.length === 0 && [403, 404, 410].includes(status)) return [{ status, body: undefined }]
    throw error
  })
  if (own?.status === 404 || own?.status === 410) {
    throw new UserError(
      `There is no Patient/${id} that you can read. search finds patients by name, birth date or MRN.`,
    )
  }
  return { patient: personOf(id, own?.body), answers }
}

export function personOf(id: string, resource: unknown): Person {
  if (!isRecord(resource)) return { id, name: '' }
  const { birthDate, gender, deceasedBoolean, deceasedDateTime, active } = resource
  const name =
    inUse(resource, 'name')
      .map(nameText)
      .find((text) => text !== '') ?? ''
  const identifier = inUse(resource, 'identifier')
    .map(({ value }) => scalarText(value))
    .find((text) => text !== '')
  const linked = (kind: string): string =>
    records(resource, 'link')
      .flatMap(({ type, other }) =>
        type === kind && isRecord(other) ? [scalarText(other.reference) || 'another record'] : [],
      )
      .join(', ')
  const [replacing, main] = [linked('replaced-by'), linked('refer')]
  return {
    id,
    name: shortText(name),
    ...(isDate(birthDate) && { birthDate }),
    ...(typeof gender === 'string' && { gender: shortText(gender) }),
    ...(identifier && { identifier: shortText(identifier) }),
    ...((deceasedBoolean === true || deceasedDateTime !== undefined) && { deceased: true }),
    ...(isDate(deceasedDateTime) && { died: deceasedDateTime }),
    ...(active === false && { inactive: true }),
    ...(replacing && { replacedBy: shortText(replacing) }),
    ...(main && { mainRecord: shortText(main) }),
  }
}

/** Elements that are no longer used come last. */
function inUse(resource: Resource, name: string): Record<string, unknown>[] {
  const all = records(resource, name)
  const isOld = ({ use, period }: Record<string, unknown>) =>
    use === 'old' || use === 'maiden' || (isRecord(period) && (spanOf(period.end)?.end ?? Infinity) <= Date.now())
  return [...all.filter((one) => !isOld(one)), ...all.filter(isOld)]
}

/** A record's text, visible, on one line and of limited length. */
export function shortText(value: unknown): string {
  return oneLine(scalarText(value).replaceAll(/\s+/g, ' ').trim(), MAX_TEXT)
}

export function isDate(value: unknown): value is string {
  return spanOf(value) !== undefined
}

/** What a record is about. */
export function labelOf(resource: Resource): string {
  const { code, display } = subjectOf(resource)
  const concept = [resource.code, resource.medicationCodeableConcept, resource.vaccineCode].find(isRecord)
  return shortText(
    scalarText(concept?.text) || display || scalarText(resource.description) || code || titleOf(resource),
  )
}

export function codeText(element: unknown): string {
  return wordsFor(element, conceptOf(element))
}

/** Like {@link codeText}, for a concept that has already been read. */
export function wordsFor(element: unknown, concept: Subject | undefined): string {
  const written = isRecord(element) ? scalarText(element.text) : ''
  return shortText(written || concept?.display || concept?.code || '')
}

interface State {
  status: string
  /** Whether it was entered in error or refuted, and so isn't shown as a fact. */
  withdrawn: boolean
  /** Whether it did not happen, or not yet. */
  unreal: boolean
  /** The status, and anything else that makes this not a plain fact: a doubt, a plan, a prohibition. */
  said: string
}

const UNREAL: ReadonlySet<string> = new Set([
  ...['not-done', 'not-taken', 'cancelled', 'planned', 'preparation', 'intended', 'draft', 'proposed'],
])
/** Intents that don't order a medication. */
const NO_ORDER: ReadonlySet<string> = new Set(['proposal', 'plan', 'option'])

export function stateOf(resource: Resource): State {
  const { status: found = '', withdrawn } = statusOf(resource)
  const status = shortText(found)
  const verified = codeText(resource.verificationStatus)
  const doubt = verified.toLowerCase() === 'confirmed' || verified === status ? '' : verified
  const intent = scalarText(resource.intent)
  const plan = resource.resourceType === 'MedicationRequest' && NO_ORDER.has(intent) ? intent : ''
  const prohibited = resource.doNotPerform === true
  const said = [status, doubt, plan, prohibited ? 'do not give' : ''].filter(Boolean)
  return {
    status,
    withdrawn: withdrawn || resource.docStatus === 'entered-in-error',
    unreal: UNREAL.has(status) || plan !== '' || prohibited,
    said: said.join(', '),
  }
}

/** The first of these that is a date, or a Period's beginning with its end. */
export function timeIn(...values: unknown[]): { from: string; to?: string } | undefined {
  for (const value of values) {
    if (isDate(value)) return { from: value }
    if (isRecord(value) && isDate(value.start))
      return { from: value.start, ...(isDate(value.end) && { to: value.end }) }
  }
  return undefined
}

interface Found {
  found: Resource[]
  /** How many resources were included with the matches. */
  included: number
  more: boolean
  fault?: string
}

const NO_ANSWER: ReadAnswer = { status: 0, body: undefined }

/** Resources that a search found, and whether there are more. */
export function foundIn({ status, body }: ReadAnswer = NO_ANSWER): Found {
  const entries = records(body, 'entry').flatMap(({ resource, search }) =>
    isRecord(resource) && typeof resource.id === 'string'
      ? [{ resource, mode: isRecord(search) ? search.mode : undefined }]
      : [],
  )
  const included = entries.flatMap(({ resource, mode }) => (mode === 'include' ? [resource] : []))
  const names = new Map(included.map((one) => [referenceOf(one), codeText(one.code)]))
  const found = entries.flatMap(({ resource, mode }) =>
    mode === 'outcome' || mode === 'include' ? [] : [withName(resource, names)],
  )
  const more = records(body, 'link').some(({ relation }) => relation === 'next')
  const fault = status === 403 ? 'not accessible' : status < 200 || status > 299 ? 'not read' : undefined
  return { found, included: included.length, more, ...(fault && { fault }) }
}

/** A request or statement whose medication is a separate record, with that record's name. */
function withName(resource: Resource, names: ReadonlyMap<string, string>): Resource {
  const { medicationReference: medication } = resource
  const name = isRecord(medication) && !medication.display && names.get(scalarText(medication.reference))
  return name ? { ...resource, medicationReference: { ...medication, display: name } } : resource
}

/** `Type/ID` of a record. */
export function referenceOf({ resourceType, id }: Resource): string {
  return `${scalarText(resourceType)}/${scalarText(id)}`
}
