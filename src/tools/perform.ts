// One FHIR request from arguments to answer: understood, checked, sent, followed where it takes long, and explained.
import type { ContentBlock } from '@modelcontextprotocol/server'
import { typeOf } from '../audit.ts'
import { knownCapability, loadCapability } from '../fhir/capabilities.ts'
import { type FhirClient, type FhirRequest, type FhirResponse, isRecord, type Method } from '../fhir/client.ts'
import { cure } from '../fhir/cures.ts'
import { fileContent, MAX_PART } from '../fhir/file.ts'
import { secretKeys } from '../fhir/graphql-secrets.ts'
import { follow, isEnded, isJobPath, resultOf } from '../fhir/job.ts'
import { FhirError } from '../fhir/outcome.ts'
import { confine, PathError, relativeTo } from '../fhir/path.ts'
import { describeRights } from '../fhir/rights.ts'
import { classify, type Risk } from '../fhir/risk.ts'
import { answersText, secretTrap } from '../fhir/secret-traps.ts'
import { checkAnswer, checkTraps } from '../fhir/traps.ts'
import { compose } from './content.ts'
import { type ToolContext, type ToolOutput, UserError } from './define.ts'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies Method[]

export interface RequestArguments {
  method: Method
  path: string
  body?: unknown
  contentType?: string | undefined
  ifMatch?: string | undefined
  ifNoneExist?: string | undefined
  respondAsync?: boolean | undefined
  offset?: number | undefined
}

/** A request that was understood: what is sent, and what the checks know of it. */
interface Prepared {
  request: FhirRequest
  asked: { method: Method; path: string; body?: unknown; contentType?: string }
  risk: Risk
  notes: string[]
}

/**
 * Carries out one request.
 *
 * @throws {UserError} {PathError} before anything is sent
 * @throws {FhirError} with advice, {TransportError}, {SessionError}
 */
export async function perform(args: RequestArguments, context: ToolContext): Promise<ToolOutput> {
  const { fhir, caller, signal, event } = context
  const prepared = prepare(args, caller.medplum.fhirBase)
  event.kind = prepared.risk.kind
  event.type = typeOf(prepared.risk.targets[0]) ?? 'other'
  try {
    if (args.method === 'DELETE' && args.ifMatch !== undefined)
      await compareVersion(fhir, prepared, args.ifMatch, signal)
    const response = await fhir.send({ ...prepared.request, signal })
    event.status = response.status
    const { path } = prepared.request
    const jobPath = response.jobPath ?? (args.method === 'GET' && isJobPath(path) ? path : undefined)
    const running = response.status === 202 && jobPath !== undefined && !isEnded(response.body)
    return running ? await presentJob(context, prepared, jobPath) : present(prepared, response, args.offset)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const base = caller.medplum.fhirBase
    const capability =
      error.status === 400 || error.status === 404 ? await loadCapability(base, fhir) : knownCapability(base)
    const { status, outcome, headers } = error
    const advice = cure(prepared.asked, { status, outcome, headers }, capability)
    const rights = status === 403 ? describeRights(await fhir.whoAmI(), resourceTypeOf(prepared.risk)) : undefined
    error.message = [error.message, rights, advice].filter(Boolean).join('\n')
    throw error
  }
}

/** The resource type that a request is about, where it is about one. */
function resourceTypeOf({ targets }: Risk): string | undefined {
  return targets.length === 1 ? /^[A-Z][A-Za-z]+/.exec(targets[0] ?? '')?.[0] : undefined
}

function prepare(args: RequestArguments, base: URL): Prepared {
  const { method, contentType } = args
  const local = relativeTo(base, confine(args.path, base))
  const { content, json } = compose(method, local, args.body, contentType)
  confineEntries(json, base)
  const asked = {
    method,
    path: local,
    ...(json !== undefined && { body: json }),
    ...(contentType !== undefined && { contentType }),
  }
  const trap = checkTraps(asked, knownCapability(base))
  if (trap.kind === 'refused') throw new UserError(trap.message)
  const path = trap.kind === 'rewritten' ? trap.path : local
  const notes = trap.kind === 'rewritten' ? [trap.note, ...trap.warnings] : trap.warnings
  const secret = secretTrap(method, path, json ?? args.body)
  if (secret) throw new UserError(`${secret} Nothing was sent.`)
  const risk = classify({ ...asked, path })
  const isFile = method === 'GET' && /^Binary\/[^/?]+(\?|$)/.test(path)
  const isGraphql = /^\$graphql(\?|$)/i.test(path)
  const request: FhirRequest = {
    method,
    path,
    ...(content && { content }),
    ...conditions(args, path, json),
    ...(args.respondAsync && { respondAsync: true }),
    ...((isFile || answersText(path)) && { part: { offset: args.offset ?? 0, length: MAX_PART.bytes } }),
    ...(isGraphql && { hidden: secretKeys(json ?? args.body, path.slice(path.indexOf('?') + 1)) }),
    repeatable: isRepeatable(method, path, risk, args),
  }
  return { request, asked: { ...asked, path }, risk, notes }
}

/** Reads by GET, and writes that the version or a search guards. Never a POST: a second one may be a second order. */
function isRepeatable(method: Method, path: string, risk: Risk, { ifMatch }: RequestArguments): boolean {
  if (method === 'GET') return risk.kind === 'read'
  const bySearch = /^[A-Za-z]+\?/.test(path)
  return method === 'PUT' && risk.kind === 'write' && (ifMatch !== undefined || bySearch)
}

