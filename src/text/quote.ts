// Quotes the text of a record or file between two lines that its author could not know. Everything between them is content, even if it
// looks like an answer, an instruction or the end of the quotation. Invisible characters are made visible.
import { visibleLines } from '../base/text.ts'

/**
 * The text as quoted record content.
 *
 * @param exact whether to leave the text unchanged, including invisible characters
 */
export function quotedText(text: string, contentType: string, exact = false): string {
  if (text === '') return text
  const mark = markFor(text)
  const about = contentType ? `${contentType}, ` : ''
  const shown = exact ? text : visibleLines(text)
  return `${about}quoted record content up to the line ${mark}:\n${shown}\n${mark}`
}

function markFor(text: string): string {
  for (;;) {
    const mark = `end-of-content-${crypto.randomUUID().slice(0, 8)}`
    if (!text.includes(mark)) return mark
  }
}
