// Divides a request into steps: the request itself, the entries of a batch, or the mutations of GraphQL.

import { type Mutation, mutationsIn } from '../../access/risk/graphql-risk.ts'
import type { Risk } from '../../access/risk/risk.ts'
import { governs } from '../../access/risk/routes.ts'
import { isRecord } from '../../base/json.ts'
import { ID } from '../../fhir/ids.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import type { Prepared } from '../request/prepare.ts'

/** One thing that a request does. */
export interface Step {
  method: string
  /** Relative to the FHIR base. */
  path: string
  body: unknown
  risk: Risk
  /** The search of a conditional create. */
  ifNoneExist?: string
}

/** Whether it does anything other than create, change or delete the resource that it names. */
export function isAction({ method, path, risk }: Step): boolean {
  const { segments } = strictPlaceOf(path)
  const [type = '', id, ...more] = segments
  if (risk.kind === 'operate' || !/^[A-Za-z]+$/.test(type) || more.length > 0 || id?.startsWith('$')) return true
  return method === 'POST' ? id !== undefined : !['PUT', 'PATCH', 'DELETE'].includes(method)
}

/** The request itself, or each entry of its batch in order, including those of Bundles within it. */
export function stepsOf({ asked, risk }: Prepared): Step[] {
  const { method, path, body, ifNoneExist } = asked
  if (risk.parts) return entrySteps(body, risk.parts)
  return [{ method, path, body, risk, ...(ifNoneExist !== undefined && { ifNoneExist }) }]
}

function entrySteps(bundle: unknown, parts: readonly Risk[]): Step[] {
  const entries = isRecord(bundle) && Array.isArray(bundle.entry) ? bundle.entry : []
  return parts.flatMap((risk, index) => {
    const entry: unknown = entries[index]
    const { request, resource } = isRecord(entry) ? entry : {}
    if (risk.parts) return entrySteps(resource, risk.parts)
    const { method, url, ifNoneExist } = isRecord(request) ? request : {}
    const step = { method: String(method ?? '').toUpperCase(), path: String(url ?? ''), body: resource, risk }
    return [typeof ifNoneExist === 'string' ? { ...step, ifNoneExist } : step]
  })
}

export function isGraphql({ path }: Step): boolean {
  return strictPlaceOf(path).segments.some((segment) => /^\$graphql$/i.test(segment))
}

/** What the mutations of a GraphQL step do, as the requests that do the same; undefined if that isn't known. */
export function mutationSteps({ path, body }: Step): Step[] | undefined {
  const steps = mutationsIn(body, strictPlaceOf(path).query.replace(/^\?/, ''))?.map(mutationStep)
  return steps?.every((step) => step !== undefined) ? steps : undefined
}

const METHODS = { Create: 'POST', Update: 'PUT', Patch: 'PATCH', Delete: 'DELETE' } as const

function mutationStep({ type, verb, args }: Mutation): Step | undefined {
  const { id, res, patch } = args
  if (verb !== 'Create' && !(typeof id === 'string' && ID.test(id))) return undefined
  const path = verb === 'Create' ? type : `${type}/${String(id)}`
  const kind = governs(type) ? 'admin' : verb === 'Delete' ? 'delete' : 'write'
  const body = verb === 'Patch' ? patch : res
  return { method: METHODS[verb], path, body, risk: { kind, targets: [path], reason: 'a GraphQL mutation' } }
}
