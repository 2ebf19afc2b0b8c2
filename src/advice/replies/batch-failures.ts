// The failed entries of a batch or transaction that was answered with 200, each with advice.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { oneLine } from '../../base/text.ts'
import type { Asked, Place } from '../../fhir/query.ts'
import { advise } from './advise.ts'
import type { Answer } from './exchange.ts'

const MAX_ENTRIES = 20
/** Maximum characters of Medplum's message about one entry or GraphQL error: it may repeat what was sent or stored. */
export const MAX_WHY = 500

/** A sentence, and a line for each failed entry; none if all succeeded. */
export function failedEntries({ body: sent }: Asked, _place: Place, { body }: Answer): string[] {
  if (
    !isRecord(body) ||
    body.resourceType !== 'Bundle' ||
    !/^(batch|transaction)-response$/.test(scalarText(body.type))
  )
    return []
  const answers: unknown[] = Array.isArray(body.entry) ? body.entry : []
  const entries = answers.map((entry) => (isRecord(entry) && isRecord(entry.response) ? entry.response : {}))
  const failed = entries.flatMap((response, index) => (statusOf(response) >= 400 ? [{ response, index }] : []))
  if (failed.length === 0) return []
  const isTransaction = body.type === 'transaction-response' || (isRecord(sent) && sent.type === 'transaction')
  const shown = failed.slice(0, MAX_ENTRIES).map(({ response, index }) => describe(response, index, sent))
  const rest = failed.length - shown.length
  if (rest > 0) shown.push(`… and ${rest} more failed.`)
  const head = isTransaction
    ? `THE TRANSACTION WAS NOT ATOMIC: ${failed.length} of ${entries.length} entries failed, and the others were carried out and remain. This Medplum project lacks the feature transaction-bundles. Status by entry: ${statuses(entries)}. Check what was stored before you retry: sending it again would repeat the entries that succeeded.`
    : `${failed.length} of ${entries.length} entries failed, although the batch itself is HTTP 200; the others were carried out. Repeat only the failed ones.`
  return [[head, ...shown].join('\n')]
}

function statuses(entries: readonly Record<string, unknown>[]): string {
  const shown = entries.slice(0, 100).map((response, index) => `[${index}] ${statusOf(response) || 'none'}`)
  return entries.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

function statusOf({ status }: Record<string, unknown>): number {
  return Number.parseInt(scalarText(status), 10) || 0
}

function describe(response: Record<string, unknown>, index: number, sent: unknown): string {
  const outcome = isRecord(response.outcome) ? response.outcome : {}
  const issues = records(outcome, 'issue').map((issue) => {
    const text = isRecord(issue.details) ? scalarText(issue.details.text) : ''
    const where = textList(issue.expression).join(', ')
    return `${text || scalarText(issue.diagnostics) || scalarText(issue.code) || 'no details'}${where && ` at ${where}`}`
  })
  const request = entryRequest(sent, index)
  const name = request ? ` (${request.method} ${request.path.slice(0, 200)})` : ''
  const advice = request && advise(request, { status: statusOf(response), outcome: response.outcome })
  const why = oneLine([...new Set(issues)].slice(0, 5).join('; '), MAX_WHY)
  return `- Bundle.entry[${index}]${name}: ${statusOf(response)}${why && ` ${why}`}${advice ? `. ${advice}` : ''}`
}

/** The request that an entry of the answer belongs to: both are in the same order. */
function entryRequest(sent: unknown, index: number): Asked | undefined {
  const list = isRecord(sent) && Array.isArray(sent.entry) ? sent.entry : []
  const entry: unknown = list[index]
  if (!isRecord(entry) || !isRecord(entry.request)) return undefined
  const { method, url } = entry.request
  return typeof method === 'string' && typeof url === 'string' ? { method, path: url, body: entry.resource } : undefined
}
