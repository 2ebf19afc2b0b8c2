// The arguments that the tools for FHIR requests share, and how arguments as models really send them are normalized.

import * as z from 'zod'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { Method } from '../../client/request.ts'

import { boundedText, MAX_ADDRESS, MAX_CONTENT, MAX_NAME } from '../kit/bounded.ts'
import { withQueryObject } from './query-object.ts'
import { VIEW_INPUT } from './view.ts'

export const PATH = boundedText(MAX_ADDRESS)
  .optional()
  .describe('Path relative to the FHIR base, with any query, e.g. Patient?name=smith&_count=5; empty or / for a batch')
  .transform((path) => path ?? '')

// The content to send has three arguments, each of one type: Gemini CLI drops every tool that has a property without a type, and Gemini
// and Claude refuse lists of types. The first two advertise one type but accept others: models also send JSON as text, and a patch as
// the body.
export const BODY = z.unknown().optional().meta({ type: 'object', description: 'Resource, Bundle or Parameters' })

const PATCH = z
  .unknown()
  .optional()
  .meta({
    type: 'array',
    items: { type: 'object' },
    description: 'For PATCH: JSON Patch, e.g. [{"op":"replace","path":"/status","value":"completed"}]',
  })

const TEXT = boundedText(MAX_CONTENT)
  .optional()
  .describe('Instead of body, non-JSON content: text, or base64 of a file')

/** The three forms of a request's content, of which it has at most one. */
export const CONTENT_INPUT = {
  body: BODY,
  patch: PATCH,
  text: TEXT,
  contentType: boundedText(MAX_NAME)
    .optional()
    .describe('Media type of text, e.g. x-application/hl7-v2+er7, text/plain, application/pdf (base64)'),
}

export const IF_MATCH = boundedText(MAX_NAME)
  .optional()
  .describe('Only if this meta.versionId is current, for PUT, PATCH, DELETE')

const IF_NONE_EXIST = boundedText(MAX_ADDRESS)
  .optional()
  .describe('Creates only if this search finds nothing, e.g. identifier=http://example.org/mrn|123')

export const RESPOND_ASYNC = z.boolean().optional().describe('Runs a long batch in the background, with progress')

export const DRY_RUN = z.boolean().optional().describe('Changes nothing: says what would change, and checks it')

/** What a request sends. */
export const WRITE_INPUT = {
  path: PATH,
  ...CONTENT_INPUT,
  ifMatch: IF_MATCH,
  ifNoneExist: IF_NONE_EXIST,
  respondAsync: RESPOND_ASYNC,
  dryRun: DRY_RUN,
}

/** How its answer is shown. */
export const READ_INPUT = {
  ...VIEW_INPUT,
  offset: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe('For a large file: byte to continue from, as the last answer says'),
}

interface ContentArguments {
  method: Method
  body?: unknown
  patch?: unknown
  text?: string | undefined
}

/**
 * The arguments with the content as `body`, whichever of the three contained it.
 *
 * @throws {UserError} if there is more than one, or a patch without PATCH
 */
export function withBody<T extends ContentArguments>({ patch, text, ...args }: T): Omit<T, 'patch' | 'text'> {
  const given = [args.body, patch, text].filter((one) => one !== undefined && one !== null)
  if (given.length > 1) {
    throw new UserError(
      '`body` (a resource), `patch` (a JSON Patch) and `text` (non-JSON content) cannot be combined. Nothing was sent. Give one of them.',
    )
  }
  if (patch !== undefined && patch !== null && args.method !== 'PATCH') {
    throw new UserError(
      `\`patch\` is for PATCH, such as PATCH Task/ID. Nothing was sent. With ${args.method}, give the whole resource as \`body\`.`,
    )
  }
  return { ...args, body: given[0] }
}

/** What models really send: `url` for `path`, a lower-case method, null for what is left out. */
export function normalise(args: unknown, note?: (text: string) => void): unknown {
  if (!isRecord(args)) return args
  const { url, ...others } = args
  // If two paths differ, it is unknown which is meant: the other stays, and is refused as an unknown argument.
  const rest = (others.path ?? url) === (url ?? others.path) ? others : args
  const path = rest.path ?? url
  const given = Object.entries(rest).filter(([name, value]) => value !== null || name === 'body')
  const method = typeof rest.method === 'string' ? { method: rest.method.trim().toUpperCase() } : {}
  const select = typeof rest.select === 'string' ? { select: [rest.select] } : {}
  const found = { ...Object.fromEntries(given), ...method, ...select, ...(path !== undefined && { path }) }
  return method.method === 'GET' ? withQueryObject(found, note) : found
}

/** The arguments without a method that the tool implies anyway. */
export function withoutMethod(args: unknown, ...implied: Method[]): unknown {
  if (!isRecord(args) || !implied.some((method) => method === args.method)) return args
  const { method: _method, ...rest } = args
  return rest
}
