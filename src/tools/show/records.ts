// What the views take of records: who a patient is, names, times and states, as bounded texts.
import { conceptOf, statusOf, subjectOf } from '../../answer/digest/subject.ts'
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

/** Characters of one text of a record. */
const MAX_TEXT = 120

/** The id in `Patient/ID`, or an id alone. */
export function patientId(given: string | undefined): string {
  const [, id] = /^(?:Patient\/)?([A-Za-z0-9.-]{1,64})$/.exec(given?.trim() ?? '') ?? []
  if (id === undefined || /^\.+$/.test(id)) {
    throw new UserError('`patient` must be Patient/ID, as search gives it. Nothing was sent.')
  }
  return id
}

/**
 * The patient, and what several searches find.
 *
 * @throws {UserError} where there is no such patient
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
  const { birthDate, gender, deceasedBoolean, deceasedDateTime } = resource
  const name =
    records(resource, 'name')
      .map(nameText)
      .find((text) => text !== '') ?? ''
  const identifier = records(resource, 'identifier')
    .map(({ value }) => scalarText(value))
    .find((text) => text !== '')
  return {
    id,
    name: text(name),
    ...(isDate(birthDate) && { birthDate }),
    ...(typeof gender === 'string' && { gender: text(gender) }),
    ...(identifier && { identifier: text(identifier) }),
    ...((deceasedBoolean === true || deceasedDateTime !== undefined) && { deceased: true }),
  }
}

/** A record's text as a view and a line of words can hold it. */
export function text(value: unknown): string {
  return oneLine(scalarText(value).replaceAll(/\s+/g, ' ').trim(), MAX_TEXT)
}

export function isDate(value: unknown): value is string {
  return spanOf(value) !== undefined
}

/** What a record is about. */
export function labelOf(resource: Resource): string {
  const { code, display } = subjectOf(resource)
  const concept = [resource.code, resource.medicationCodeableConcept, resource.vaccineCode].find(isRecord)
  return text(scalarText(concept?.text) || display || scalarText(resource.description) || code || titleOf(resource))
}

export function codeText(element: unknown): string {
  const concept = conceptOf(element)
  const written = isRecord(element) ? scalarText(element.text) : ''
  return text(written || concept?.display || concept?.code || '')
}

export interface State {
  status: string
  /** Entered in error, or refuted: not shown as a fact. */
  withdrawn: boolean
}

export function stateOf(resource: Resource): State {
  const { status = '', withdrawn } = statusOf(resource)
  return { status: text(status), withdrawn }
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

/** Resources that a search found, and whether there are more. */
export function foundIn({ status, body }: ReadAnswer): { found: Resource[]; more: boolean; fault?: string } {
  const found = records(body, 'entry').flatMap(({ resource, search }) =>
    isRecord(resource) && typeof resource.id === 'string' && !(isRecord(search) && search.mode === 'outcome')
      ? [resource]
      : [],
  )
  const more = records(body, 'link').some(({ relation }) => relation === 'next')
  const fault = status === 403 ? 'not accessible' : status < 200 || status > 299 ? 'not read' : undefined
  return { found, more, ...(fault && { fault }) }
}

/** `Type/ID` of a record. */
export function idOf({ resourceType, id }: Resource): string {
  return `${scalarText(resourceType)}/${scalarText(id)}`
}
