// What a call will need, known before it begins: only then can HTTP itself tell a client that it lacks a scope.

import { classify, type Risk } from '../access/risk/risk.ts'
import { isRecord } from '../base/json.ts'
import type { Method } from '../client/request.ts'

import { confine, PathError, relativeTo } from '../fhir/path.ts'
import { normalise } from './request/arguments.ts'
import { METHODS } from './request/prepare.ts'

/** The method that a tool's arguments come to. */
const METHOD_OF: Record<string, (args: Record<string, unknown>) => unknown> = {
  'fhir-request': ({ method }) => method,
  'fhir-write': ({ method }) => method,
  'fhir-operate': ({ method }) => method,
  'fhir-delete': ({ body }) => (body == null ? 'DELETE' : 'POST'),
}

/**
 * What a JSON-RPC message would do, if it is a `tools/call` that may do more than read.
 *
 * @returns undefined for every other message, and for arguments that the tool will refuse
 */
export function riskOf(message: unknown, base: URL): Risk | undefined {
  if (!isRecord(message) || message.method !== 'tools/call' || !isRecord(message.params)) return undefined
  const { name, arguments: given } = message.params
  const args = normalise(given)
  if (typeof name !== 'string' || !isRecord(args) || typeof args.path !== 'string') return undefined
  const method = Object.hasOwn(METHOD_OF, name) ? METHOD_OF[name]?.(args) : undefined
  if (!METHODS.some((one) => one === method)) return undefined
  try {
    const path = relativeTo(base, confine(args.path, base))
    const contentType = typeof args.contentType === 'string' ? { contentType: args.contentType } : {}
    return classify({ method: method as Method, path, body: args.body, ...contentType })
  } catch (error) {
    if (error instanceof PathError) return undefined
    throw error
  }
}
