// Writes that Medplum would misread, or store although FHIR forbids the content, found before they are sent.
import { isRecord, records } from '../../base/json.ts'
import { operationsOf } from '../../fhir/json-patch.ts'
import type { Findings } from './control-checks.ts'

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
    return inBundle ? patchEntry(body) : patch(body)
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

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test']

/** `name[0].family` as a JSON Pointer; what is one stays. */
function pointerOf(path: string): string {
  const isDotted = /^\/?\w+(?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)+$|^\w+(?:\[\d+\])?$/.test(path)
  return isDotted
    ? `/${path
        .replace(/^\//, '')
        .replaceAll(/\[(\d+)\]/g, '/$1')
        .replaceAll('.', '/')}`
    : path
}

/** Operations whose paths are no JSON Pointers, or that JSON Patch doesn't have. */
function patchOperations(operations: readonly unknown[]): string[] {
  const unknown = operations.flatMap((one) =>
    isRecord(one) && typeof one.op === 'string' && !OPERATIONS.includes(one.op) ? [one.op.slice(0, 40)] : [],
  )
  if (unknown.length > 0)
    return [
      `JSON Patch has no operation ${JSON.stringify(unknown[0])}. It has ${OPERATIONS.join(', ')}; "add" also replaces.`,
    ]
  const right = operations.map((one) =>
    isRecord(one) && typeof one.path === 'string' ? { ...one, path: pointerOf(one.path) } : one,
  )
  return JSON.stringify(right) === JSON.stringify(operations)
    ? []
    : [`The path of a JSON Patch is a JSON Pointer, such as /name/0/family. Write ${JSON.stringify(right)}.`]
}

function patch(body: unknown): string[] {
  if (Array.isArray(body)) return patchOperations(body)
  if (!isRecord(body)) return [`PATCH needs a JSON Patch array as \`body\`, for example ${PATCH_EXAMPLE}.`]
  const isFhirPath = body.resourceType === 'Parameters' && operationsOf(body) === undefined
  const what = isFhirPath ? 'a FHIRPath Patch' : 'an object'
  const hint = isFhirPath ? FHIRPATH_HINT : ''
  return [`PATCH takes a JSON Patch array (RFC 6902), not ${what}. Write ${asJsonPatch(body) ?? PATCH_EXAMPLE}.${hint}`]
}

const FHIRPATH_HINT =
  ' Patient.name[0].family is the path /name/0/family; to add an item to a list, end the path in /-, as in /name/-.'

/** An entry holds a resource, so Medplum takes the patch as Parameters, or as a Binary in base64. */
function patchEntry(body: unknown): string[] {
  if (isRecord(body) && operationsOf(body) !== undefined) return []
  const operations: unknown = JSON.parse(
    (Array.isArray(body) ? JSON.stringify(body) : asJsonPatch(body)) ?? PATCH_EXAMPLE,
  )
  const parameters = { resourceType: 'Parameters', parameter: (operations as unknown[]).map(asParameter) }
  return [
    `a PATCH in a Bundle takes its operations as Parameters: ${JSON.stringify(parameters)}, where the value is JSON text.`,
  ]
}

function asParameter(operation: unknown): Record<string, unknown> {
  const part = Object.entries(isRecord(operation) ? operation : {}).map(([name, value]) =>
    name === 'op'
      ? { name, valueCode: value }
      : { name, valueString: name === 'value' ? JSON.stringify(value) : value },
  )
  return { name: 'operation', part }
}

/** Every resource takes it, whatever is there. */
export const PATCH_EXAMPLE = '[{"op":"add","path":"/language","value":"en"}]'

/**
 * An object meant as a patch, as JSON Patch: one operation, a list of them under a name, the Parameters of a Bundle's entry, a
 * FHIRPath Patch, or the properties to set.
 *
 * @returns undefined if that would mean something else
 */
export function asJsonPatch(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined
  const operations = isOperation(body) ? [body] : (listIn(body) ?? operationsIn(body) ?? setting(body))
  return operations && JSON.stringify(operations)
}

const isOperation = (one: unknown) => isRecord(one) && typeof one.op === 'string' && typeof one.path === 'string'

