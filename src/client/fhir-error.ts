// An error of the FHIR server, as a value and as text for a model.

import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'
import { oneLine } from '../base/text.ts'
import { ToldError } from '../base/told-error.ts'

/** An answer of the FHIR server that is an error. The message names the status and each issue with its expressions. */
export class FhirError extends ToldError {
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

/** Checks only the type, since the issues are read defensively anyway. The check of @medplum/core would add 14 KiB to the bundle. */
function isOperationOutcome(body: unknown): body is OperationOutcome {
  return typeof body === 'object' && body !== null && 'resourceType' in body && body.resourceType === 'OperationOutcome'
}

function detail(outcome: OperationOutcome | undefined, body: unknown): string {
  if (outcome) return bounded(grouped(outcome.issue)).join('\n')
  if (typeof body === 'object' && body !== null && 'msg' in body && typeof body.msg === 'string') return line(body.msg)
  return 'The answer was not a FHIR OperationOutcome, so there are no details.'
}

/** Maximum characters of one line, and of all. The first of a thousand wrong properties shows what is wrong. */
const MAX_LINE = 1000
const MAX_LINES = 8000

/** Medplum's messages may repeat what was sent or stored: they stay on their line and have a limited length. */
function line(text: string): string {
  return oneLine(text, MAX_LINE)
}

function bounded(lines: readonly string[]): string[] {
  let room = MAX_LINES
  const shown = lines.filter((one) => {
    room -= one.length + 1
    return room > 0
  })
  const more = lines.length - shown.length
  return more === 0 ? shown : [...shown, `- and ${more} more issues`]
}

/** One line for all issues with the same message, with all their places: `- error structure at Patient.birthDate: Invalid date format` */
function grouped(given: unknown): string[] {
  // A proxy between this server and Medplum may answer anything.
  const issues = listOf(given).filter((one): one is OperationOutcomeIssue => typeof one === 'object' && one !== null)
  const places = new Map<string, { kind: string; what: string; expressions: Set<string> }>()
  for (const issue of issues) {
    const what = [issue.details?.text, issue.diagnostics].filter(Boolean).join('; ') || 'no details given'
    const kind = `${issue.severity} ${issue.code}`
    const key = JSON.stringify([kind, what])
    const found = places.get(key) ?? { kind, what, expressions: new Set() }
    places.set(key, found)
    for (const expression of listOf(issue.expression)) found.expressions.add(String(expression))
  }
  return [...places.values()].map(({ kind, what, expressions }) => {
    const where = expressions.size > 0 ? ` at ${line([...expressions].join(', '))}` : ''
    return `- ${line(kind)}${where}: ${line(what)}`
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
