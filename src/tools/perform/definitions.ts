// Warns about definitions (code systems, profiles, bots) that an answer depends on and the server lacks. They are requested once and
// cached for a while.

import { aboutContent, codesBehind, codesBehindValueSet } from '../../advice/replies/terminology.ts'
import { isRule, ruleWarnings } from '../../advice/requests/rule-checks.ts'
import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { Latest } from '../../base/latest.ts'
import { loadCapability } from '../../client/load-capability.ts'
import type { FhirResponse } from '../../client/request.ts'
import { criterion, formatPlace, parsePlace, type QueryParameter } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'

/** Sentences about definitions that a request and its answer depend on and the server lacks. Sends nothing if there are none. */
export async function unmet(
  request: Prepared['asked'],
  answer: Pick<FhirResponse, 'status' | 'body'>,
  context: ToolContext,
): Promise<string[]> {
  const stored = request.method === 'PATCH' ? [answer.body] : storedBy(request)
  const both = [unloadedCodes(request, answer, context), unmetByRecords(stored, context)]
  return (await Promise.all(both)).flat()
}

/** The records of a request, or of a batch's entries. */
export function storedBy({ path, body }: Prepared['asked']): unknown[] {
  return parsePlace(path).segments.length === 0 ? resourcesIn(body) : [body]
}

/** Sentences about definitions that records name and the server lacks. */
export async function unmetByRecords(given: readonly unknown[], context: ToolContext): Promise<string[]> {
  const stored = given.filter(isRecord)
  const profiles = stored.flatMap(profilesOf)
  const within = stored.flatMap((one) => [...records(one, 'contained'), ...resourcesIn(one)])
  const rules = stored.some(isRule) ? await loadCapability(context.caller.medplum.fhirBase, context.fhir) : undefined
  const bots = stored.flatMap((one) => botOf(one) ?? [])
  const found = [
    about(profiles, (profile) => aboutProfile(profile, context)),
    about(bots, (bot) => aboutBot(bot, context)),
  ]
  return [
    ...stored.flatMap((one) => ruleWarnings(one, rules)),
    ...(await Promise.all(found)).flat(),
    ...(within.some(hasProfile) ? [NOT_WITHIN] : []),
  ]
}

const NOT_WITHIN =
  'Medplum checks a resource inside another (in a Bundle, or contained) only against plain FHIR R4, not against its own meta.profile. Check each with POST TYPE/$validate.'

const resourcesIn = (bundle: unknown) => records(bundle, 'entry').map(({ resource }) => resource)
const profilesOf = (one: unknown) => (isRecord(one) && isRecord(one.meta) ? textList(one.meta.profile) : [])
const hasProfile = (one: unknown) => profilesOf(one).length > 0

// ── Codes ──

/** Sentences about code systems that aren't loaded, and parts of definitions that Medplum ignores. */
export async function unloadedCodes(
  request: Prepared['asked'],
  answer: Pick<FhirResponse, 'status' | 'body'>,
  context: ToolContext,
): Promise<string[]> {
  const { systems, valueSets, aside } = codesBehind(request, answer)
  const sets = [...new Set(valueSets)]
  // `sets` grows during the loop, by the value sets that these include.
  for (const set of sets) {
    const found = await first('ValueSet', byUrl(set), 'url,compose', context)
    const within = codesBehindValueSet(found === 'unknown' ? undefined : found, answer.body)
    systems.push(...within.systems)
    aside.push(...within.aside)
    for (const one of within.valueSets) if (!sets.includes(one) && sets.length < MAX_ASKED) sets.push(one)
  }
  const unloaded = await about(systems, async (system) => {
    const id = /^CodeSystem\/(.+)$/.exec(system)?.[1]
    const found = await first(
      'CodeSystem',
      id === undefined ? byUrl(system) : [criterion('_id', id)],
      'content',
      context,
    )
    if (found === 'unknown')
      return `This server could not find out whether the codes of ${system} are loaded in Medplum: don't rely on this answer.`
    return aboutContent(system, found && scalarText(found.content))
  })
  return [...aside, ...unloaded]
}

// ── Profiles ──

const PLAIN = 'Only plain FHIR R4 was checked.'

