// Changes by a limited connection. A patch is applied here and its result checked like a whole record, for the version that was read:
// the operations alone don't show the effect. A record of one patient stays that patient's, and a new record belongs to nobody else.

import { isRecord } from '../../base/json.ts'
import type { Read } from '../../client/guard.ts'
import { applyPatch } from '../../fhir/json-patch.ts'
import { filesIn } from './judge.ts'
import { mentionsOther, PATIENT_ELEMENTS, patientsOf } from './patient-compartment.ts'
import { checkIdentifiers, checkReferences } from './references.ts'

/** A record as it is before a change. */
export interface Current {
  version: string
  record: Record<string, unknown>
}

/** The current record; undefined if it doesn't exist or has no version. */
export async function currentOf({ type, id }: { type: string; id: string }, read: Read): Promise<Current | undefined> {
  const found = await read(`${type}/${id}`)
  if (!isRecord(found) || found.resourceType !== type) return undefined
  const version = isRecord(found.meta) ? found.meta.versionId : undefined
  return typeof version === 'string' ? { version, record: found } : undefined
}

/** The record after the patch, or what is wrong with the patch, as part of a sentence. */
export function patched({ record }: Current, body: unknown): { after: unknown } | { wrong: string } {
  if (!Array.isArray(body)) return { wrong: 'the body of a PATCH must be a JSON Patch array' }
  const result = applyPatch(record, body)
  return 'after' in result ? result : { wrong: `the result of this patch can’t be determined: ${result.problem}` }
}

interface New {
  type: string
  patient: string
  inBatch: boolean
  /** Id of the record that is replaced. */
  id?: string
  before?: Record<string, unknown>
}

/** What is wrong with a record of a patient that is to be stored, as part of a sentence; undefined if there is nothing. */
export function checkNew(body: unknown, { type, patient, inBatch, id, before }: New): string | undefined {
  if (!isRecord(body) || body.resourceType !== type) return `the body must be a ${type} in JSON`
  if (id !== undefined && body.id !== id) return 'the body must have the id that the path names'
  if (type === 'Patient' && id === undefined) return 'a new Patient would be another patient'
  const { id: given, ...rest } = body
  if (!patientsOf(type === 'Patient' ? { ...rest, id: given } : rest).includes(patient)) {
    const elements = PATIENT_ELEMENTS.get(type)?.map((names) => names.join('.')) ?? []
    return `a ${type} must refer to {"reference":"Patient/${patient}"} in ${elements.join(' or ')}`
  }
  const wrong = checkReferences(body, { before, inBatch }) ?? checkIdentifiers(body, before)
  if (wrong !== undefined) return wrong
  if (mentionsOther(body, patient)) return 'the body refers to another patient'
  const known = new Set(filesIn(before))
  const file = filesIn(body).find((one) => !known.has(one))
  return file === undefined
    ? undefined
    : `it can’t be determined whose file Binary/${file} is; put the file inline as \`data\``
}
