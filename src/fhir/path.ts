// Confinement: a path that a caller names must lead below the FHIR base, or it is refused before anything is sent.

import { ToldError } from '../base/told-error.ts'
import { withoutEnd } from '../base/trim.ts'

/** A path that doesn't lead below the FHIR base. The message shows the caller a valid one. */
export class PathError extends ToldError {
  override readonly name = 'PathError'
}

const EXAMPLES = 'Give a path relative to the FHIR base, such as Patient/123 or Observation?code=8480-6&_count=10.'

/** Letters of FHIR types, ids, operations, `_history` and the like; no percent sign, dot segment, `;` or `@`. */
const SEGMENT = /^(?!\.+$)[A-Za-z0-9._$-]+$/

/**
 * Resolves a path that a model, a Bundle entry or a server's link names, confined to the FHIR base.
 *
 * Accepts a path with or without a leading slash or the base's own path (`fhir/R4/`), and a full URL below the base.
 * The check is made on what will be sent: after it, the URL is parsed again and compared.
 *
 * @param path the path and query as given
 * @param base the FHIR base URL, ending in a slash
 * @returns the URL to request: below the base, no user info, no fragment
 * @throws {PathError} for anything else; nothing may be sent then
 */
export function confine(path: string, base: URL): URL {
  const given = withoutEnd(path, ' ').replace(/^ +/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(given)) throw refusal('it contains a control character or line break')
  if (given.includes('#')) throw refusal('it contains a fragment (#); write # as %23 inside a search value')
  const local = withoutOrigin(given, base)
  const mark = local.indexOf('?')
  const query = mark < 0 ? '' : local.slice(mark)
  const segments = segmentsBelow(mark < 0 ? local : local.slice(0, mark), base)
  const pathname = segments.length > 0 ? base.pathname + segments.join('/') : base.pathname.replace(/\/$/, '')
  const url = new URL(base.origin + pathname + query)
  if (url.origin !== base.origin || url.pathname !== pathname || url.username || url.password || url.hash) {
    throw refusal('it does not stay below the FHIR base')
  }
  return url
}

/** The path relative to the base, as {@link confine} accepts it again: `Patient?_count=20`. */
export function relativeTo(base: URL, url: URL): string {
  const below = url.pathname.startsWith(base.pathname) ? url.pathname.slice(base.pathname.length) : ''
  return below + url.search
}

/** Removes the origin from a full URL; refuses a URL with another origin, scheme or port, or with user info. */
function withoutOrigin(given: string, base: URL): string {
  const scheme = /^[^/?]*:/.test(given)
  if (!scheme) return given
  if (given !== base.origin && !given.startsWith(`${base.origin}/`)) {
    throw refusal('it names another server; only the Medplum server that the person signed in to can be reached')
  }
  const local = given.slice(base.origin.length)
  if (!`${local.split('?')[0]}/`.startsWith(base.pathname))
    throw refusal(`it is outside the FHIR base ${base.pathname}`)
  return local
}

function segmentsBelow(path: string, base: URL): string[] {
  if (path.startsWith('//')) throw refusal('it starts with two slashes')
  let rest = path.startsWith('/') ? path.slice(1) : path
  const root = base.pathname.slice(1)
  if (`${rest}/` === root) rest = ''
  else if (rest.startsWith(root)) rest = rest.slice(root.length)
  else if (isFullPath(rest, root)) throw refusal(`it is outside the FHIR base ${base.pathname}`)
  if (rest === '') return []
  return rest.replace(/\/$/, '').split('/').map(cleanSegment)
}

/** A path with another base of the same server, such as `fhir/R5/Patient`. */
function isFullPath(path: string, root: string): boolean {
  return path.split('/')[0] === root.split('/')[0]
}

function cleanSegment(segment: string): string {
  if (segment === '') throw refusal('it contains an empty segment (//)')
  let plain = segment
  try {
    plain = decodeURIComponent(segment)
  } catch {
    throw refusal('it contains a broken percent escape')
  }
  if (!SEGMENT.test(plain)) {
    throw refusal('one of its segments is not a FHIR type, id or operation (no "..", backslash, "%", ";" or "@")')
  }
  return plain
}

function refusal(reason: string): PathError {
  return new PathError(`The path was refused and nothing was sent: ${reason}. ${EXAMPLES}`)
}
