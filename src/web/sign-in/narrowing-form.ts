// Parses the fields that limit a connection, and says what is wrong with them.
import type { Narrowing } from '../../access/narrow/narrowing.ts'
import { RESOURCE_TYPES } from '../../fhir/resource-types.ts'

/** The fields as they were filled in, and what is wrong with each. */
export interface NarrowingForm {
  types: string
  patient: string
  problems: { types?: string; patient?: string }
}

export const UNFILLED: NarrowingForm = { types: '', patient: '', problems: {} }

const PATIENT = /^(?:Patient\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
const MAX_LENGTH = 5_000
const MAX_SHOWN = 5

const BY_NAME: ReadonlyMap<string, string> = new Map([...RESOURCE_TYPES].map((type) => [type.toLowerCase(), type]))

/** Reads the form. `asked` is valid only if there are no problems. */
export function readNarrowing(form: FormData): { asked: Narrowing; form: NarrowingForm } {
  const field = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  const [types, patient] = [field('types'), field('patient')]
  const names = types.split(/[\s,;]+/).filter((name) => name !== '')
  const known = names.flatMap((name) => BY_NAME.get(name.toLowerCase()) ?? [])
  const unknown = names.filter((name) => !BY_NAME.has(name.toLowerCase()))
  const id = PATIENT.exec(patient)?.[1]?.toLowerCase()
  const problems = {
    ...(types.length > MAX_LENGTH && { types: 'This is too long for a list of resource types.' }),
    ...(unknown.length > 0 && types.length <= MAX_LENGTH && { types: notTypes(unknown) }),
    ...(patient !== '' &&
      id === undefined && {
        patient: 'This is not a patient id. Patient ids look like 0a1b2c3d-4e5f-6789-abcd-0123456789ab.',
      }),
  }
  const asked = {
    ...(known.length > 0 && { types: [...new Set(known)].sort() }),
    ...(id !== undefined && { patient: id }),
  }
  return { asked, form: { types: types.slice(0, MAX_LENGTH), patient: patient.slice(0, 200), problems } }
}

function notTypes(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SHOWN).map((name) => name.slice(0, 64))
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : ''
  return names.length === 1
    ? `${shown[0]} is not a resource type.`
    : `${shown.join(', ')}${more} are not resource types.`
}
