// Writes that Medplum would misread, or store although FHIR forbids the content, found before they are sent.
import { isRecord } from '../../base/json.ts'
import type { Findings } from './control-checks.ts'
import { patchEntryRefusals, patchRefusals } from './patch-checks.ts'

/** Checks what a write sends. @param segments of its path: a type, and the id if there is one */
export function checkContent(method: string, segments: readonly string[], body: unknown, inBundle: boolean): Findings {
  const [type = '', id] = segments
  const refusals = [...(REFUSALS[method]?.(type, id, body, inBundle) ?? []), ...untypedChoices(type, body)]
  const resource = isRecord(body) && method !== 'PATCH' ? body : undefined
  const warnings = resource && refusals.length === 0 ? contentWarnings(method, type, resource) : []
  return { refusals, notes: [], warnings }
}

type Check = (type: string, id: string | undefined, body: unknown, inBundle: boolean) => string[]

const REFUSALS: Record<string, Check> = {
  PATCH(_type, _id, body, inBundle) {
    return inBundle ? patchEntryRefusals(body) : patchRefusals(body)
  },
  PUT(type, id, body) {
    if (id === undefined || !isRecord(body)) return []
    if (body.id === id) return []
    const given = body.id === undefined ? 'has no id' : `has the id ${JSON.stringify(body.id)}`
    return [
      `The resource in the body ${given}, but the path names ${type}/${id}: Medplum refuses that. Start the body with {"resourceType":"${type}","id":"${id}", …} and send the whole resource; to change individual properties, use PATCH.`,
    ]
  },
}

/** Problems that Medplum's validation misses, as in a write. */
export function validatedWarnings(type: string, body: unknown): string[] {
  return isRecord(body) ? contentWarnings('$validate', type, body) : []
}

function contentWarnings(method: string, type: string, resource: Record<string, unknown>): string[] {
  const warnings: string[] = []
  if (method === 'POST' && typeof resource.id === 'string') {
    warnings.push(
      `The id ${JSON.stringify(resource.id)} in the body is ignored: Medplum assigns an id to a new resource. Use the one in the answer.`,
    )
  }
  const choices = CHOICES.filter((stem) => Object.keys(resource).filter((name) => isChoice(name, stem)).length > 1)
  for (const stem of choices) {
    warnings.push(`${type}.${stem}[x] is given in two types. FHIR allows only one, but Medplum stores both.`)
  }
  for (const [property, codes] of Object.entries(Object.hasOwn(CODES, type) ? (CODES[type] ?? {}) : {})) {
    const code = resource[property]
    if (typeof code === 'string' && !codes.split(' ').includes(code)) {
      warnings.push(
        `${type}.${property} ${JSON.stringify(code)} is not a FHIR code, but Medplum stores it unchecked. Known codes: ${codes.replaceAll(' ', ', ')}.`,
      )
    }
  }
  return [...warnings, ...valueWarnings(resource, type)]
}

/** Choice types that clinical resources use, by their stem (FHIR R4, section 2.6.1.4), with the types that are most often meant. */
const TYPES_OF: Record<string, readonly string[]> = {
  abatement: ['DateTime', 'Age'],
  deceased: ['Boolean', 'DateTime'],
  effective: ['DateTime', 'Period'],
  medication: ['CodeableConcept', 'Reference'],
  multipleBirth: ['Boolean', 'Integer'],
  occurrence: ['DateTime', 'Period'],
  onset: ['DateTime', 'Age'],
  performed: ['DateTime', 'Period'],
  reported: ['Boolean', 'Reference'],
  value: ['Quantity', 'CodeableConcept', 'String'],
}
const CHOICES = Object.keys(TYPES_OF)
/** Resources of FHIR R4 that have choices. */
const WITH_CHOICES =
  /^(?:AllergyIntolerance|Condition|FamilyMemberHistory|Immunization|Medication(?:Administration|Dispense|Request|Statement)|Observation|Patient|Procedure|ServiceRequest|DiagnosticReport|RiskAssessment|DeviceRequest|SupplyRequest|SupplyDelivery|ActivityDefinition)$/

