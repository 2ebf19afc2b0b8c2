/**
 * Removes all of one character at the end. On a long run of it elsewhere in the text, a pattern such as `/ +$/` takes quadratic time.
 */
export function withoutEnd(text: string, char: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === char) end--
  return text.slice(0, end)
}