/** If-Match and If-None-Exist in the form that Medplum honours: on PATCH, a leading test of the version. */
function conditions(args: RequestArguments, path: string, json: unknown): Partial<FhirRequest> {
  const { method, ifMatch, ifNoneExist } = args
  const found: Partial<FhirRequest> = {}
  if (ifNoneExist !== undefined) {
    // Elsewhere Medplum ignores it, and without criteria it creates in any case.
    if (method !== 'POST' || !/^(?!Binary\b)[A-Za-z]+(\?|$)/.test(path)) {
      throw new UserError(
        '`ifNoneExist` is for creating by POST of one resource only, such as POST Patient. Nothing was sent.',
      )
    }
    const criteria = oneLine('ifNoneExist', ifNoneExist).replace(/^[A-Za-z]*\?/, '')
    if (!/^[^=&]+=[^&]/.test(criteria)) {
      throw new UserError(
        '`ifNoneExist` must be a search, such as identifier=http://example.org/mrn|123. Nothing was sent.',
      )
    }
    found.ifNoneExist = criteria
  }
  if (ifMatch !== undefined) {
    const version = versionOf(ifMatch)
    if (method === 'PUT') found.ifMatch = `W/"${version}"`
    else if (method === 'PATCH') {
      if (!Array.isArray(json)) throw new UserError('`body` of a PATCH must be a JSON Patch array. Nothing was sent.')
      const guarded = [{ op: 'test', path: '/meta/versionId', value: version }, ...json]
      found.content = { type: 'application/json-patch+json', data: JSON.stringify(guarded) }
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
function versionOf(ifMatch: string): string {
  const version = /^(?:W\/)?"?([A-Za-z0-9.-]{1,64})"?$/.exec(oneLine('ifMatch', ifMatch))?.[1]
  if (version) return version
  throw new UserError('`ifMatch` must be a meta.versionId, such as 8a2f6c1e-…. Nothing was sent.')
}

function oneLine(name: string, value: string): string {
  const text = value.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (text !== '' && !/[\u0000-\u001f\u007f-\uffff]/.test(text)) return text
  throw new UserError(`\`${name}\` must be one line of ASCII text; percent-encode anything else. Nothing was sent.`)
}

/** Medplum ignores If-Match on DELETE, so the version is compared right before. */
async function compareVersion(
  fhir: FhirClient,
  { request }: Prepared,
  ifMatch: string,
  signal: AbortSignal,
): Promise<void> {
  const { body } = await fhir.send({ method: 'GET', path: request.path, repeatable: true, signal })
  const current = isRecord(body) && isRecord(body.meta) ? body.meta.versionId : undefined
  if (current !== versionOf(ifMatch)) {
    throw new UserError(
      `The record has changed: its version is ${String(current)} now. Nothing was deleted. Read it again first.`,
    )
  }
}

/** Each entry of a batch or transaction names a place of its own: all are confined before anything is sent. */
function confineEntries(body: unknown, base: URL): void {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.entry)) return
  body.entry.forEach((entry: unknown, index) => {
    const request = isRecord(entry) ? entry.request : undefined
    const url = isRecord(request) ? request.url : undefined
    if (typeof url !== 'string') return
    try {
      confine(url, base)
    } catch (error) {
      if (error instanceof PathError) throw new PathError(`Bundle.entry[${index}].request.url: ${error.message}`)
      throw error
    }
  })
}

function present(
  { request, asked, notes }: Prepared,
  response: FhirResponse,
  from: number | undefined,
): ContentBlock[] {
  const { status, contentType, body, file } = response
  if (file && body instanceof Uint8Array) {
    const path = request.path.split('?')[0] ?? ''
    const content = fileContent({ path, contentType, bytes: body, from, ...file })
    return withNotes(content, notes)
  }
  const text =
    body === undefined ? JSON.stringify({ status, body: null }) : typeof body === 'string' ? body : JSON.stringify(body)
  return withNotes([{ type: 'text', text }], [...notes, ...checkAnswer(asked, { status, body })])
}

/** What a model should know besides the answer stands apart from it, so that the answer stays plain JSON. */
function withNotes(content: ContentBlock[], notes: string[]): ContentBlock[] {
  const different = [...new Set(notes)].filter((note) => note !== '')
  return different.length === 0
    ? content
    : [...content, { type: 'text', text: different.map((note) => `Note: ${note}`).join('\n') }]
}

/** Work that goes on in the background: its answer, or how to ask for it later. */
async function presentJob(
  { fhir, progress, signal, event }: ToolContext,
  prepared: Prepared,
  jobPath: string,
): Promise<ToolOutput> {
  const done = await follow(fhir, jobPath, progress, signal)
  if (!done) {
    const how = `Medplum is still working on this. Ask again with GET ${jobPath}, now or later, in any session; DELETE ${jobPath} cancels it.`
    return withNotes([{ type: 'text', text: JSON.stringify({ status: 202, job: jobPath }) }], [...prepared.notes, how])
  }
  event.status = done.status
  const result = resultOf(done.body)
  if (result === undefined) return present(prepared, done, undefined)
  // As a file: asked for as FHIR JSON, a Binary comes without its content.
  const part = { offset: 0, length: MAX_PART.bytes }
  const { hidden } = prepared.request
  const stored = await fhir.send({
    method: 'GET',
    path: result,
    repeatable: true,
    part,
    signal,
    ...(hidden && { hidden }),
  })
  return present(prepared, stored, undefined)
}
