// Answers about codes whose code system isn't on the server, or only in part. They look like any other answer.

import { isRecord, records, scalarText } from '../../base/json.ts'
import { type Asked, type Place, parsePlace } from '../../fhir/query.ts'
import type { Answer } from './failure.ts'

/** What is known of a code system: its `content` (FHIR R4, CodeSystemContentMode); undefined if the server has none. */
export type Content = string | undefined

/** The code systems, by url or as `CodeSystem/ID`, on which an answer stands. Pure, and never throws. */
export function codeSystemsBehind(asked: Asked, answer: Answer): string[] {
  const systems = exchanges(asked, answer).flatMap(([one, its]) => {
    const place = parsePlace(one.path)
    const behind = BEHIND[`${place.segments[0]} ${place.segments.at(-1)}`]
    return behind && place.segments.length <= 3 ? behind(inputOf(one, place), its, place) : []
  })
  return [...new Set(systems.filter(Boolean).map((system) => system.split('|', 1)[0] ?? ''))].slice(0, MAX_SYSTEMS)
}

const MAX_SYSTEMS = 20

/** What follows from an answer that stands on this code system, as a sentence; undefined if nothing need be said. */
export function aboutContent(system: string, content: Content): string | undefined {
  if (content === undefined) {
    return `Nothing follows from this answer about codes of ${system}: this server has no such CodeSystem, so no code was looked up.`
  }
  if (content !== 'not-present' && content !== 'example' && content !== 'fragment') return undefined
  return `Nothing follows from this answer about codes of ${system}: that CodeSystem has content "${content}" here, so none or only some of its codes are loaded. A code may be valid and yet not be found.`
}

/** A request and its answer, or those of a batch's entries. */
function exchanges(asked: Asked, answer: Answer): (readonly [Asked, unknown])[] {
  const sent = isRecord(asked.body) && asked.body.resourceType === 'Bundle' ? records(asked.body, 'entry') : undefined
  if (!sent || parsePlace(asked.path).segments.length > 0) return [[asked, answer.body]]
  const answers = records(answer.body, 'entry')
  return sent.flatMap(({ request, resource }, index) => {
    const { method, url } = isRecord(request) ? request : {}
    if (typeof method !== 'string' || typeof url !== 'string') return []
    return [[{ method, path: url, body: resource }, answers[index]?.resource] as const]
  })
}

type Behind = (input: (name: string) => unknown, answer: unknown, place: Place) => string[]

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
    const { compose, expansion } = isRecord(answer) ? answer : {}
    return [...records(compose, 'include'), ...records(expansion, 'contains')]
      .filter(({ concept }) => concept === undefined)
      .map(systemOf)
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
