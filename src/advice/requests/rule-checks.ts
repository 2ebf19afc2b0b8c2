// Rules that Medplum stores but that have no effect: parts of an AccessPolicy, and Subscriptions.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { type Capability, nearest } from '../../fhir/capability.ts'
import { CONTROLS, kindsOf, meaningOf, parsePlace } from '../../fhir/query.ts'
import { parseSearchDate } from '../../fhir/search-dates.ts'
import { elementOf, unknownTypes } from './control-checks.ts'
import { checkSearch } from './search-checks.ts'

/** Warnings about an AccessPolicy or a Subscription that is stored; none for any other resource. */
export function ruleWarnings(resource: Record<string, unknown>, capability: Capability | undefined): string[] {
  if (resource.resourceType === 'AccessPolicy')
    return records(resource, 'resource').flatMap((rule, index) => policyRule(rule, index, capability))
  return resource.resourceType === 'Subscription' ? subscription(resource, capability) : []
}

/** Whether this is such a rule: it can only be checked if the server's capability is known. */
export function isRule({ resourceType }: Record<string, unknown>): boolean {
  return resourceType === 'AccessPolicy' || resourceType === 'Subscription'
}

const INTERACTIONS: ReadonlySet<string> = new Set('create read vread update delete history search'.split(' '))

function policyRule(rule: Record<string, unknown>, index: number, capability: Capability | undefined): string[] {
  const path = `AccessPolicy.resource[${index}]`
  const type = scalarText(rule.resourceType)
  const criteria = scalarText(rule.criteria)
  const of = parsePlace(criteria).segments[0]
  const wrong = textList(rule.interaction).filter((one) => !INTERACTIONS.has(one))
  return [
    ...(type === '*' ? [] : ofUnknown(`${path}.resourceType`, type, capability)),
    ...(criteria !== '' && type !== '*' && of !== type
      ? [`${path}.criteria searches ${of}, not ${type}: such a rule allows nothing. Write ${type}?….`]
      : [
          ...unknownIn(`${path}.criteria`, criteria, `each read and search of ${type} then fails`, capability),
          ...misread(`${path}.criteria`, criteria, capability),
        ]),
    ...[...textList(rule.hiddenFields), ...textList(rule.readonlyFields)].flatMap((name) =>
      elementOf(name) === name.split('.', 1)[0]
        ? []
        : [`${path}: ${JSON.stringify(name)} is not an element, so this has no effect. Write ${elementOf(name)}.`],
    ),
    ...(wrong.length > 0
      ? [`${path}.interaction: Medplum has no ${wrong.join(', ')}. It has ${[...INTERACTIONS].join(', ')}.`]
      : []),
  ]
}

function subscription(
  { status, criteria, channel }: Record<string, unknown>,
  capability: Capability | undefined,
): string[] {
  const { type, endpoint } = isRecord(channel) ? channel : {}
  const sends = type === 'rest-hook' || type === 'websocket'
  const isTarget = /^https?:\/\/.|^Bot\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(scalarText(endpoint))
  const [of = '', id] = parsePlace(scalarText(criteria)).segments
  return [
    ...(of === '' ? [] : ofUnknown('Subscription.criteria', of, capability)),
    ...(id === undefined ? [] : [`Subscription.criteria is a search: write ${of}?_id=${id}.`]),
    ...(status === 'active'
      ? []
      : [`Subscription.status ${JSON.stringify(status)}: Medplum sends only what is "active".`]),
    ...unknownIn('Subscription.criteria', scalarText(criteria), 'they then match nothing', capability),
    ...unmatched(scalarText(criteria), capability),
    ...(sends
      ? []
      : [`Subscription.channel.type ${JSON.stringify(type)}: Medplum sends only by rest-hook and websocket.`]),
    ...(type === 'rest-hook' && /^http:/.test(scalarText(endpoint))
      ? ['Subscription.channel.endpoint: Medplum sends only to https addresses, unless the server allows http.']
      : []),
    ...(type === 'rest-hook' && !isTarget
      ? ['Subscription.channel.endpoint must be an https address or Bot/ID, or nothing is ever sent.']
      : []),
  ]
}

/** Search parameters that a type doesn't have; none if the server doesn't list them. */
function unknownIn(path: string, criteria: string, effect: string, capability: Capability | undefined): string[] {
  return filtersOf(criteria, capability).flatMap(({ meaning: { types: [type, ...others] = [], name } }) => {
    const known = type && others.length === 0 ? capability?.searchParams(type) : undefined
    const isTold = known && capability && known.size > capability.searchParams('').size
    if (!isTold || known.has(name)) return []
    const near = nearest(name, known.keys(), 2)
    return [
      `${path}: ${type} has no search parameter ${JSON.stringify(name)}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '.'} Medplum stores the criteria unchecked, and ${effect}.`,
    ]
  })
}

function filtersOf(criteria: string, capability: Capability | undefined) {
  const { segments, parameters } = parsePlace(criteria)
  const filters = parameters.filter(({ key }) => !CONTROLS.has(key.split(':', 1)[0] ?? ''))
  return filters.map((parameter) => {
    const meaning = meaningOf(parameter.key, segments.slice(0, 1), capability)
    return { parameter, meaning, kinds: kindsOf(meaning, capability) }
  })
}

/** Criteria that a policy's searches would misread, or that fail. Medplum replaces values with %. */
function misread(path: string, criteria: string, capability: Capability | undefined): string[] {
  const { segments, parameters } = parsePlace(criteria)
  const fixed = parameters.filter(({ value }) => !value.includes('%'))
  const { refusals, notes } = checkSearch({ types: segments.slice(0, 1), parameters: fixed, capability })
  const noDates = filtersOf(criteria, capability).filter(
    ({ parameter: { value }, meaning, kinds }) =>
      kinds.has('date') && !meaning.modifier && !value.includes('%') && !value.split(',').every(parseSearchDate),
  )
  return [
    ...[...refusals, ...notes.map((note) => note.replace(' was sent as ', ' must be '))].map(
      (said) => `${path}: ${said}`,
    ),
    ...noDates.map(({ parameter: { key, value } }) => `${path}: \`${key}=${value}\` is not a date, so the rule fails.`),
  ]
}

/** Medplum matches Subscriptions in memory, where it supports less than in a search. */
const MATCHED: ReadonlySet<string> = new Set(['date', 'reference', 'string', 'token', 'uri'])

function unmatched(criteria: string, capability: Capability | undefined): string[] {
  return filtersOf(criteria, capability).flatMap(({ parameter: { key }, meaning, kinds }) => {
    if (!meaning.nested && (kinds.size === 0 || [...kinds].some((kind) => MATCHED.has(kind)))) return []
    const what = meaning.nested ? 'through references' : `by ${[...kinds].join(', ')}`
    return [
      `Subscription.criteria: Medplum does not match Subscriptions ${what}, so with \`${key}\` this Subscription never fires. Match by a code, a status or a reference, and let the receiver check the rest.`,
    ]
  })
}

function ofUnknown(path: string, type: string, capability: Capability | undefined): string[] {
  const unknown = unknownTypes([type], capability)
  return unknown === undefined ? [] : [`${path}: ${unknown} Medplum stores it, and it has no effect.`]
}
