// Finds the form that a client prefers: browsers ask for HTML, models' fetchers for Markdown, programs for neither.

/**
 * The weight of a media type in an Accept header (RFC 9110, section 12.5.1). Wildcards are ignored, since they don't show what kind of
 * client this is.
 *
 * @returns 0 (not named, or refused) to 1
 */
export function weight(accept: string | undefined, type: string): number {
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return quality ? Number(quality.slice(2)) || 0 : 1
  }
  return 0
}