/** A choice under its bare name, for which Medplum's message is misleading. */
function untypedChoices(type: string, body: unknown): string[] {
  if (!WITH_CHOICES.test(type) || !isRecord(body) || body.resourceType !== type) return []
  return CHOICES.filter((stem) => Object.hasOwn(body, stem)).map(
    (stem) =>
      `${type}.${stem} is a choice of types, and its name says which: ${(TYPES_OF[stem] ?? []).map((one) => stem + one).join(', ')}, or another that FHIR has for it.`,
  )
}

/** Whether this is a property for a choice of types: `valueString` of `value`. */
export function isChoice(name: string, stem: string): boolean {
  return name.startsWith(stem) && /^[A-Z]/.test(name.slice(stem.length))
}

const GENDER = { gender: 'male female other unknown' }
const REQUEST_STATUS = 'draft active on-hold revoked completed entered-in-error unknown'
const EVENT_STATUS = 'preparation in-progress not-done on-hold stopped completed entered-in-error unknown'

/** Codes of required bindings in the resources most often written; Medplum doesn't enforce any. */
export const CODES: Record<string, Record<string, string>> = {
  Appointment: {
    status: 'proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist',
  },
  CarePlan: { status: REQUEST_STATUS },
  Communication: { status: EVENT_STATUS },
  DiagnosticReport: {
    status: 'registered partial preliminary final amended corrected appended cancelled entered-in-error unknown',
  },
  DocumentReference: { status: 'current superseded entered-in-error' },
  Encounter: {
    status: 'planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown',
  },
  Immunization: { status: 'completed entered-in-error not-done' },
  MedicationRequest: {
    status: 'active on-hold cancelled completed entered-in-error stopped draft unknown',
    intent: 'proposal plan order original-order reflex-order filler-order instance-order option',
  },
  Observation: {
    status: 'registered preliminary final amended corrected cancelled entered-in-error unknown',
  },
  Patient: GENDER,
  Person: GENDER,
  Practitioner: GENDER,
  Procedure: { status: EVENT_STATUS },
  RelatedPerson: GENDER,
  ServiceRequest: {
    status: REQUEST_STATUS,
    intent: 'proposal plan directive order original-order reflex-order filler-order instance-order option',
  },
  Task: {
    status:
      'draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error',
    intent: 'unknown proposal plan order original-order reflex-order filler-order instance-order option',
  },
}

/** A relative, absolute or conditional reference, a contained resource, an entry of the same Bundle, or a variable of a policy. */
const REFERENCE =
  /^(#|urn:(uuid|oid):|https?:\/\/|[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}(\/_history\/[A-Za-z0-9.-]{1,64})?$|[A-Z][A-Za-z]+\?.|system$|%\w)/
const MAX_DEPTH = 20
const MAX_WARNINGS = 5

/** Walks the values: empty texts, and references that lead nowhere. */
function valueWarnings(value: unknown, path: string, depth = 0): string[] {
  if (depth > MAX_DEPTH) return []
  if (Array.isArray(value)) {
    return value
      .flatMap((one: unknown, index) => valueWarnings(one, `${path}[${index}]`, depth + 1))
      .slice(0, MAX_WARNINGS)
  }
  if (!isRecord(value)) {
    return value === ''
      ? [`${path} is an empty string. FHIR forbids that, but Medplum stores it. Leave the property out.`]
      : []
  }
  return Object.entries(value)
    .flatMap(([name, one]) => {
      if (name === 'reference' && typeof one === 'string' && one !== '' && !REFERENCE.test(one)) {
        return [
          `${path}.reference ${JSON.stringify(one)} is not a reference, but Medplum stores it. Write Type/ID, for example Patient/123.`,
        ]
      }
      return valueWarnings(one, `${path}.${name}`, depth + 1)
    })
    .slice(0, MAX_WARNINGS)
}