/** Medplum doesn't validate against a profile that it doesn't have. */
async function aboutProfile(profile: string, context: ToolContext): Promise<string | undefined> {
  const [plain = '', version] = profile.split('|', 2)
  if (version !== undefined)
    return `Not checked against the profile ${profile}: Medplum treats the version as part of the address. Write ${plain}. ${PLAIN}`
  const found = await first('StructureDefinition', byUrl(profile), 'url', context)
  if (found !== undefined && found !== 'unknown') return undefined
  const why = found === undefined ? 'Medplum does not have it' : 'it is unknown whether Medplum has it'
  return `Not checked against the profile ${profile}: ${why}. ${PLAIN}`
}

// ── Bots ──

const BOT = /^Bot\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
const INIT =
  'POST Bot/$init with {"name":"…"} creates a Bot that can run (for project admins), and so does the Medplum App under Project > Bots.'

/** The Bot that a Subscription sends to. */
function botOf({ resourceType, channel }: Record<string, unknown>): string | undefined {
  const endpoint = resourceType === 'Subscription' && isRecord(channel) ? scalarText(channel.endpoint) : ''
  return BOT.test(endpoint) ? endpoint : undefined
}

/** Medplum stores a Subscription to any Bot; one that can't run fails silently. */
async function aboutBot(bot: string, context: ToolContext): Promise<string | undefined> {
  const byId = [criterion('_id', bot.slice('Bot/'.length))]
  const found = await first('Bot', byId, 'runAsUser', context)
  if (found === undefined)
    return `Subscription.channel.endpoint: there is no ${bot} here, or you may not see it. ${INIT}`
  // Such a Bot runs with the rights of whoever changes a record.
  if (found !== 'unknown' && found.runAsUser === true) return undefined
  const member =
    found === 'unknown' ? found : await first('ProjectMembership', [criterion('profile', bot)], 'profile', context)
  if (member === undefined)
    return `Subscription.channel.endpoint: ${bot} has no ProjectMembership, so Medplum never runs it for a Subscription, and reports no error. ${INIT}`
  if (member !== 'unknown') return undefined
  return `It is unknown whether ${bot} can run for a Subscription: it needs a ProjectMembership, which only project admins can see. ${INIT}`
}

// ── Asking ──

const MAX_ASKED = 20

async function about(names: readonly string[], say: (name: string) => Promise<string | undefined>): Promise<string[]> {
  const different = [...new Set(names)].slice(0, MAX_ASKED)
  return (await Promise.all(different.map(say))).filter((one) => one !== undefined)
}

const KEPT_MS = 600_000
const MAX_KEPT = 1000
/** Cache by person and request, since another person may see other definitions. Missing ones aren't cached, as they may be added. */
const kept = new Latest<{ at: number; found: Record<string, unknown> }>(MAX_KEPT)

/** The first match of a search, with some of its elements; undefined if there is none. */
async function first(
  type: string,
  search: readonly QueryParameter[],
  elements: string,
  { caller, fhir, signal }: ToolContext,
): Promise<Record<string, unknown> | undefined | 'unknown'> {
  const parameters = [...search, criterion('_elements', elements), criterion('_count', '1')]
  const path = formatPlace({ segments: [type], parameters })
  const { fhirBase, project, profile } = caller.medplum
  const key = [fhirBase.href, project, profile, caller.grantId, path].join(' ')
  const known = kept.get(key)
  if (known && Date.now() - known.at < KEPT_MS) return known.found
  try {
    const { body } = await fhir.send({ method: 'GET', path, repeatable: true, signal })
    const found = records(body, 'entry').flatMap(({ resource }) => (isRecord(resource) ? [resource] : []))[0]
    if (found === undefined) return undefined
    kept.set(key, { at: Date.now(), found })
    return found
  } catch {
    // If the definition can't be read, the answer is given without a warning.
    return 'unknown'
  }
}

/** The one that Medplum chooses among several. */
function byUrl(address: string): QueryParameter[] {
  // A comma separates values (FHIR R4, section 3.1.1.4.0.3).
  const escaped = (address.split('|', 1)[0] ?? '').replaceAll(/[\\$,|]/g, String.raw`\$&`)
  return [criterion('url', escaped), criterion('_sort', '-version,-date')]
}
