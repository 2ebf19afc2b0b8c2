// Rules that Medplum stores as they come and that then do nothing: parts of an AccessPolicy, and Subscriptions.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { parsePlace } from '../../fhir/query.ts'
import { unknownTypes } from './control-checks.ts'

/** Warnings about an AccessPolicy or a Subscription that is stored; none for any other resource. */
export function ruleWarnings(resource: unknown, capability: Capability | undefined): string[] {
  if (!isRecord(resource)) return []
  if (resource.resourceType === 'AccessPolicy')
    return records(resource, 'resource').flatMap((rule, index) => policyRule(rule, index, capability))
  return resource.resourceType === 'Subscription' ? subscription(resource, capability) : []
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
      : []),
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
    ...(sends
      ? []
      : [`Subscription.channel.type ${JSON.stringify(type)}: Medplum sends by rest-hook and websocket only.`]),
    ...(type === 'rest-hook' && !isTarget
      ? ['Subscription.channel.endpoint must be an https address or Bot/ID, or nothing is ever sent.']
      : []),
  ]
}

function ofUnknown(at: string, type: string, capability: Capability | undefined): string[] {
  const unknown = unknownTypes([type], capability)
  return unknown === undefined ? [] : [`${at}: ${unknown} Medplum stores it, and it has no effect.`]
}
