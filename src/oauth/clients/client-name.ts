// What a client calls itself, as people and models are shown it. Anybody can register any name: one of a thousand lines would push out
// of sight where access goes, one with marks for writing direction would turn the words around it, and one with a heap of combining
// marks would draw over them.
import { UNSEEN } from '../../base/text.ts'

const MAX_LENGTH = 80
/** Line breaks and blanks; each run becomes one space. */
const BLANK = /[\p{Cc}\p{Z}\s\u2800]+/gu
/** Combining marks without a letter before them, or more than any language puts on one. */
const HEAPED = /(^|[^\p{L}\p{N}\p{S}\p{P}\p{M}])\p{M}+|(\p{M}{2})\p{M}+/gu

/** The name as one short line; empty if nothing of it is visible. */
export function shownName(name: string): string {
  // What is cut away in the end isn't worked on: a name may be a document.
  const start = name.slice(0, 40 * MAX_LENGTH).normalize('NFC')
  const line = start.replaceAll(BLANK, ' ').replaceAll(UNSEEN, '').replaceAll(HEAPED, '$1$2')
  const characters = [...line.replaceAll(BLANK, ' ').trim()]
  const isWhole = characters.length <= MAX_LENGTH && name.length <= 40 * MAX_LENGTH
  return isWhole ? characters.join('') : `${characters.slice(0, MAX_LENGTH - 1).join('')}…`
}
