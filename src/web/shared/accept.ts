// Which form a client prefers: browsers ask for HTML, models' fetchers for Markdown, programs for neither.

/**
 * The weight that an Accept header gives a media type (RFC 9110, section 12.5.1). Only named types count: a
 * wildcard says nothing about who asks.
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
