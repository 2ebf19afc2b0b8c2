// Treats a search by POST like the same search by GET: all criteria in one list, whether from the path or the body.

import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { Content, FORM, JSON_TYPES } from '../../client/content.ts'
import { criterion, formatQuery, parsePlace, parseQuery, type QueryParameter } from '../../fhir/query.ts'
import { MAX_TEXT_BYTES } from './compose.ts'
import { mediaType } from './media-type.ts'

const EXAMPLE = 'name=smith&birthdate=1961-03-14'

/** Whether a request is a search by POST. */
export function isSearchForm(method: string, path: string): boolean {
  return method === 'POST' && /^[A-Z][A-Za-z]*\/_search(?:\?|$)/.test(path)
}

/** Limited because checks compare each criterion with the others. */
const MAX_CRITERIA = 200

/**
 * The path with all criteria in its query, and notes.
 *
 * @param body criteria as form text, or as an object of texts
 * @throws {UserError} for any other body
 */
export function withCriteria(
  path: string,
  body: unknown,
  contentType: string | undefined,
): { path: string; notes: string[] } {
  const type = mediaType(contentType) ?? FORM
  if (type !== FORM && !JSON_TYPES.some((one) => one === type)) {
    throw new UserError(`A search by POST is sent as ${FORM}; leave \`contentType\` out. Nothing was sent.`)
  }
  const { segments, parameters } = parsePlace(path)
  const all = [...parameters, ...criteriaIn(body, segments[0] ?? '')]
  if (all.length > MAX_CRITERIA) {
    throw new UserError(
      `The search has ${all.length} criteria; at most ${MAX_CRITERIA} are read. Nothing was sent. Separate several values of one criterion by commas: _id=1,2,3.`,
    )
  }
  const query = formatQuery(all)
  if (query.length > MAX_TEXT_BYTES) {
    throw new UserError(
      `The criteria are ${query.length} bytes; Medplum takes at most ${MAX_TEXT_BYTES} (100 KB). Nothing was sent. Shorten them, or search in several steps.`,
    )
  }
  const notes =
    parameters.length > 0
      ? ['The criteria in the path were moved to the body: in a search by POST, Medplum reads them only there.']
      : []
  return { path: segments.join('/') + (query && `?${query}`), notes }
}

/** The path and the body of a search by POST that has all criteria in its query. */
export function asForm(path: string): { path: string; content: Content } {
  const { segments, parameters } = parsePlace(path)
  return { path: segments.join('/'), content: Content.text(formatQuery(parameters), FORM) }
}

function criteriaIn(body: unknown, type: string): QueryParameter[] {
  if (body === undefined || body === null) return []
  const given = typeof body === 'string' && /^\s*[[{]/.test(body) ? jsonIn(body) : body
  if (typeof given === 'string') {
    const text = given.trim()
    const start = [`${type}?`, '?'].find((one) => text.startsWith(one)) ?? ''
    return parseQuery(text.slice(start.length))
  }
  if (!isRecord(given) || given.resourceType !== undefined) {
    throw new UserError(`A search by POST takes criteria as \`body\`, such as "${EXAMPLE}". Nothing was sent.`)
  }
  return Object.entries(given).map(([key, value]) => {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) {
      return criterion(key, String(value))
    }
    throw new UserError(
      `\`${key}\` of a search must be text. To match any of several values, separate them by commas; to match all of them, write the criteria as form text: ${key}=a&${key}=b. Nothing was sent.`,
    )
  })
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
