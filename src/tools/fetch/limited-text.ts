// Text of limited length: it is cut only between lines, and notes say what did not fit.

/** Characters kept back for the notes on what did not fit. */
const RESERVE = 400

export class LimitedText {
  readonly #lines: string[] = []
  #room: number
  readonly #leftOut: string[] = []

  /** @param limit characters of the whole text, at least 1,000 */
  constructor(limit: number) {
    this.#room = limit - RESERVE
  }

  /**
   * Adds a head and lines below it: as many of them as fit, from the first on.
   *
   * @param head a separate line after an empty one; left out if empty
   * @param rest what the lines are lines of and how to get them, for the note on those that don't fit
   */
  section(head: string, lines: readonly string[], rest: string): void {
    const note = `(Left out: ${lines.length} of ${lines.length} lines ${rest}.)`
    if (this.#room < head.length + note.length + 3) {
      this.#leftOut.push(head)
      return
    }
    this.#room -= note.length + 1
    if (head !== '') this.#add(this.#lines.length > 0 ? `\n${head}` : head)
    const fitting = lines.findIndex((line) => {
      if (line.length + 1 > this.#room) return true
      this.#add(line)
      return false
    })
    if (fitting < 0) this.#room += note.length + 1
    else this.#lines.push(`(Left out: ${lines.length - fitting} of ${lines.length} lines ${rest}.)`)
  }

  #add(line: string): void {
    this.#lines.push(line)
    this.#room -= line.length + 1
  }

  toString(): string {
    const named = this.#leftOut.filter((_, at) => this.#leftOut.slice(0, at + 1).join('; ').length < RESERVE / 2)
    const more = named.length < this.#leftOut.length ? '; …' : ''
    const note = `\n(Left out: ${this.#leftOut.length} more parts: ${named.join('; ')}${more})`
    return [...this.#lines, ...(this.#leftOut.length > 0 ? [note] : [])].join('\n')
  }
}
