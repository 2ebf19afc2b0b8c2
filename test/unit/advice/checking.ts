// Requests to check with src/advice/requests, written as `GET Patient?name=x`.
import { type CheckResult, checkRequest } from '../../../src/advice/requests/check-request.ts'
import { indexCapability } from '../../../src/fhir/capability.ts'
import { statement } from './statement.ts'

export const capability = indexCapability(statement)
export const ID = '11111111-1111-4111-8111-111111111199'

export function check(request: string, body?: unknown, known: typeof capability | undefined = capability): CheckResult {
  const [method = '', path = ''] = request.split(/ (.*)/s)
  return checkRequest({ method, path, body, base: 'https://api.medplum.com/fhir/R4/' }, known)
}

/** Why a request is refused. */
export function refusal(request: string, body?: unknown): string {
  const found = check(request, body)
  return found.kind === 'refused' ? found.message : `${found.kind}, not refused`
}

export function warnings(request: string, body?: unknown): string {
  const found = check(request, body)
  return found.kind === 'refused' ? `refused: ${found.message}` : found.warnings.join('\n')
}
