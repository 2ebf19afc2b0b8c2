// Prepares a call's arguments into the request to send: parses, confines, checks and classifies it.

import { classify, type Risk } from '../../access/risk/risk.ts'
import { checkRequest } from '../../advice/requests/check-request.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { Content } from '../../client/content.ts'
import { knownCapability } from '../../client/load-capability.ts'
import type { FhirRequest, Method } from '../../client/request.ts'
import { confine, PathError, relativeTo } from '../../fhir/path.ts'
import { brokenEscapes, withPlainQuery } from '../../fhir/query.ts'
import { labelled, patchesIn } from '../../marks/provenance.ts'
import { secretKeys } from '../../secrets/graphql-secrets.ts'
import { answersText, secretRefusal } from '../../secrets/secret-requests.ts'
import { MAX_PART } from '../../text/file.ts'

import { MAX_ADDRESS } from '../kit/bounded.ts'
import { criteriaOf } from './body-queries.ts'
import { compose } from './compose.ts'
import { placeholderRefusal } from './placeholders.ts'
import { asForm, isSearchForm, withCriteria } from './search-form.ts'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies Method[]

export interface RequestArguments {
  method: Method
  path: string
  body?: unknown
  contentType?: string | undefined
  ifMatch?: string | undefined
  ifNoneExist?: string | undefined
  respondAsync?: boolean | undefined
  /** Reports what the request would do, without doing it. */
  dryRun?: boolean | undefined
  offset?: number | undefined
}

/** A prepared request: what is sent, and what the checks found. */
export interface Prepared {
  request: FhirRequest
  /** A search by POST with all its criteria in the path. */
  asked: { method: Method; path: string; body?: unknown; ifNoneExist?: string; base?: string }
  risk: Risk
  /** The only version of the record that it may change, however that is enforced. */
  version?: string
  notes: string[]
}

/**
 * Parses and checks a request. Nothing is sent.
 *
 * @param label whether what it creates or replaces is labelled as AI work
 * @throws {UserError} {PathError} that say what is wrong with it
 */
