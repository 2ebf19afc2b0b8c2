// What a request would change, in a person's words, from a read of its targets right before: the question that a person is
// asked, and the answer of a dry run.

import type { Risk } from '../../access/risk/risk.ts'
import { isRecord } from '../../base/json.ts'
import type { Seen } from '../../call/confirmation.ts'
import type { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { differenceLines, short } from '../../fhir/diff.ts'
import { operationsOf } from '../../fhir/json-patch.ts'
import { placeOf } from '../../fhir/strict-place.ts'
import { redact } from '../../secrets/redact.ts'
import { Whole } from '../../secrets/whole.ts'
import { titleOf } from '../../text/record-text.ts'
import type { Prepared } from '../request/prepare.ts'

/** One thing that a request does: itself, or an entry of its batch. */
export interface Step {
  method: string
  /** Relative to the FHIR base. */
  path: string
  body: unknown
  risk: Risk
}

export interface Change {
  /** What would happen, the thing itself first, then what differs. */
  lines: string[]
  seen: Seen[]
  /** The resource that the search in `path` finds, if it is the only one. */
  found?: string
  /** The resource as it would be stored; absent where none is, or it can't be known. */
  after?: Whole
  /** Why it can't be carried out, as far as that is known. */
  problem?: string
}

type Resource = Record<string, unknown>

const MAX_PATH = 200
const MAX_BODY = 300
const MAX_NAMED = 10

/** Whether it does something else than to create, change or delete the resource that it names. */
export function isAction({ method, path, risk }: Step): boolean {
  const { segments } = placeOf(path)
  const [type = '', id, ...more] = segments
  if (risk.kind === 'operate' || !/^[A-Za-z]+$/.test(type) || more.length > 0 || id?.startsWith('$')) return true
  return method === 'POST' ? id !== undefined : !['PUT', 'PATCH', 'DELETE'].includes(method)
}

/** The request itself, or each entry of its batch in their order, those of Bundles within it too. */
export function stepsOf({ asked, risk }: Prepared): Step[] {
  const { method, path, body } = asked
  return risk.parts ? entrySteps(body, risk.parts) : [{ method, path, body, risk }]
}

function entrySteps(bundle: unknown, parts: readonly Risk[]): Step[] {
  const entries = isRecord(bundle) && Array.isArray(bundle.entry) ? bundle.entry : []
  return parts.flatMap((risk, index) => {
    const entry: unknown = entries[index]
    const { request, resource } = isRecord(entry) ? entry : {}
    if (risk.parts) return entrySteps(resource, risk.parts)
    const { method, url } = isRecord(request) ? request : {}
    return [{ method: String(method ?? '').toUpperCase(), path: String(url ?? ''), body: resource, risk }]
  })
}

/**
 * What a step would change. Only plain reads are sent for it.
 *
 * @param most lines about what differs
 * @throws {FhirError} for a target that can't be read
 */
export async function changeOf(step: Step, fhir: FhirClient, signal: AbortSignal, most: number): Promise<Change> {
  const { method, path, body } = step
  if (isAction(step)) return action(step, fhir, signal)
  const { segments, query } = placeOf(path)
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
  const place = `${type}/${String(shown.id)}`
  const known = { seen: seenIn(place, shown), ...(id === undefined && { found: place }) }
  return { ...known, ...update(step, whole, nameOf(shown, place), most) }
}

/** The same for one of several: a target that can't be read is a problem of this one, and not an error. */
export async function changeOfOne(step: Step, fhir: FhirClient, signal: AbortSignal, most: number): Promise<Change> {
  const change = await changeOf(step, fhir, signal, most).catch((error: unknown) => {
    if (error instanceof FhirError) return problem(`Medplum answers ${error.status} when it is read`)
    throw error
  })
  const lines = [`${step.method} ${pathText(step.path)}: ${change.problem}`]
  return change.problem === undefined ? change : { ...change, lines }
}

function update(
  { method, body, risk }: Step,
  whole: Whole,
  name: string,
  most: number,
): Pick<Change, 'lines' | 'after' | 'problem'> {
  if (method === 'DELETE') return { lines: [`Delete ${name}`] }
  const operations = method === 'PATCH' ? operationsOf(body) : undefined
  const result = operations ? whole.patchedBy(operations) : whole.replacedBy(replacement(body, whole.shown))
  if (result === undefined) return { lines: [`Change ${name}: ${risk.reason}`] }
  if ('problem' in result) return { lines: [], problem: result.problem }
  const { after } = result
  const differing = differenceLines(whole.changesTo(after), most)
  return { lines: [`Change ${name}`, ...(differing.length === 0 ? ['nothing in it differs'] : differing)], after }
}

function problem(why: string): Change {
  return { lines: [], seen: [], problem: why }
}

/** The resource at a path; for what may be created there, none where there is none. */
async function read(path: string, mayBeMissing: boolean, fhir: FhirClient, signal: AbortSignal): Promise<Whole[]> {
  return fhir.wholes(path, signal).catch((error: unknown) => {
    if (mayBeMissing && error instanceof FhirError && (error.status === 404 || error.status === 410)) return []
    throw error
  })
}

function creation(type: string, body: unknown): Change {
  if (!isRecord(body)) return { lines: [`Create ${type}`], seen: [] }
  const title = titleText({ ...body, resourceType: type })
  const after = new Whole(body)
  return { lines: [title === '' ? `Create ${type}` : `Create ${type} ${quoted(title)}`], seen: [], after }
}

/** What no resource tells: an operation, GraphQL, or what is not understood. */
async function action({ method, path, body, risk }: Step, fhir: FhirClient, signal: AbortSignal): Promise<Change> {
  const own = placeOf(path).segments.slice(0, 2).join('/')
  const places = new Set([own, ...risk.targets].filter((place) => PLACE.test(place)))
  const named = await Promise.all(
    [...places].slice(0, MAX_NAMED).map(async (place) => {
      // What can't be read can still be acted on: it is named by its path alone.
      const answer = await fhir.send({ method: 'GET', path: place, repeatable: true, signal }).catch(() => undefined)
      return isRecord(answer?.body)
        ? { line: `about ${nameOf(answer.body, place)}`, seen: seenIn(place, answer.body) }
        : { line: `about ${place}`, seen: [] }
    }),
  )
  const given = body === undefined ? '' : `, with ${short(redact(body), MAX_BODY)}`
  const rest = places.size > named.length ? [`and ${places.size - named.length} more`] : []
  return {
    lines: [`${method} ${pathText(path)}: ${risk.reason}${given}`, ...named.map(({ line }) => line), ...rest],
    seen: named.flatMap(({ seen }) => seen),
  }
}

const PLACE = /^[A-Z][A-Za-z]*\/[A-Za-z0-9.-]{1,64}$/

/** A resource as a person knows it: `Task/123 "Call the patient"`. */
function nameOf(resource: Resource, place: string): string {
  const title = titleText(resource)
  return title === '' ? place : `${place} ${quoted(title)}`
}

/** What stands before the type in a record's title; empty where that is but its id. */
function titleText(resource: Resource): string {
  const title = titleOf(resource).replace(/ ?\([^()]*\)$/, '')
  return title === resource.id ? '' : title
}

/** Text of a record: in quotes that it can't leave. */
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

/** What a PUT leaves: the id is that of its place. */
function replacement(body: unknown, { id, resourceType }: Resource): Resource | undefined {
  return isRecord(body) && body.resourceType === resourceType ? { ...body, id } : undefined
}
