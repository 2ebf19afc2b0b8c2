// Arguments that a tool doesn't have. They are never ignored: without `dry_run` the call would write, and without `params` it would
// return everybody's records.

import { isRecord } from '../../base/json.ts'
import { nearest } from '../../fhir/capability.ts'

/** What is wrong with the names of the arguments; undefined if the tool has all of them. */
export function unknownArguments(tool: string, args: unknown, known: readonly string[]): string | undefined {
  const unknown = isRecord(args) ? Object.entries(args).filter(([name]) => !known.includes(name)) : []
  if (unknown.length === 0) return undefined
  const found = unknown.map(
    ([name, value]) => `${tool} has no argument \`${shown(name)}\`. ${advice(name, value, known)}`,
  )
  return `${found.slice(0, MAX_NAMED).join('\n')}\nNothing was sent.`
}

const MAX_NAMED = 10
const MAX_NAME = 64

function shown(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '?').slice(0, MAX_NAME)
}

function advice(name: string, value: unknown, known: readonly string[]): string {
  if (/^headers?$/i.test(name)) return headers(value, known)
  const right = known.find((one) => letters(one) === letters(name)) ?? meant(name, known)
  if (right !== undefined) return `Write \`${right}\`.`
  if (known.includes('path') && IN_PATH.has(letters(name))) return `It belongs in \`path\`, such as ${EXAMPLE}.`
  const near = nearest(name, known)
  if (near.length > 0) return `Did you mean ${near.map((one) => `\`${one}\``).join(' or ')}?`
  return known.length === 0 ? 'It takes no arguments.' : `It has: ${known.map((one) => `\`${one}\``).join(', ')}.`
}

const EXAMPLE = 'Observation?subject=Patient/ID&_count=20'

/** `dry_run`, `dry-run` and `DryRun` are the same. */
function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** Other names for arguments, by the letters of the name. */
const MEANT: Record<string, string> = {
  accept: 'format',
  async: 'respondAsync',
  columns: 'select',
  content: 'body',
  data: 'body',
  elements: 'select',
  endpoint: 'path',
  etag: 'ifMatch',
  fields: 'select',
  httpmethod: 'method',
  json: 'body',
  jsonpatch: 'patch',
  maxlength: 'maxChars',
  mediatype: 'contentType',
  operations: 'patch',
  output: 'format',
  payload: 'body',
  prefer: 'respondAsync',
  preview: 'dryRun',
  reference: 'id',
  requestbody: 'body',
  resource: 'body',
  simulate: 'dryRun',
  uri: 'path',
  url: 'path',
  validateonly: 'dryRun',
  verb: 'method',
  version: 'ifMatch',
  versionid: 'ifMatch',
}

function meant(name: string, known: readonly string[]): string | undefined {
  const right = Object.hasOwn(MEANT, letters(name)) ? MEANT[letters(name)] : undefined
  return right !== undefined && known.includes(right) ? right : undefined
}

/** What belongs in a path, by the letters of the name. */
const IN_PATH: ReadonlySet<string> = new Set(
  'count cursor filter filters id include limit offset order page pagesize parameters params query queryparameters queryparams querystring resourcetype resourceid revinclude search searchparameters searchparams sort summary total type'.split(
    ' ',
  ),
)

/** Callers can't set headers; arguments do what some headers would. */
const HEADERS: Record<string, string> = {
  'content-type': 'contentType',
  'if-match': 'ifMatch',
  'if-none-exist': 'ifNoneExist',
  prefer: 'respondAsync',
}

function headers(value: unknown, known: readonly string[]): string {
  const names = isRecord(value) ? Object.keys(value) : typeof value === 'string' ? [value.split(':')[0] ?? ''] : []
  const instead = names.flatMap((name) => {
    const right = HEADERS[name.trim().toLowerCase()]
    return right !== undefined && known.includes(right) ? `Instead of ${shown(name)}, write \`${right}\`.` : []
  })
  return ['Headers cannot be set.', ...instead].join(' ')
}
