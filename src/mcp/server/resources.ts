// Records and the server's abilities as MCP resources, for hosts where a person attaches them to a conversation.

import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { summarizeServer, summarizeType } from '../../advice/replies/capability-summary.ts'
import { type CallEvent, typeOfTarget } from '../../audit/audit.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { loadCapability } from '../../client/load-capability.ts'
import type { Capability } from '../../fhir/capability.ts'
import { PathError } from '../../fhir/path.ts'
import { fileContent } from '../../text/file.ts'
import { explain, openClient } from '../../tools/kit/register.ts'
import type { CallSupport } from '../../tools/kit/tool.ts'
import { readingPath } from '../../tools/perform/reading.ts'
import type { Completers } from './completion.ts'

const RECORD = 'fhir:///{type}/{id}'
const TYPE = 'fhir:///{type}'
const SERVER = 'fhir:///metadata'

/** Maximum characters of one record or file. */
const MAX_CHARACTERS = 100_000
/** Maximum bytes of a file, which in Base64 are a third more characters. */
const MAX_FILE_BYTES = MAX_CHARACTERS

const OWN = { ttlMs: 0, cacheScope: 'private' } as const

/**
 * Registers the resources.
 *
 * @param publicTtlMs how long clients may keep what is the same for everybody, in milliseconds
 * @returns completers for their addresses
 */
export function registerResources(server: McpServer, support: CallSupport, publicTtlMs: number): Completers {
  const shared = { ttlMs: publicTtlMs, cacheScope: 'public' } as const
  server.registerResource(
    'record',
    new ResourceTemplate(RECORD, { list: undefined }),
    {
      title: 'FHIR record',
      description: 'One record as FHIR JSON, if the signed-in person can access it, such as fhir:///Patient/ID',
      mimeType: 'application/fhir+json',
      cacheHint: OWN,
    },
    (uri, _variables, ctx) =>
      answered(uri, ctx, support, async (event) => readRecord(uri, event, await open(ctx, support), ctx)),
  )
  server.registerResource(
    'type',
    new ResourceTemplate(TYPE, { list: undefined }),
    {
      title: 'FHIR type',
      description: 'Search parameters and operations of one resource type, such as fhir:///Observation',
      mimeType: 'text/plain',
      cacheHint: shared,
    },
    (uri, { type }, ctx) =>
      answered(uri, ctx, support, async () => {
        const capability = await capabilityOf(await open(ctx, support))
        if (typeof type !== 'string' || !capability.types.has(type)) throw new ResourceNotFoundError(uri.href)
        return plainText(uri, summarizeType(capability, type))
      }),
  )
  server.registerResource(
    'metadata',
    SERVER,
    {
      title: 'Medplum server',
      description: 'Resource types and operations of the Medplum server, summarized',
      mimeType: 'text/plain',
      cacheHint: shared,
    },
    (uri, ctx) =>
      answered(uri, ctx, support, async () =>
        plainText(uri, summarizeServer(await capabilityOf(await open(ctx, support)))),
      ),
  )
  const types = async (typed: string, _given: object, ctx: ServerContext) => {
    const capability = await capabilityOf(await open(ctx, support))
    return [...capability.types].filter((type) => type.toLowerCase().startsWith(typed.toLowerCase())).sort()
  }
  return {
    [RECORD]: {
      type: types,
      id: async (typed, { type }, ctx) => latestIds(type ?? '', typed, await open(ctx, support), ctx),
    },
    [TYPE]: { type: types },
    [SERVER]: {},
  }
}

interface Opened {
  fhir: FhirClient
  base: URL
}

/** The FHIR client of the person who asks. */
async function open(ctx: ServerContext, support: CallSupport): Promise<Opened> {
  const { caller, fhir } = await openClient(support, ctx)
  return { fhir, base: caller.medplum.fhirBase }
}

async function capabilityOf({ fhir, base }: Opened): Promise<Capability> {
  const capability = await loadCapability(base, fhir)
  if (!capability)
    throw new ProtocolError(ProtocolErrorCode.InternalError, 'Medplum did not answer with its metadata. Try again.')
  return capability
}

