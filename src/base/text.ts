// Foreign text for display: every character in it is visible, and it can't leave its line.

/** Characters that are invisible or that a terminal would act on: controls, line ends, direction marks, tags, fillers, private use. */
export const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** Combining marks after two others: they would draw over neighbouring lines. */
const HEAPED = /(?<=\p{M}{2})\p{M}/gu

const BEYOND_ASCII = /[^ -~]/

/** A string in quotes, as in JSON, with all characters visible. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text))
}

/** Text with all characters visible; within strings of JSON it means the same. */
export function visible(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text
  return text.replace(UNSEEN, escaped).replace(HEAPED, escaped)
}

/** The same for a text of several lines. */
export function visibleLines(text: string): string {
  return text.replaceAll(/[^\t\n\r]+/g, visible)
}

function escaped(char: string): string {
  return Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  )
}

/** Foreign text within a line of ours: it can't break out of the line, and has a maximum length. */
export function oneLine(text: string, limit: number): string {
  const shown = visible(text)
  return shown.length > limit ? `${shown.slice(0, limit)}… (${shown.length} characters)` : shown
}

/** A text cut to a number of characters: as many of its first lines as fit, and its last two, which say what to do. */
export function fewerLines(text: string, limit: number): string {
  if (text.length <= limit) return text
  const most = Math.floor(limit / 5)
  const lines = text
    .split('\n')
    .map((line) => (line.length > most ? `${line.slice(0, most - 30)}… (${line.length} characters)` : line))
  const last = lines.splice(-2)
  let room = limit - last.join('\n').length - 100
  const kept = lines.filter((line) => {
    room -= line.length + 1
    return room > 0
  })
  const left = lines.length - kept.length
  return [
    ...kept,
    ...(left > 0 ? [`… ${left} more lines, left out because of the size (maxChars)`] : []),
    ...last,
  ].join('\n')
}

/** The charset that a media type names (RFC 9110, section 8.3.2). */
export function charsetIn(mediaType: string): string | undefined {
  return /;\s*charset="?([\w:.+-]{1,40})/i.exec(mediaType)?.[1]
}
