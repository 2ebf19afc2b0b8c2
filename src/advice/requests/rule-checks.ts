// Rules that Medplum stores but that have no effect: parts of an AccessPolicy, and Subscriptions.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { type Capability, nearest } from '../../fhir/capability.ts'
import { CONTROLS, meaningOf, parsePlace } from '../../fhir/query.ts'
import { unknownTypes } from './control-checks.ts'

/** Warnings about an AccessPolicy or a Subscription that is stored; none for any other resource. */
export function ruleWarnings(resource: unknown, capability: Capability | undefined): string[] {
  if (!isRecord(resource)) return []
  if (resource.resourceType === 'AccessPolicy')
    return records(resource, 'resource').flatMap((rule, index) => policyRule(rule, index, capability))
  return resource.resourceType === 'Subscription' ? subscription(resource, capability) : []
}

/** Whether a body, or an entry of it, is such a rule: it can only be checked if the server's capability is known. */
export function holdsRule(body: unknown): boolean {
  const resources = [body, ...records(body, 'entry').map(({ resource }) => resource)]
  return resources.some(
    (one) => isRecord(one) && (one.resourceType === 'AccessPolicy' || one.resourceType === 'Subscription'),
  )
}

const INTERACTIONS: ReadonlySet<string> = new Set('create read vread update delete history search'.split(' '))

function policyRule(rule: Record<string, unknown>, index: number, capability: Capability | undefined): string[] {
  const at = `AccessPolicy.resource[${index}]`
  const type = scalarText(rule.resourceType)
  const criteria = scalarText(rule.criteria)
  const of = parsePlace(criteria).segments[0]
  const wrong = textList(rule.interaction).filter((one) => !INTERACTIONS.has(one))
  return [
    ...(type === '*' ? [] : ofUnknown(`${at}.resourceType`, type, capability)),
    ...(criteria !== '' && type !== '*' && of !== type
      ? [`${at}.criteria is a search of ${of}, not of ${type}: the rule then lets nothing through. Write ${type}?….`]
      : criteriaOf(`${at}.criteria`, criteria, capability)),
    ...(wrong.length > 0
      ? [`${at}.interaction: Medplum knows no ${wrong.join(', ')}. Known are ${[...INTERACTIONS].join(', ')}.`]
      : []),
  ]
}

function subscription({ criteria, channel }: Record<string, unknown>, capability: Capability | undefined): string[] {
  const { type, endpoint } = isRecord(channel) ? channel : {}
  const sends = type === 'rest-hook' || type === 'websocket'
  const isTarget = /^https?:\/\/.|^Bot\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(scalarText(endpoint))
  return [
    ...ofUnknown('Subscription.criteria', parsePlace(scalarText(criteria)).segments[0] ?? '', capability),
    ...criteriaOf('Subscription.criteria', scalarText(criteria), capability),
    ...(sends
      ? []
      : [`Subscription.channel.type ${JSON.stringify(type)}: Medplum sends by rest-hook and websocket only.`]),
    ...(type === 'rest-hook' && !isTarget
      ? ['Subscription.channel.endpoint must be an https address or Bot/ID, or nothing is ever sent.']
      : []),
  ]
}

/** Search parameters that a type doesn't have; none if the server doesn't list them. */
function criteriaOf(at: string, criteria: string, capability: Capability | undefined): string[] {
  const { segments, parameters } = parsePlace(criteria)
  return parameters.flatMap(({ key }) => {
    const { types: [type, ...others] = [], name } = meaningOf(key, segments.slice(0, 1), capability)
    const known = type && others.length === 0 ? capability?.searchParams(type) : undefined
    const isTold = known && capability && known.size > capability.searchParams('').size
    if (!isTold || CONTROLS.has(name) || known.has(name)) return []
    const near = nearest(name, known.keys(), 2)
    return [
      `${at}: ${type} has no search parameter ${JSON.stringify(name)}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '.'} Medplum stores the criteria unchecked, and they then match nothing.`,
    ]
  })
}

function ofUnknown(at: string, type: string, capability: Capability | undefined): string[] {
  const unknown = unknownTypes([type], capability)
  return unknown === undefined ? [] : [`${at}: ${unknown} Medplum stores it, and it has no effect.`]
}
