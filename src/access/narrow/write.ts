// Changes by a connection that is narrowed to one patient: a record that is the patient's alone stays the patient's alone, and
// nothing new is anybody else's.

import { isRecord } from '../../base/json.ts'
import type { Read } from '../../client/guard.ts'
import { filesIn } from './judge.ts'

import { mentionsOther, PATIENT_ELEMENTS, patientsOf } from './patient-compartment.ts'

/** A record of the patient as it is before a change. */
export interface Current {
  version: string
  /** Other patients are named in it. */
  shared: boolean
  files: ReadonlySet<string>
}

/** The record as it is; undefined where it isn't there, or isn't the patient's. */
export async function currentOf(
  { type, id, patient }: { type: string; id: string; patient: string },
  read: Read,
): Promise<Current | undefined> {
  const found = await read(`${type}/${id}`)
  if (!isRecord(found) || found.resourceType !== type || !patientsOf(found).includes(patient)) return undefined
  const version = isRecord(found.meta) && typeof found.meta.versionId === 'string' ? found.meta.versionId : undefined
  if (version === undefined) return undefined
  return { version, shared: mentionsOther(found, patient), files: new Set(filesIn(found)) }
}

interface New {
  type: string
  patient: string
  /** Of the record that is replaced. */
  id?: string
  /** Files that may be named, because the record named them before; any, if there are none here. */
  files?: ReadonlySet<string>
}

/** What is wrong with a record that is to be stored, as part of a sentence; undefined where nothing is. */
export function checkNew(body: unknown, { type, patient, id, files }: New): string | undefined {
  if (!isRecord(body) || body.resourceType !== type) return `the body must be a ${type} in JSON`
  if (id !== undefined && body.id !== id) return 'the body must have the id that the path names'
  if (type === 'Patient' && id === undefined) return 'a new Patient would be another one'
  const { id: given, ...rest } = body
  if (!patientsOf(type === 'Patient' ? { ...rest, id: given } : rest).includes(patient)) {
    const elements = PATIENT_ELEMENTS.get(type)?.map((names) => names.join('.')) ?? []
    return `a ${type} must refer to {"reference":"Patient/${patient}"} in ${elements.join(' or ')}`
  }
  return checkMentions(body, patient, files)
}

function checkMentions(value: unknown, patient: string, files?: ReadonlySet<string>): string | undefined {
  if (mentionsOther(value, patient)) return 'the body refers to another patient'
  if (asksSearch(value)) return 'the body refers to what a search finds; refer by type and id'
  const file = files && filesIn(value).find((id) => !files.has(id))
  return file === undefined ? undefined : `whose file Binary/${file} is can't be told; put it inline as \`data\``
}

/** Whether a reference is a search (FHIR R4, section 3.1.0.11.2), which Medplum would carry out everywhere. */
function asksSearch(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(asksSearch)
  if (!isRecord(value)) return false
  return (typeof value.reference === 'string' && value.reference.includes('?')) || Object.values(value).some(asksSearch)
}

/** What is wrong with a JSON Patch (RFC 6902): it may not touch whose record it is. */
export function checkPatch(
  body: unknown,
  { type, patient, inBatch }: { type: string; patient: string; inBatch: boolean },
): string | undefined {
  if (inBatch) return 'a PATCH must be a request of its own'
  if (!Array.isArray(body)) return 'the body of a PATCH must be a JSON Patch array'
  for (const operation of body) {
    const { op, path, from, value } = isRecord(operation) ? operation : {}
    if (op === 'test') continue
    if (typeof path !== 'string' || (from !== undefined && typeof from !== 'string'))
      return 'each operation needs a path'
    const touched = [path, ...(from === undefined ? [] : [from])].find((one) => touchesOwner(one, type))
    if (touched !== undefined) return `${touched} says whose record this is: that can't be changed by PATCH`
    const wrong = checkMentions(value, patient, new Set())
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** Whether a JSON Pointer leads to, into or around an element that says whose record this is. */
function touchesOwner(pointer: string, type: string): boolean {
  const names = pointer
    .split('/')
    .slice(1)
    .filter((name) => !/^(?:\d+|-)$/.test(name))
  const owners = [['id'], ['resourceType'], ...(PATIENT_ELEMENTS.get(type) ?? [])]
  return owners.some((owner) => owner.every((name, index) => names[index] === undefined || names[index] === name))
}
