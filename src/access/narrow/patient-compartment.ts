// Which patients a resource belongs to: for each type of the Patient compartment (FHIR R4, CompartmentDefinition "patient") the elements
// that say so. As in Medplum, a Patient is only in its own compartment, whatever it links to.
// `test/unit/access/narrow-compartment` compares the table with the definitions.
import { isRecord } from '../../base/json.ts'
import { byIdentifier } from './references.ts'

const TABLE = `
Account subject
AdverseEvent subject
AllergyIntolerance patient recorder asserter
Appointment participant.actor
AppointmentResponse actor
AuditEvent agent.who entity.what
Basic subject author
BodyStructure patient
CarePlan subject activity.detail.performer
CareTeam subject participant.member
ChargeItem subject
Claim patient payee.party
ClaimResponse patient
ClinicalImpression subject
Communication subject sender recipient
CommunicationRequest subject sender recipient requester
Composition subject author attester.party
Condition subject asserter
Consent patient
Coverage policyHolder subscriber beneficiary payor
CoverageEligibilityRequest patient
CoverageEligibilityResponse patient
DetectedIssue patient
DeviceRequest subject performer
DeviceUseStatement subject
DiagnosticReport subject
DocumentManifest subject author recipient
DocumentReference subject author
Encounter subject
EnrollmentRequest candidate
EpisodeOfCare patient
ExplanationOfBenefit patient payee.party
FamilyMemberHistory patient
Flag subject
Goal subject
Group member.entity
ImagingStudy subject
Immunization patient
ImmunizationEvaluation patient
ImmunizationRecommendation patient
Invoice subject recipient
List subject source
MeasureReport subject
Media subject
MedicationAdministration subject performer.actor
MedicationDispense subject receiver
MedicationRequest subject
MedicationStatement subject
MolecularSequence patient
NutritionOrder patient
Observation subject performer
Person link.target
Procedure subject performer.actor
Provenance target
QuestionnaireResponse subject author
RelatedPerson patient
RequestGroup subject action.participant
ResearchSubject individual
RiskAssessment subject
Schedule actor
ServiceRequest subject performer
Specimen subject
SupplyDelivery patient
SupplyRequest deliverTo
Task for focus
VisionPrescription patient`

/** Elements that name the patients a resource belongs to, by type; each a path of names. */
export const PATIENT_ELEMENTS: ReadonlyMap<string, readonly (readonly string[])[]> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => {
      const [type = '', ...elements] = line.split(' ')
      return [type, elements.map((element) => element.split('.'))] as const
    }),
)

/** Whether records of this type belong to patients. */
export function isPatientType(type: string): boolean {
  return type === 'Patient' || PATIENT_ELEMENTS.has(type)
}

/** Ids of the patients in whose compartments a resource is. */
export function patientsOf(resource: Record<string, unknown>): string[] {
  const { resourceType, id } = resource
  if (resourceType === 'Patient') return typeof id === 'string' ? [id] : []
  const elements = PATIENT_ELEMENTS.get(String(resourceType)) ?? []
  const references = elements.flatMap((names) => valuesAt(resource, names))
  return references.flatMap((value) => {
    const reference = isRecord(value) && typeof value.reference === 'string' ? value.reference : ''
    return /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(reference)?.[1] ?? []
  })
}

function valuesAt(value: unknown, names: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, names))
  const [name, ...rest] = names
  if (name === undefined) return [value]
  return isRecord(value) && Object.hasOwn(value, name) ? valuesAt(value[name], rest) : []
}

const LITERAL = /(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]*)?$/
const SEARCH = /(?:^|\/)Patient$/

/** The patient that a whole text refers to: an id, or `?` for one that a search would find; undefined for other texts. */
export function patientNamedBy(text: string): string | undefined {
  const whole = text.trim()
  if (/\s/.test(whole)) return undefined
  const end = whole.search(/[?|#]/)
  const place = end < 0 ? whole : whole.slice(0, end)
  if (end < 0 || whole.charAt(end) === '#') return LITERAL.exec(place)?.[1]
  return SEARCH.test(place) ? '?' : undefined
}

/** Elements that may refer to a patient. */
const PATIENT_NAMES: ReadonlySet<string> = new Set(
  [...PATIENT_ELEMENTS.values()].flatMap((elements) => elements.map((names) => names.at(-1) ?? '')),
)

/** Whether an object refers to a patient other than this one, or may: by an identifier, or in an unknown way. */
function refersToOther(value: Record<string, unknown>, patient: string, name: string): boolean {
  const { reference } = value
  if (typeof reference !== 'string') {
    const logical = byIdentifier(value)
    return logical !== undefined && (logical.type === 'Patient' || (!logical.type && PATIENT_NAMES.has(name)))
  }
  const named = patientNamedBy(reference)
  if (named !== undefined) return named !== patient
  return !/^(?:#|[A-Z][A-Za-z]*\/[A-Za-z0-9.-]+$)/.test(reference) && /patient/i.test(reference)
}

/** Whether a value refers to a patient other than this one, anywhere in it. */
export function mentionsOther(value: unknown, patient: string): boolean {
  if (typeof value === 'string') return (patientNamedBy(value) ?? patient) !== patient
  if (Array.isArray(value)) return value.some((item) => mentionsOther(item, patient))
  if (!isRecord(value)) return false
  return refersToOther(value, patient, '') || Object.values(value).some((item) => mentionsOther(item, patient))
}

export const ANOTHER = '(another patient)'

/**
 * The same value without anything that identifies other patients it refers to.
 *
 * @param name the element that holds it
 */
export function withoutOthers(value: unknown, patient: string, name = ''): unknown {
  if (typeof value === 'string') return mentionsOther(value, patient) ? ANOTHER : value
  if (Array.isArray(value)) return value.map((item) => withoutOthers(item, patient, name))
  if (!isRecord(value)) return value
  if (refersToOther(value, patient, name)) return { display: ANOTHER }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutOthers(item, patient, key)]))
}
