// What a step of a request would change, found by reading its target just before. For the question to the person, and for a dry run.

import { isRecord, records } from '../../base/json.ts'
import type { Seen } from '../../call/confirmation.ts'
import type { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { type Difference, short } from '../../fhir/diff.ts'
import { REFERENCE } from '../../fhir/ids.ts'
import { operationsOf } from '../../fhir/json-patch.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import { redact } from '../../secrets/redact.ts'
import { Whole } from '../../secrets/whole.ts'
import { titleOf } from '../../text/record-text.ts'
import { isAction, type Step } from './steps.ts'

export interface Change {
  /** What would happen, on one line. */
  head: string
  /** Lines about the record, if the head doesn't name it. */
  about?: string[]
  /** The differences; for a create or an operation's input, everything. */
  details: Difference[]
  /** Whether it is new, so that there is nothing to compare it with. */
  isNew?: true
  seen: Seen[]
  /** The resource that the search in `path` finds, if it is the only one. */
  found?: string
  /** The resource as it would be stored; absent if there is none or it is unknown. */
  after?: Whole
  /** How many of the record's values would be lost, and how many it has. */
  loss?: { values: number; of: number }
  /** Why it can't be carried out, if that is known. */
  problem?: string
}

type Resource = Record<string, unknown>

const MAX_PATH = 2000

/**
 * What a step would change. Only plain reads are sent for it.
 *
 * @throws {FhirError} for a target that can't be read
 */
export async function changeOf(step: Step, fhir: FhirClient, signal: AbortSignal): Promise<Change> {
  const { method, path, body } = step
  if (isAction(step)) return action(step, fhir, signal)
  const { segments, query } = strictPlaceOf(path)
  const [type = '', id] = segments
  if (method === 'POST') return creation(type, body)
  const found =
    id === undefined
      ? await fhir.wholes(`${type}${query}`, signal)
      : await read(`${type}/${id}`, method === 'PUT', fhir, signal)
  const [whole, ...others] = found
  if (whole === undefined) {
    return method === 'PUT' ? creation(type, body) : problem(`${pathText(path)} finds no ${type}`)
  }
  if (others.length > 0) return problem(`${pathText(path)} finds more than one ${type}; name one, such as ${type}/ID`)
  const { shown } = whole
  const place = `${type}/${id ?? String(shown.id)}`
  const known = { seen: seenIn(place, shown), ...(id === undefined && { found: place }) }
  return { ...known, ...update(step, whole, placeAndTitle(shown, place)) }
}

/** Like {@link changeOf}, for one of several steps: a target that can't be read is a problem of this step, not an error. */
export async function changeOfOne(step: Step, fhir: FhirClient, signal: AbortSignal): Promise<Change> {
  const change = await changeOf(step, fhir, signal).catch((error: unknown) => {
    if (error instanceof FhirError && error.status < 500 && error.status !== 429) {
      return problem(`Medplum answers ${error.status} when it is read`)
    }
    throw error
  })
  const head = `${step.method} ${pathText(step.path)}: ${change.problem}`
  return change.problem === undefined ? change : { ...change, head }
}

function update({ method, body, risk }: Step, whole: Whole, name: string): Omit<Change, 'seen'> {
  if (method === 'DELETE') return { head: `Delete ${name}`, details: [] }
  const operations = method === 'PATCH' ? operationsOf(body) : undefined
  const result = operations ? whole.patchedBy(operations) : whole.replacedBy(replacement(body, whole.shown))
  const head = `Change ${name}`
  if (result === undefined) return { head: `${head}: ${risk.reason}`, details: given(body), isNew: true }
  if ('problem' in result) return { head, details: [], problem: result.problem }
  const { after } = result
  const details = whole.changesTo(after)
  return { head, details, after, loss: lossOf(whole.shown, details) }
}

/** What would be removed or replaced by something else. */
function lossOf(stored: Resource, details: readonly Difference[]): { values: number; of: number } {
  const { resourceType: _type, id: _id, meta: _meta, ...rest } = stored
  const values = details.reduce((sum, { before, concealed }) => sum + (concealed ? 1 : countOf(before)), 0)
  return { values, of: countOf(rest) }
}

function countOf(value: unknown): number {
  if (value === undefined) return 0
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, one) => sum + countOf(one), 0)
}

function problem(why: string): Change {
  return { head: '', details: [], seen: [], problem: why }
}

/** The resource at a path; undefined if there is none yet and it may be created there. */
async function read(path: string, mayBeMissing: boolean, fhir: FhirClient, signal: AbortSignal): Promise<Whole[]> {
  return fhir.wholes(path, signal).catch((error: unknown) => {
    if (mayBeMissing && error instanceof FhirError && (error.status === 404 || error.status === 410)) return []
    throw error
  })
}

