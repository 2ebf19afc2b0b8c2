// Text arguments with a maximum length, since an isolate serves many people at once.
import * as z from 'zod'

/** Maximum characters of a path, a search or a link: Node, and so Medplum, accepts 16 KiB for the URL and all headers together. */
export const MAX_ADDRESS = 8192
/** Maximum characters of a search's criteria in the body. */
export const MAX_FORM = 65_536
/** Maximum characters of an id, a version or a media type. */
export const MAX_NAME = 256
/** Maximum characters of a text body: no message is longer (`mcp/session/message.ts`). */
export const MAX_CONTENT = 4 * 1024 * 1024

/** A text with a maximum length. */
export function boundedText(most: number): z.ZodString {
  return z
    .string()
    .max(most, `This has more than ${most.toLocaleString('en')} characters. Nothing was sent. Shorten it.`)
}
