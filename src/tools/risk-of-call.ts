// What a call will need, determined before it begins, so that HTTP can tell a client that it lacks a scope.

import type { Risk } from '../access/risk/risk.ts'
import { isRecord } from '../base/json.ts'
import { ToldError } from '../base/told-error.ts'
import { fhirDelete } from './fhir-delete.ts'
import { fhirOperate } from './fhir-operate.ts'
import { fhirRequest } from './fhir-request.ts'
import { fhirWrite } from './fhir-write.ts'

/** The tools that may do more than read. */
export const CHANGING_TOOLS = [fhirRequest, fhirWrite, fhirOperate, fhirDelete]

/**
 * What a JSON-RPC message would do, if it is a `tools/call` of a tool that may do more than read. The tool itself parses the arguments.
 *
 * @returns undefined for every other message, and for arguments that the tool will refuse
 */
export function riskOf(message: unknown, base: URL): Risk | undefined {
  if (!isRecord(message) || message.method !== 'tools/call' || !isRecord(message.params)) return undefined
  const { name, arguments: args } = message.params
  const tool = CHANGING_TOOLS.find((one) => one.name === name)
  try {
    return tool?.riskOf(args, base)
  } catch (error) {
    if (error instanceof ToldError) return undefined
    throw error
  }
}