async function readRecord(
  uri: URL,
  event: Event,
  { fhir, base }: Opened,
  ctx: ServerContext,
): Promise<ReadResourceResult> {
  const given = uri.href.slice('fhir:///'.length)
  const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(given) ?? []
  if (type === undefined || id === undefined) throw new ResourceNotFoundError(uri.href)
  event.type = typeOfTarget(type) ?? 'other'
  const path = readingPath(`${type}/${id}`, base)
  const isFile = type === 'Binary'
  const part = isFile ? { offset: 0, length: MAX_FILE_BYTES } : undefined
  const answer = await fhir.send({
    method: 'GET',
    path,
    repeatable: true,
    signal: ctx.mcpReq.signal,
    ...(part && { part }),
  })
  event.status = answer.status
  if (isFile && answer.body instanceof Uint8Array)
    return file(uri, path, answer.contentType, answer.body, answer.file?.more ?? false)
  // A custom operation of the project may answer at any path, so the type of the answer is checked.
  if (!isRecord(answer.body) || answer.body.resourceType !== type) throw new ResourceNotFoundError(uri.href)
  const text = JSON.stringify(answer.body)
  if (text.length > MAX_CHARACTERS) throw tooLarge(path)
  return { contents: [{ uri: uri.href, mimeType: 'application/fhir+json', text }] }
}

/** A file's content. Embedded resources in tool answers have its address. */
function file(uri: URL, path: string, contentType: string, bytes: Uint8Array, more: boolean): ReadResourceResult {
  const [first, second] = fileContent({ path, contentType, bytes, from: undefined, size: undefined, more })
  const mimeType = contentType || 'application/octet-stream'
  const blob =
    second?.type === 'image'
      ? second.data
      : second?.type === 'resource' && 'blob' in second.resource
        ? second.resource.blob
        : undefined
  const text = second === undefined && first?.type === 'text' ? first.text : undefined
  if (more || (blob ?? text ?? '').length > MAX_CHARACTERS) throw tooLarge(path)
  if (blob !== undefined) return { contents: [{ uri: uri.href, mimeType, blob }] }
  return { contents: [{ uri: uri.href, mimeType, text: text ?? '' }] }
}

function tooLarge(path: string): ProtocolError {
  const message = `${path} is larger than ${MAX_CHARACTERS} characters. Read it in parts with the tool fhir-read: ${path}`
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

function plainText(uri: URL, text: string): ReadResourceResult {
  return { contents: [{ uri: uri.href, mimeType: 'text/plain', text }] }
}

/** Ids of the most recently changed records of a type. */
async function latestIds(type: string, typed: string, { fhir, base }: Opened, ctx: ServerContext): Promise<string[]> {
  if (!/^[A-Z][A-Za-z]+$/.test(type)) return []
  const path = readingPath(`${type}?_sort=-_lastUpdated&_count=100&_elements=id`, base)
  const { body } = await fhir.send({ method: 'GET', path, repeatable: true, signal: ctx.mcpReq.signal })
  const entries: unknown[] = isRecord(body) && Array.isArray(body.entry) ? body.entry : []
  return entries.flatMap((entry) => {
    const id = isRecord(entry) && isRecord(entry.resource) ? entry.resource.id : undefined
    return typeof id === 'string' && id.startsWith(typed.toLowerCase()) ? [id] : []
  })
}

type Event = Pick<CallEvent, 'type' | 'status'>

/** The error boundary of resources: -32602 for what is not found (MCP, server/resources), otherwise as for tools. */
async function answered(
  uri: URL,
  ctx: ServerContext,
  support: CallSupport,
  read: (event: Event) => Promise<ReadResourceResult>,
): Promise<ReadResourceResult> {
  const event: Event = {}
  const started = Date.now()
  const finish = (outcome: CallEvent['outcome'], chars: number) =>
    support.note(ctx, { tool: 'resources/read', kind: 'read', ...event, outcome, ms: Date.now() - started, chars })
  try {
    const result = await read(event)
    await finish('ok', JSON.stringify(result.contents).length)
    return result
  } catch (error) {
    if (error instanceof FhirError) event.status = error.status
    await finish('error', 0)
    if (error instanceof ProtocolError) throw error
    if (isMissing(error)) throw new ResourceNotFoundError(uri.href)
    throw new ProtocolError(ProtocolErrorCode.InternalError, explain(error))
  }
}

/** Not found, deleted, or impossible: Medplum answers 400 to an invalid type or id. */
function isMissing(error: unknown): boolean {
  if (error instanceof FhirError) return [400, 404, 410].includes(error.status)
  return error instanceof UserError || error instanceof PathError
}
