// Answers about codes whose code system isn't on the server, or only in part. They look like any other answer.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { type Asked, type Place, parsePlace } from '../../fhir/query.ts'
import { type Answer, exchanges } from './exchange.ts'

/** What is known of a code system: its `content` (FHIR R4, CodeSystemContentMode); undefined if the server has none. */
type Content = string | undefined

/** The code systems, by url or as `CodeSystem/ID`, and the value sets within others, on which an answer depends. */
interface Codes {
  systems: string[]
  valueSets: string[]
  /** Sentences about parts of a definition that Medplum ignores. */
  aside: string[]
}

/** What an answer depends on. Pure, and never throws. */
export function codesBehind(asked: Asked, answer: Answer): Codes {
  const found = exchanges(asked, answer).map(([one, { body: its }]) => {
    const place = parsePlace(one.path)
    const behind = BEHIND[`${place.segments[0]} ${place.segments.at(-1)}`]
    return behind && place.segments.length <= 3 ? behind(inputOf(one, place), its, place) : []
  })
  const codes = found.map((one) => (Array.isArray(one) ? { systems: one, valueSets: [], aside: [] } : one))
  return {
    systems: codes.flatMap(({ systems }) => systems).flatMap(withoutVersion),
    valueSets: codes.flatMap(({ valueSets }) => valueSets),
    aside: codes.flatMap(({ aside }) => aside),
  }
}

function withoutVersion(system: string): string[] {
  const plain = system.split('|', 1)[0]
  return plain ? [plain] : []
}

/**
 * What a value set includes from elsewhere: whole code systems, or codes of theirs that the expansion lacks.
 *
 * @param expanded the value set with its expansion, or another one that includes it
 */
export function codesBehindValueSet(valueSet: unknown, expanded: unknown): Codes {
  const { compose } = isRecord(valueSet) ? valueSet : {}
  const { expansion } = isRecord(expanded) ? expanded : {}
  const there = new Set(records(expansion, 'contains').map(({ system, code }) => `${system}|${code}`))
  const includes = records(compose, 'include')
  const isOpen = ({ system, concept }: Record<string, unknown>) =>
    concept === undefined || records({ concept }, 'concept').some(({ code }) => !there.has(`${system}|${code}`))
  return {
    systems: includes.filter(isOpen).map(systemOf).flatMap(withoutVersion),
    valueSets: includes.flatMap(({ valueSet: sets }) => textList(sets)),
    aside: asideOf(scalarText(isRecord(valueSet) ? valueSet.url : ''), compose),
  }
}

const FILTERS: ReadonlySet<unknown> = new Set(['=', 'in', 'is-a', 'descendent-of'])

/** What Medplum does not read in the definition of a value set. */
function asideOf(url: string, compose: unknown): string[] {
  const includes = records(compose, 'include')
  const operators = includes.flatMap(({ filter }) => records({ filter }, 'filter').map(({ op }) => op))
  const unread = [...new Set(operators)].filter((op) => !FILTERS.has(op)).map(String)
  const say = (text: string) => `ValueSet ${url}: ${text}`
  return [
    ...(records(compose, 'exclude').length > 0
      ? [say('Medplum ignores compose.exclude, so the codes that it excludes are included here.')]
      : []),
    ...(unread.length > 0
      ? [
          say(
            `Medplum has no filter ${unread.join(', ')}, so all codes that an include with such a filter selects are missing here.`,
          ),
        ]
      : []),
    ...(includes.some(({ system, valueSet }) => system !== undefined && valueSet !== undefined)
      ? [
          say(
            'if an include names both a system and value sets, Medplum returns all codes in the value sets, not only those in the system too.',
          ),
        ]
      : []),
  ]
}

/** Maximum number of codes that Medplum counts, unless `count` is lower; fewer still for a search by text. */
const MAX_EXPANSION = 1000
const MAX_FILTERED = 10

