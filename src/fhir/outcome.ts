// What a FHIR server says went wrong, as a value and as words for a model.
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'

/** An answer of the FHIR server that is an error. The message names the status and each issue with its expressions. */
export class FhirError extends Error {
  override readonly name = 'FhirError'
  /** HTTP status, 300 to 599. */
  readonly status: number
  readonly outcome: OperationOutcome | undefined
  /** Response headers, by lower-case name. */
  readonly headers: Record<string, string>

  constructor(status: number, request: string, body: unknown, headers: Record<string, string> = {}) {
    const outcome = isOperationOutcome(body) ? body : undefined
    super(`Medplum answered HTTP ${status} ${reason(status)} to ${request}.\n${detail(outcome, body)}`.trim())
    this.status = status
    this.outcome = outcome
    this.headers = headers
  }
}

/** By its type alone: the issues are read with care anyway. @medplum/core's own test would bring 14 KiB of bundle along. */
function isOperationOutcome(body: unknown): body is OperationOutcome {
  return typeof body === 'object' && body !== null && 'resourceType' in body && body.resourceType === 'OperationOutcome'
}

function detail(outcome: OperationOutcome | undefined, body: unknown): string {
  if (outcome) return grouped(outcome.issue).join('\n')
  if (typeof body === 'object' && body !== null && 'msg' in body && typeof body.msg === 'string') return body.msg
  return 'The answer was no FHIR OperationOutcome, so it says no more.'
}

/** One line for all issues that say the same, with all their places: `- error structure at Patient.birthDate: Invalid date format` */
function grouped(given: unknown): string[] {
  // What stands between this server and Medplum may answer anything.
  const issues = listOf(given).filter((one): one is OperationOutcomeIssue => typeof one === 'object' && one !== null)
  const places = new Map<string, Set<string>>()
  for (const issue of issues) {
    const what = [issue.details?.text, issue.diagnostics].filter(Boolean).join('; ') || 'no details given'
    const key = `${issue.severity} ${issue.code}\n${what}`
    const found = places.get(key) ?? new Set()
    places.set(key, found)
    for (const expression of listOf(issue.expression)) found.add(String(expression))
  }
  return [...places].map(([key, expressions]) => {
    const [kind, ...what] = key.split('\n')
    return `- ${kind}${expressions.size > 0 ? ` at ${[...expressions].join(', ')}` : ''}: ${what.join('\n')}`
  })
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

function reason(status: number): string {
  return REASONS[status] ? `(${REASONS[status]})` : ''
}