function creation(type: string, body: unknown): Change {
  const made: Pick<Change, 'details' | 'isNew' | 'seen'> = { details: given(body), isNew: true, seen: [] }
  if (!isRecord(body)) return { head: `Create ${type}`, ...made }
  const title = titleText({ ...body, resourceType: type })
  return { head: title === '' ? `Create ${type}` : `Create ${type} ${quoted(title)}`, ...made, after: new Whole(body) }
}

/** The whole input, as it may be shown: parameters by their names. */
function given(body: unknown): Difference[] {
  const shown = shownAsGiven(body)
  if (!isRecord(shown)) return shown === undefined ? [] : [{ path: '', after: shown }]
  const { resourceType, ...rest } = shown
  if (resourceType !== 'Parameters') return Object.entries(rest).map(([path, after]) => ({ path, after }))
  return records(shown, 'parameter').map(({ name, ...content }) => {
    const [value, ...others] = Object.values(content)
    return { path: short(name).replace(/^"|"$/g, ''), after: others.length === 0 ? value : content }
  })
}

/** The code of a stored bot is hidden, but the person must see the new code. */
function shownAsGiven(body: unknown): unknown {
  const shown = redact(body)
  return isRecord(shown) && isRecord(body) && body.resourceType === 'Bot' && 'code' in body
    ? { ...shown, code: body.code }
    : shown
}

const ROTATION = /^ClientApplication\/[^/]+\/\$rotate-secret$/

/** A step that changes no known resource: an operation, or one that isn't understood. */
async function action({ method, path, body, risk }: Step, fhir: FhirClient, signal: AbortSignal): Promise<Change> {
  if (ROTATION.test(path) && !namesOneSecret(body)) {
    return problem(
      '$rotate-secret needs either the current `secret` or the `retiringSecret`: {"resourceType":"Parameters","parameter":[{"name":"secret","valueString":"(hidden)"}]} stands for what is stored',
    )
  }
  const own = strictPlaceOf(path).segments.slice(0, 2).join('/')
  const places = [...new Set([own, ...risk.targets].filter((place) => REFERENCE.test(place)))]
  const named = await Promise.all(
    places.map(async (place) => {
      // A record that can't be read may still be changed, so it is named by its path.
      const answer = await fhir.send({ method: 'GET', path: place, repeatable: true, signal }).catch(() => undefined)
      return isRecord(answer?.body)
        ? { line: `about ${placeAndTitle(answer.body, place)}`, seen: seenIn(place, answer.body) }
        : { line: `about ${place}`, seen: [] }
    }),
  )
  return {
    head: `${method} ${pathText(path)}: ${risk.reason}`,
    about: named.map(({ line }) => line),
    details: given(body),
    isNew: true,
    seen: named.flatMap(({ seen }) => seen),
  }
}

function namesOneSecret(body: unknown): boolean {
  const given = isRecord(body) && body.resourceType === 'Parameters' ? records(body, 'parameter') : [body]
  const named = given.flatMap((one) =>
    isRecord(one)
      ? [one.name === 'secret' || one.name === 'retiringSecret' ? one.valueString : (one.secret ?? one.retiringSecret)]
      : [],
  )
  return named.filter((secret) => typeof secret === 'string' && secret !== '').length === 1
}

/** What a person calls a record, in quotes; empty if that is only its id. */
export function titleOfRecord(resource: Resource): string {
  const title = titleText(resource)
  return title === '' ? '' : quoted(title)
}

/** A resource as a person knows it: `Task/123 "Call the patient"`. */
function placeAndTitle(resource: Resource, place: string): string {
  const title = titleText(resource)
  return title === '' ? place : `${place} ${quoted(title)}`
}

/** The part of a record's title before the type; empty if that is only its id. */
function titleText(resource: Resource): string {
  const title = titleOf(resource).replace(/ ?\([^()]*\)$/, '')
  return title === resource.id ? '' : title
}

/** Text of a record, in quotes that it can't break out of. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', "'")}"`
}

/** On one line, and not too long. */
function pathText(path: string): string {
  return short(path, MAX_PATH).replace(/^"|"$/g, '')
}

function seenIn(path: string, { meta }: Resource): Seen[] {
  const version = isRecord(meta) ? meta.versionId : undefined
  return typeof version === 'string' ? [{ path, version }] : []
}

/** What a PUT stores: with the id from its path. */
function replacement(body: unknown, { id, resourceType }: Resource): Resource | undefined {
  return isRecord(body) && body.resourceType === resourceType ? { ...body, id } : undefined
}