/** The operations that an object has under a name, such as `operations`. */
function listIn(body: Record<string, unknown>): unknown[] | undefined {
  const [list, ...others] = Object.values(body).filter((value) => typeof value !== 'string')
  return others.length === 0 && Array.isArray(list) && list.length > 0 && list.every(isOperation) ? list : undefined
}

/** The operations of Parameters: those of a Bundle's entry, or of a FHIRPath Patch (FHIR R4, section 2.1.0.7.1). */
function operationsIn(body: Record<string, unknown>): unknown[] | undefined {
  if (body.resourceType !== 'Parameters') return undefined
  const given = operationsOf(body)
  if (given) return given
  const operations = records(body, 'parameter').map(({ part }) => fhirPathOperation(part))
  return operations.length > 0 && operations.every((one) => one !== undefined) ? operations : undefined
}

function fhirPathOperation(given: unknown): unknown {
  const parts: Record<string, unknown> = Object.fromEntries(
    records({ given }, 'given').map((part) => [part.name, Object.entries(part).find(([key]) => key !== 'name')?.[1]]),
  )
  const { type, path, name, value } = parts
  if (typeof path !== 'string' || !/^[A-Z]\w*(\.\w+|\[\d+\])*$/.test(path)) return undefined
  const at = path.replace(/^\w+/, '').replaceAll(/\.(\w+)|\[(\d+)\]/g, '/$1$2')
  if (type === 'delete' && at !== '') return { op: 'remove', path: at }
  if (value === undefined) return undefined
  if (type === 'replace' && at !== '') return { op: 'replace', path: at, value }
  return type === 'add' && typeof name === 'string' ? { op: 'add', path: `${at}/${name}`, value } : undefined
}

/** The JSON Patch that sets the properties of a flat object. */
function setting(body: Record<string, unknown>): unknown[] | undefined {
  const properties = Object.entries(body).filter(([name]) => name !== 'resourceType' && name !== 'id')
  const isFlat = body.resourceType !== 'Parameters' && !properties.some(([, value]) => isRecord(value))
  if (!isFlat || properties.length === 0 || properties.length > 20) return undefined
  return properties.map(([name, value]) => {
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    // `add` also replaces a property that is there.
    return value === null ? { op: 'remove', path } : { op: 'add', path, value }
  })
}

/** What Medplum's own check lets pass, as it does in a write. */
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
/** Resources of FHIR R4 that have one. */
const WITH_CHOICES =
  /^(?:AllergyIntolerance|Condition|FamilyMemberHistory|Immunization|Medication(?:Administration|Dispense|Request|Statement)|Observation|Patient|Procedure|ServiceRequest|DiagnosticReport|RiskAssessment|DeviceRequest|SupplyRequest|SupplyDelivery|ActivityDefinition)$/

/** A choice under its bare name: Medplum's words for that lead astray. */
function untypedChoices(type: string, body: unknown): string[] {
  if (!WITH_CHOICES.test(type) || !isRecord(body) || body.resourceType !== type) return []
  return CHOICES.filter((stem) => Object.hasOwn(body, stem)).map(
    (stem) =>
      `${type}.${stem} is a choice of types, and its name says which: ${(TYPES_OF[stem] ?? []).map((one) => stem + one).join(', ')}, or another that FHIR has for it.`,
  )
}

function isChoice(name: string, stem: string): boolean {
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
function valueWarnings(value: unknown, at: string, depth = 0): string[] {
  if (depth > MAX_DEPTH) return []
  if (Array.isArray(value)) {
    return value
      .flatMap((one: unknown, index) => valueWarnings(one, `${at}[${index}]`, depth + 1))
      .slice(0, MAX_WARNINGS)
  }
  if (!isRecord(value)) {
    return value === ''
      ? [`${at} is an empty string. FHIR forbids that, but Medplum stores it. Leave the property out.`]
      : []
  }
  return Object.entries(value)
    .flatMap(([name, one]) => {
      if (name === 'reference' && typeof one === 'string' && one !== '' && !REFERENCE.test(one)) {
        return [
          `${at}.reference ${JSON.stringify(one)} is not a reference, but Medplum stores it. Write Type/ID, for example Patient/123.`,
        ]
      }
      return valueWarnings(one, `${at}.${name}`, depth + 1)
    })
    .slice(0, MAX_WARNINGS)
}
