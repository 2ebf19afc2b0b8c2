// Operations that Medplum fails on, or answers with success although they did nothing, or something other than intended.

import { isRecord, records, scalarText } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { type Asked, criterion, type Place } from '../../fhir/query.ts'
import { botWritten, deployed, initialised } from './bot-checks.ts'
import { type Checked, none, refuse } from './checked.ts'
import { checkPaging, unknownTypes } from './control-checks.ts'

type OperationCheck = (asked: Asked, place: Place, capability: Capability | undefined) => Partial<Checked>

/** By the operation's name, for types that have it; writes are listed by type. */
const OPERATION_CHECKS: readonly (readonly [type: RegExp, operation: string | undefined, check: OperationCheck])[] = [
  [/^/, '$everything', everything],
  [/^/, '$export', exported],
  [/^Agent$/, '$push', pushed],
  [/^Bot$/, '$deploy', deployed],
  [/^Bot$/, '$init', initialised],
  [/^Bot$/, undefined, botWritten],
  [/^[^$]/, '$validate', validated],
  [/^\$validate$/, '$validate', validatedNowhere],
]

/** Checks an operation, or a write of a type with its own rules. */
export function checkOperation(asked: Asked, place: Place, capability: Capability | undefined): Checked {
  const [type = ''] = place.segments
  const last = place.segments.at(-1)
  const operation = last?.startsWith('$') ? last : undefined
  const check = OPERATION_CHECKS.find(([types, name]) => types.test(type) && name === operation)?.[2]
  return { ...none(), ...check?.(asked, place, capability) }
}

function everything({ method }: Asked, place: Place): Partial<Checked> {
  const types = place.parameters.filter(({ key }) => key === '_type')
  const paging = checkPaging(place.parameters)
  if (paging.refusals.length > 0 || method !== 'GET' || types.length !== 1) return paging
  const names = types[0]?.value.split(',').filter(Boolean) ?? []
  const rest = place.parameters.filter(({ key }) => key !== '_type')
  if (names.length > 1) {
    const parameters = [...rest, ...names.map((name) => criterion('_type', name))]
    return {
      ...paging,
      notes: ['`_type` was sent as one parameter for each type: Medplum fails on a list (400).'],
      place: { ...place, parameters },
    }
  }
  const [owner, id] = place.segments
  return refuse(
    `\`path\`: Medplum fails on $everything with a single \`_type\` in the query (400). Send POST ${place.segments.join('/')} with the body {"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"${names[0] ?? 'Observation'}"}]}, or search ${names[0] ?? 'Observation'}?_compartment=${owner}/${id}.`,
  )
}

function exported(_asked: Asked, { parameters }: Place, capability: Capability | undefined): Partial<Checked> {
  const since = parameters.find(({ key }) => key === '_since')?.value
  if (since !== undefined && !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(since)) {
    return refuse(
      `\`_since=${since}\` is not an instant: Medplum would accept it and the export would never finish. Write, for example, _since=2024-01-01T00:00:00Z.`,
    )
  }
  const types = parameters.filter(({ key }) => key === '_type').flatMap(({ value }) => value.split(','))
  const unknown = unknownTypes(types, capability)
  return unknown ? refuse(`\`_type\`: ${unknown} Medplum would accept the export and leave it out.`) : none()
}

/** `Agent/$push` reads only texts from Parameters. Anything else would be ignored, and with it the request to wait. */
function pushed({ body }: Asked): Partial<Checked> {
  const unseen = records(body, 'parameter').filter(({ valueString }) => valueString === undefined)
  if (unseen.length === 0) return {}
  return {
    refusals: [
      `For Agent/$push, Medplum reads only valueString from Parameters and would ignore ${unseen.map(({ name }) => String(name)).join(', ')}. Send the body as plain JSON: {"destination":"Device/ID","contentType":"x-application/hl7-v2+er7","body":"MSH|…","waitForResponse":true}.`,
    ],
  }
}

function validatedNowhere({ body }: Asked): Partial<Checked> {
  const type = scalarText(isRecord(body) ? body.resourceType : '') || 'Patient'
  return { refusals: [`$validate needs a type before it: POST ${type}/$validate.`] }
}

/** Medplum validates the body by its own type and profiles, and ignores parameters. */
function validated({ body }: Asked, { segments, parameters }: Place): Partial<Checked> {
  const [type = ''] = segments
  const profile =
    parameters.find(({ key }) => key === 'profile')?.value ??
    records(body, 'parameter').flatMap(({ name, ...value }) => (name === 'profile' ? Object.values(value) : []))[0]
  const how = `Send the ${type} itself as the body${profile === undefined ? '' : `, with "meta":{"profile":[${JSON.stringify(profile)}]}`}.`
  const given = isRecord(body) ? body.resourceType : undefined
  if (given === 'Parameters' && type !== 'Parameters') {
    return {
      refusals: [`Medplum would check the Parameters resource, not the ${type} in it against its profile. ${how}`],
    }
  }
  if (profile !== undefined) return { refusals: [`Medplum ignores \`profile\` on $validate. ${how}`] }
  if (typeof given === 'string' && given !== type) {
    return {
      refusals: [
        `Medplum would validate the body as a ${given}, not as a ${type}. Send a ${type}, or POST ${given}/$validate.`,
      ],
    }
  }
  return {}
}