/** Medplum stops expanding after the codes that it returns, and calls them the total. */
export function partialExpansion(asked: Asked, place: Place, { body }: Answer): string[] {
  const { segments } = place
  if (segments[0] !== 'ValueSet' || segments.at(-1) !== '$expand') return []
  const { expansion } = isRecord(body) ? body : {}
  const input = inputOf(asked, place)
  const asksFor = Number(input('count') ?? (input('filter') === undefined ? MAX_EXPANSION : MAX_FILTERED))
  const given = records(expansion, 'contains').length
  if (given === 0 || given < asksFor) return []
  const how = given < MAX_EXPANSION ? `Ask with count=${MAX_EXPANSION} for all` : 'Narrow it by filter=TEXT'
  return [
    `There may be more than these ${given} codes: Medplum stopped there, and expansion.total counts only these. ${how}.`,
  ]
}

/** A note for answers that depend on this code system; undefined if there is nothing to note. */
export function aboutContent(system: string, content: Content): string | undefined {
  if (content === undefined) {
    return `This answer says nothing about codes of ${system}: this server does not have that CodeSystem, so the codes themselves were not looked up.`
  }
  if (content !== 'not-present' && content !== 'example' && content !== 'fragment') return undefined
  return `This answer says nothing about codes of ${system}: that CodeSystem has content "${content}" here, so none or only some of its codes are loaded. A valid code may not be found.`
}

/** Finds the code systems, or the code systems and value sets, behind an operation's answer. */
type Behind = (input: (name: string) => unknown, answer: unknown, place: Place) => string[] | Codes

const BEHIND: Record<string, Behind> = {
  'CodeSystem $validate-code'(input, answer, place) {
    // With a display, the code was found.
    if (parameterOf(answer, 'display') !== undefined) return []
    return idOf(place) ?? [scalarText(input('url')) || systemOf(input('coding'))]
  },
  'CodeSystem $subsumes'(input, answer, place) {
    if (parameterOf(answer, 'outcome') !== 'not-subsumed') return []
    return idOf(place) ?? [scalarText(input('system')) || systemOf(input('codingA'))]
  },
  'CodeSystem $lookup'(input, answer, place) {
    if (parameterOf(answer, 'name') !== undefined) return []
    return idOf(place) ?? [scalarText(input('system')) || systemOf(input('coding'))]
  },
  'ValueSet $validate-code'(input, answer) {
    if (parameterOf(answer, 'display') !== undefined) return []
    const concept = records(input('codeableConcept'), 'coding').map(systemOf)
    return [scalarText(input('system')), systemOf(input('coding')), ...concept]
  },
  'ValueSet $expand'(_input, answer) {
    return codesBehindValueSet(answer, answer)
  },
  'ConceptMap $translate'(input, answer) {
    if (parameterOf(answer, 'result') !== false) return []
    const concept = records(input('codeableConcept'), 'coding').map(systemOf)
    return [scalarText(input('system')), systemOf(input('coding')), ...concept]
  },
}

const systemOf = (one: unknown) => (isRecord(one) ? scalarText(one.system) : '')

function idOf({ segments }: Place): string[] | undefined {
  return segments.length === 3 ? [segments.slice(0, 2).join('/')] : undefined
}

/** Inputs from the query, from Parameters, or from plain JSON: Medplum takes them all. */
function inputOf({ body }: Asked, { parameters }: Place): (name: string) => unknown {
  return (name) => {
    const inQuery = parameters.find(({ key }) => key === name)
    if (inQuery) return inQuery.value
    if (!isRecord(body)) return undefined
    return body.resourceType === 'Parameters' ? parameterOf(body, name) : body[name]
  }
}

function parameterOf(parameters: unknown, name: string): unknown {
  const parameter = records(parameters, 'parameter').find((one) => one.name === name) ?? {}
  return Object.entries(parameter).find(([key]) => key.startsWith('value'))?.[1]
}
