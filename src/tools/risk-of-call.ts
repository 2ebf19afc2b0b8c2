// What a call will need, known before it begins: only then can HTTP itself tell a client that it lacks a scope.

import { classify, type Risk } from '../access/risk/risk.ts'
import { isRecord } from '../base/json.ts'
import type { Method } from '../client/request.ts'

import { confine, PathError, relativeTo } from '../fhir/path.ts'
import { fhirDelete } from './fhir-delete.ts'
import { fhirOperate } from './fhir-operate.ts'
import { fhirRequest } from './fhir-request.ts'
import { fhirWrite } from './fhir-write.ts'
import { understand } from './kit/schema.ts'
import type { Tool } from './kit/tool.ts'
import { METHODS } from './request/prepare.ts'

/** Tools that may do more than read, and the method that their arguments come to. */
const TOOLS: Record<string, { tool: Tool; method: (args: Record<string, unknown>) => unknown }> = {
  'fhir-request': { tool: fhirRequest, method: ({ method }) => method },
  'fhir-write': { tool: fhirWrite, method: ({ method }) => method },
  'fhir-operate': { tool: fhirOperate, method: ({ method }) => method },
  'fhir-delete': { tool: fhirDelete, method: ({ body }) => (body == null ? 'DELETE' : 'POST') },
}

/**
 * What a JSON-RPC message would do, if it is a `tools/call` that may do more than read.
 *
 * @returns undefined for every other message, and for arguments that the tool will refuse
 */
export function riskOf(message: unknown, base: URL): Risk | undefined {
  if (!isRecord(message) || message.method !== 'tools/call' || !isRecord(message.params)) return undefined
  const { name, arguments: given } = message.params
  const called = typeof name === 'string' && Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined
  const understood = called && understand(called.tool, given)
  if (!understood || 'issues' in understood) return undefined
  const args: Record<string, unknown> = understood.value.args
  const method = called.method(args)
  if (typeof args.path !== 'string' || !METHODS.some((one) => one === method)) return undefined
  try {
    const path = relativeTo(base, confine(args.path, base))
    const contentType = typeof args.contentType === 'string' ? { contentType: args.contentType } : {}
    return classify({ method: method as Method, path, body: args.body, ...contentType })
  } catch (error) {
    if (error instanceof PathError) return undefined
    throw error
  }
}
