/**
 * Without a character that repeats at the end. A pattern such as `/ +$/` would try a long run of them once from each of its
 * characters.
 */
export function withoutEnd(text: string, char: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === char) end--
  return text.slice(0, end)
}
