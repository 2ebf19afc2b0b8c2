// A request beside its answer, and the entries of a batch beside theirs: both are in the same order.

import { isRecord, records, scalarText } from '../../base/json.ts'
import { type Asked, parsePlace } from '../../fhir/query.ts'
import type { Answer } from './failure.ts'

export type Exchange = readonly [Asked, Answer]

/** The exchange itself, or those of the batch's entries. */
export function exchanges(asked: Asked, answer: Answer): Exchange[] {
  return isBatch(asked) ? entryExchanges(asked, answer) : [[asked, answer]]
}

function isBatch({ path, body }: Asked): boolean {
  return isRecord(body) && body.resourceType === 'Bundle' && parsePlace(path).segments.length === 0
}

/** Those of the batch's entries, in their order; none for any other request. An entry that names no request asks for nothing. */
export function entryExchanges(asked: Asked, { body }: Answer): Exchange[] {
  if (!isBatch(asked)) return []
  const answers = records(body, 'entry')
  return records(asked.body, 'entry').map(({ request, resource }, index) => {
    const { method, url } = isRecord(request) ? request : {}
    const { response, resource: its } = answers[index] ?? {}
    const status = Number.parseInt(scalarText(isRecord(response) ? response.status : ''), 10) || 0
    return [
      { method: scalarText(method), path: scalarText(url), body: resource },
      { status, body: its },
    ]
  })
}
