// The name that a client gave itself, made safe to show to people and models. Anyone can register any name: a very long one would hide
// where access goes, direction marks would reverse the text around it, and many combining marks would draw over it.
import { UNSEEN } from '../../base/text.ts'

const MAX_LENGTH = 80
/** Line breaks and blanks; each run becomes one space. */
const BLANK = /[\p{Cc}\p{Z}\s\u2800]+/gu
/** Combining marks without a letter, or more than any language puts on one. */
const HEAPED = /(^|[^\p{L}\p{N}\p{S}\p{P}\p{M}])\p{M}+|(\p{M}{2})\p{M}+/gu

/** The name as one short line; empty if nothing of it is visible. */
export function shownName(name: string): string {
  // Cut before normalizing, because a name may be very long.
  const start = name.slice(0, 40 * MAX_LENGTH).normalize('NFC')
  const line = start.replaceAll(BLANK, ' ').replaceAll(UNSEEN, '').replaceAll(HEAPED, '$1$2')
  const characters = [...line.replaceAll(BLANK, ' ').trim()]
  const isWhole = characters.length <= MAX_LENGTH && name.length <= 40 * MAX_LENGTH
  return isWhole ? characters.join('') : `${characters.slice(0, MAX_LENGTH - 1).join('')}…`
}
