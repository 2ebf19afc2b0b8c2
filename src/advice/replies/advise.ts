// What to do about an error of Medplum, whose messages say what is wrong but seldom what a correct request looks like.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { oneLine } from '../../base/text.ts'
import type { Capability } from '../../fhir/capability.ts'
import { type Asked, parsePlace } from '../../fhir/query.ts'
import { ADVICE_BY_STATUS } from './by-status.ts'
import { ADVICE_BY_TEXT } from './by-text.ts'
import type { FailedRequest, Failure } from './exchange.ts'

const MAX_ADVICE = 4

/**
 * Says how to correct a failed request, in a sentence or two for a model.
 *
 * @param request as it was sent
 * @param capability what the server offers; without it, no names are suggested
 * @returns undefined if there is nothing to add to the server's own words. Never throws.
 */
export function advise(request: Asked, error: Failure, capability?: Capability): string | undefined {
  const asked = { ...request, method: request.method.toUpperCase() }
  const headers = Object.fromEntries(
    Object.entries(error.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const failed = {
    asked,
    place: parsePlace(request.path),
    status: error.status,
    headers,
    capability,
    text: '',
    expression: '',
    diagnostics: '',
  }
  const issues = issuesOf(error.outcome)
  const found = issues.flatMap((issue) => byText({ ...failed, ...issue }) ?? [])
  const advice = [...new Set(found)]
  if (advice.length > 0) return said([...advice.slice(0, MAX_ADVICE), ...transactionAdvice(failed, issues)])
  const all = (name: keyof Issue) => issues.map((issue) => issue[name]).join('; ')
  const status = ADVICE_BY_STATUS[error.status]?.({ ...failed, text: all('text'), diagnostics: all('diagnostics') })
  return said([status, ...transactionAdvice(failed, issues)].filter((one) => one !== undefined))
}

const MAX_SAID = 3000

/** On one line: it may contain Medplum's message, and so foreign text. */
function said(advice: readonly string[]): string | undefined {
  return oneLine(advice.join(' '), MAX_SAID) || undefined
}

function byText(failed: FailedRequest): string | undefined {
  for (const [pattern, say] of ADVICE_BY_TEXT) {
    const match = pattern.exec(failed.text)
    const said = match && say(failed, match)
    if (said) return said
  }
  return undefined
}

type Issue = Pick<FailedRequest, 'text' | 'expression' | 'diagnostics'>

function issuesOf(outcome: unknown): Issue[] {
  return records(outcome, 'issue').map(({ details, diagnostics, expression }) => ({
    text: (isRecord(details) ? scalarText(details.text) : '') || scalarText(diagnostics),
    expression: textList(expression).join(', '),
    diagnostics: scalarText(diagnostics),
  }))
}

/** A real transaction reports the issues of the entry that failed as its own, without saying which. */
function transactionAdvice({ asked, place, status }: FailedRequest, issues: readonly Issue[]): string[] {
  const { body } = asked
  if (place.segments.length > 0 || !isRecord(body) || body.type !== 'transaction') return []
  if (issues.some(({ text }) => /\b(transaction|bundle)\b/i.test(text))) return []
  if (status === 413 || status === 429 || !Array.isArray(body.entry) || body.entry.length < 2) return []
  return [
    "Medplum doesn't say which entry of the transaction failed; none was carried out. Find it by the property named, or try the entries one by one with POST {type}/$validate.",
  ]
}