export function prepare(args: RequestArguments, base: URL, label = false): Prepared {
  const { method, contentType } = args
  const given = confined(args.path, base)
  const isForm = isSearchForm(method, given)
  const { path: local, notes: understood } = isForm
    ? withCriteria(given, args.body, contentType)
    : { path: given, notes: [] }
  const { content, notes: composing } = isForm ? { notes: [] } : compose(method, local, args.body, contentType)
  const body = content?.value
  confineEntries(body, base)
  const ifNoneExist = conditionOf(args, local)
  const asked = {
    method,
    path: local,
    base: base.href,
    ...(body !== undefined && { body }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
  }
  const capability = knownCapability(base)
  const checked = checkRequest(asked, capability)
  if (checked.kind === 'refused') throw new UserError(checked.message)
  const path = checked.kind === 'rewritten' ? checked.path : local
  const notes = [
    ...understood,
    ...(checked.kind === 'rewritten' ? [checked.note] : []),
    ...checked.warnings,
    ...composing,
  ]
  const secret = secretRefusal(method, path, body)
  if (secret) throw new UserError(`${secret} Nothing was sent.`)
  const risk = classify({ ...asked, path })
  const placeholder = risk.kind === 'read' ? undefined : placeholderRefusal(method, path, body ?? args.body)
  if (placeholder) throw new UserError(`${placeholder} Nothing was sent.`)
  const marked = label ? labelled(method, path, body) : body
  if (label && patchesIn(body) > 0) notes.push(UNLABELLED_PATCHES)
  const isFile = method === 'GET' && /^Binary\/[^/?]+(\?|$)/.test(path)
  const isGraphql = /^\$graphql(\?|$)/i.test(path)
  const request: FhirRequest = {
    method,
    path,
    ...(content && { content: marked === body ? content : content.with(marked) }),
    ...(isForm && asForm(path)),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
    ...versionCondition(args, path, content),
    ...(args.respondAsync && { respondAsync: true }),
    ...((isFile || answersText(path)) && { part: { offset: args.offset ?? 0, length: MAX_PART.bytes } }),
    ...(isGraphql && { hidden: secretKeys(body, path.slice(path.indexOf('?') + 1)) }),
    repeatable: isRepeatable(method, path, risk, args),
  }
  const version = args.ifMatch === undefined ? {} : { version: versionInIfMatch(args.ifMatch) }
  return {
    request,
    asked: { ...asked, path },
    risk,
    ...version,
    notes,
  }
}

const UNLABELLED_PATCHES =
  'PATCH entries of a Bundle do not add the label of AI work (AIAST) to their records; a separate PATCH, or a PUT, does.'

/** Reads by GET, and writes that the version or a search guards. Never a POST: a second one may be a second order. */
function isRepeatable(method: Method, path: string, risk: Risk, { ifMatch }: RequestArguments): boolean {
  if (method === 'GET') return risk.kind === 'read'
  const bySearch = /^[A-Za-z]+\?/.test(path)
  return method === 'PUT' && risk.kind === 'write' && (ifMatch !== undefined || bySearch)
}

/** The search of If-None-Exist in the form in which it is sent. */
function conditionOf({ method, ifNoneExist }: RequestArguments, path: string): string | undefined {
  if (ifNoneExist === undefined) return undefined
  // Medplum ignores it elsewhere, and without criteria always creates.
  if (method !== 'POST' || !/^(?!Binary\b)[A-Za-z]+(\?|$)/.test(path)) {
    throw new UserError(
      '`ifNoneExist` is for creating by POST of one resource only, such as POST Patient. Nothing was sent.',
    )
  }
  const [type = ''] = path.split('?')
  const criteria = criteriaOf(oneLine('ifNoneExist', ifNoneExist), type)
  // A dry run sends it by GET, so it must only search.
  const search = { method: 'GET', path: `${type}?${criteria}` } as const
  if (!/^[^=&?]+=[^&]/.test(criteria) || classify(search).kind !== 'read') {
    throw new UserError(
      `\`ifNoneExist\` must be a search of ${type}, such as identifier=http://example.org/mrn|123. Nothing was sent.`,
    )
  }
  return criteria
}

/** If-Match in the form that Medplum honours: on PATCH, a leading test of the version. */
function versionCondition(
  { method, ifMatch }: RequestArguments,
  path: string,
  content: Content | undefined,
): Partial<FhirRequest> {
  const found: Partial<FhirRequest> = {}
  if (ifMatch !== undefined) {
    const version = versionInIfMatch(ifMatch)
    if (method === 'PUT') found.ifMatch = `W/"${version}"`
    else if (method === 'PATCH') {
      if (!content || !Array.isArray(content.value)) {
        throw new UserError('`body` of a PATCH must be a JSON Patch array. Nothing was sent.')
      }
      found.content = content.with([{ op: 'test', path: '/meta/versionId', value: version }, ...content.value])
    } else if (method !== 'DELETE') {
      throw new UserError(`\`ifMatch\` is for PUT, PATCH and DELETE only, such as PUT Task/ID. Nothing was sent.`)
    } else if (!/^[A-Za-z]+\/[A-Za-z0-9.-]+$/.test(path)) {
      // The version is compared by a GET of the same path, which would run an operation, or find several.
      throw new UserError(
        'With `ifMatch`, a DELETE must name one resource in `path`, such as Task/ID. Nothing was sent.',
      )
    }
  }
  return found
}

/** A version as `meta.versionId`, `"…"` or `W/"…"`. */
export function versionInIfMatch(ifMatch: string): string {
  const version = /^(?:W\/)?"?([A-Za-z0-9.-]{1,64})"?$/.exec(oneLine('ifMatch', ifMatch))?.[1]
  if (version) return version
  throw new UserError('`ifMatch` must be a meta.versionId, such as 8a2f6c1e-…. Nothing was sent.')
}

function oneLine(name: string, value: string): string {
  const text = value.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (text !== '' && !/[\u0000-\u001f\u007f]/.test(text)) return text
  throw new UserError(`\`${name}\` must be one line of text. Nothing was sent.`)
}

/** The path below the base, its query in the form in which it is sent. */
function confined(path: string, base: URL): string {
  // Confined as given and again as sent, because parsing as a URL encodes parts of a query and so hides how it was written.
  const url = confine(path, base)
  const broken = brokenEscapes(path.slice(path.indexOf('?') + 1))
  if (broken !== undefined) {
    throw new UserError(
      `\`path\`: ${broken} is not a valid UTF-8 escape. Nothing was sent. Write the character as it is, such as ü.`,
    )
  }
  const plain = withPlainQuery(path)
  return relativeTo(base, plain === path ? url : confine(plain, base))
}

/** Each entry of a batch or transaction has its own path: all are confined before anything is sent. */
function confineEntries(body: unknown, base: URL): void {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.entry)) return
  body.entry.forEach((entry: unknown, index) => {
    const request = isRecord(entry) ? entry.request : undefined
    const url = isRecord(request) ? request.url : undefined
    if (typeof url !== 'string') return
    if (url.length > MAX_ADDRESS) {
      throw new UserError(
        `Bundle.entry[${index}].request.url has more than ${MAX_ADDRESS} characters. Nothing was sent. Shorten it.`,
      )
    }
    try {
      confine(url, base)
    } catch (error) {
      if (error instanceof PathError) throw new PathError(`Bundle.entry[${index}].request.url: ${error.message}`)
      throw error
    }
  })
}
