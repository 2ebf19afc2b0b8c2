// A resource's subject matter and status, whatever its type: the elements by which a digest makes its rows.
import { isRecord, scalarText } from '../../base/json.ts'

/** What something is about: a code, or what was written instead of one. */
export interface Subject {
  system?: string
  code?: string
  display?: string
}

/** The elements that say what a resource of the type is about, best first. */
const ABOUT: Readonly<Record<string, readonly string[]>> = {
  AdverseEvent: ['event', 'category'],
  Appointment: ['serviceType', 'appointmentType', 'specialty', 'serviceCategory'],
  AuditEvent: ['subtype', 'type'],
  Communication: ['topic', 'category', 'reasonCode'],
  CommunicationRequest: ['category', 'reasonCode'],
  Consent: ['category', 'scope'],
  Encounter: ['type', 'serviceType', 'class'],
  FamilyMemberHistory: ['relationship'],
  Goal: ['description', 'category'],
  ImagingStudy: ['procedureCode', 'modality'],
  MeasureReport: ['measure'],
  Media: ['type', 'modality', 'view'],
  Provenance: ['activity'],
  RelatedPerson: ['relationship'],
}

/** For all other types. */
const ABOUT_ANY = [
  'code',
  'codeCodeableConcept',
  'codeReference',
  'vaccineCode',
  'medicationCodeableConcept',
  'medicationReference',
  'itemCodeableConcept',
  'itemReference',
  'type',
  'class',
  'serviceType',
  'specialty',
  'category',
  'questionnaire',
]

/** For workflow resources, what divides them besides their subject: owner, participants, outcome. */
export interface Told {
  owner?: string
  participant?: string
  outcome?: string
  disposition?: string
}

/** The names of all elements that this file reads in a resource. */
export const SUBJECT_ELEMENTS: readonly string[] = [
  ...Object.values(ABOUT).flat(),
  ...ABOUT_ANY,
  'contained',
  'owner',
  'participant',
  'outcome',
  'disposition',
  'status',
  'clinicalStatus',
  'verificationStatus',
  'lifecycleStatus',
]

/** What a resource is about; empty if no element says so. */
export function subjectOf(resource: Record<string, unknown>): Subject {
  const type = scalarText(resource.resourceType)
  const names = Object.hasOwn(ABOUT, type) ? (ABOUT[type] ?? []) : ABOUT_ANY
  for (const name of names) {
    const subject = conceptOf(resource[name], resource)
    if (subject) return subject
  }
  return {}
}

/** Owner, participants and outcome of a workflow resource; empty for other types. */
export function toldBy(resource: Record<string, unknown>): Told {
  const { resourceType, owner, participant, outcome, disposition } = resource
  const told = (entries: Record<string, string | undefined>): Told =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))
  if (resourceType === 'Task') return told({ owner: actorOf(owner, resource) })
  if (resourceType === 'Appointment') return told({ participant: participantsOf(participant, resource) })
  if (resourceType !== 'ExplanationOfBenefit') return {}
  return told({ outcome: oneLineText(outcome), disposition: oneLineText(disposition) })
}

function actorOf(element: unknown, resource: Record<string, unknown>): string | undefined {
  const actor = conceptOf(element, resource)
  return actor?.display ?? actor?.code
}

/** All participants except the patient. */
function participantsOf(element: unknown, resource: Record<string, unknown>): string | undefined {
  const actors = (Array.isArray(element) ? element : []).flatMap((one) => (isRecord(one) ? [one.actor] : []))
  const others = actors.filter((one) => !(isRecord(one) && /^Patient\/|\/Patient\//.test(scalarText(one.reference))))
  const names = others.flatMap((one) => actorOf(one, resource) ?? [])
  return [...new Set(names)].sort().join(', ') || undefined
}

/** A CodeableConcept, Coding, code, canonical or Reference, or the first in a list of these. */
export function conceptOf(element: unknown, resource: Record<string, unknown> = {}): Subject | undefined {
  if (Array.isArray(element)) {
    for (const one of element) {
      const subject = Array.isArray(one) ? undefined : conceptOf(one, resource)
      if (subject) return subject
    }
    return undefined
  }
  if (!isRecord(element)) return subject(undefined, element, undefined)
  const text = oneLineText(element.text)
  if (Array.isArray(element.coding)) {
    const codings = element.coding
      .filter(isRecord)
      .filter(({ code, display }) => oneLineText(code) ?? oneLineText(display))
    const coding = codings.find(({ userSelected }) => userSelected === true) ?? codings[0]
    if (coding) return subject(coding.system, coding.code, oneLineText(coding.display) ?? text)
  }
  if (oneLineText(element.reference)) return referenced(element, resource)
  return subject(element.system, element.code, oneLineText(element.display) ?? text)
}

function subject(system: unknown, code: unknown, display: unknown): Subject | undefined {
  const found = { code: oneLineText(code), display: oneLineText(display) }
  if (!found.code && !found.display) return undefined
  const space = found.code && oneLineText(system)
  return {
    ...(space && { system: space }),
    ...(found.code && { code: found.code }),
    ...(found.display && { display: found.display }),
  }
}

/** The subject that a Reference names: its display, or the code of the contained resource, or the reference itself. */
function referenced({ reference, display }: Record<string, unknown>, resource: Record<string, unknown>): Subject {
  const named = oneLineText(display)
  if (named) return { display: named }
  const target = oneLineText(reference) ?? ''
  const contained = Array.isArray(resource.contained) ? resource.contained : []
  const inside = contained.find((one) => isRecord(one) && `#${scalarText(one.id)}` === target)
  return (isRecord(inside) && conceptOf(inside.code)) || { code: target }
}

/** A resource's status; for a problem or allergy, the clinical status, unless it is withdrawn. */
export function statusOf(resource: Record<string, unknown>): { status?: string; withdrawn: boolean } {
  const verified = codeOf(resource.verificationStatus)
  if (verified === 'entered-in-error' || verified === 'refuted') return { status: verified, withdrawn: true }
  const { resourceType, clinicalStatus, lifecycleStatus, status } = resource
  const isProblem = resourceType === 'Condition' || resourceType === 'AllergyIntolerance'
  const told = isProblem ? codeOf(clinicalStatus) : (codeOf(status) ?? codeOf(lifecycleStatus))
  return { ...(told && { status: told }), withdrawn: told === 'entered-in-error' }
}

function codeOf(element: unknown): string | undefined {
  const concept = conceptOf(element)
  return concept?.code ?? concept?.display
}

/** A text or truth value in one line; undefined if there is none. */
export function oneLineText(value: unknown): string | undefined {
  return scalarText(value).replaceAll(/\s+/g, ' ').trim() || undefined
}
