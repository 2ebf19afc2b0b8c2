// Shortens entries of a Bundle that would use too much of an answer, and says what is missing.
import { isRecord } from '../base/json.ts'
import { type Entry, jsonOf } from './bundle-parts.ts'
import { type Lightened, lighten } from './lighten.ts'

/** An entry, and what was removed from it. */
interface Lighter {
  entry: Entry
  leftOut: readonly string[]
}

/** Entries shortened where each alone would use too much of an answer. */
export class Lightener {
  /** Characters that a resource may take up. */
  readonly limit: number
  readonly #size: (value: unknown) => number
  readonly #done = new Map<Entry, Lighter>()

  /** @param size characters of a value in the form in which it is shown */
  constructor(size: (value: unknown) => number, limit: number) {
    this.#size = size
    this.limit = limit
  }

  of(entry: Entry): Lighter {
    const known = this.#done.get(entry)
    if (known) return known
    const done = jsonOf(entry).length <= this.limit ? { entry, leftOut: [] } : this.#lighter(entry)
    this.#done.set(entry, done)
    return done
  }

  #lighter(entry: Entry): Lighter {
    const { resource, ...about } = entry
    const less = this.#less(resource)
    const lessAbout = this.#less(about)
    if (!less && !lessAbout) return { entry, leftOut: [] }
    return {
      entry: {
        ...((lessAbout?.value ?? about) as Entry),
        ...('resource' in entry && { resource: less ? less.value : resource }),
      },
      leftOut: [...(less?.leftOut ?? []), ...(lessAbout?.leftOut ?? [])],
    }
  }

  #less(value: unknown): Lightened | undefined {
    const isLight = value === undefined || JSON.stringify(value).length <= this.limit || this.#size(value) <= this.limit
    return isLight ? undefined : lighten(value, this.#size, this.limit)
  }
}

/** What was removed from entries, within a maximum length. */
export function leftOutLines(lighter: readonly Lighter[], limit: number): string[] {
  const heavy = lighter.filter(({ leftOut }) => leftOut.length > 0)
  const lines: string[] = []
  let room = limit
  for (const [at, { entry, leftOut }] of heavy.entries()) {
    const name = referenceTo(isRecord(entry.resource) ? entry.resource : {})
    const line = `of ${name}: ${leftOutLine(leftOut, Math.min(MAX_TOLD, room - name.length - 5))}`
    if (at > 0 && line.length > room) return [...lines, `of ${heavy.length - at} more entries, because of their size`]
    lines.push(line)
    room -= line.length + 12
  }
  return lines
}

function referenceTo({ resourceType, id }: Entry): string {
  return /^[\w.-]+\/[\w.-]+$/.test(`${resourceType}/${id}`) ? `${resourceType}/${id}` : 'one entry'
}

/** Maximum characters of a line that says what was removed. */
export const MAX_TOLD = 1500
const HOW = ', because of the size; `select` returns parts, such as note.text.substring(0,20000)'

/** What was removed, in a line of limited length. */
export function leftOutLine(leftOut: readonly string[], limit: number): string {
  const room = limit - HOW.length - 15
  const named: string[] = []
  for (const what of leftOut) {
    const short = what.slice(0, 120)
    if (named.join('; ').length + short.length + 2 > room) break
    named.push(short)
  }
  const more = leftOut.length - named.length
  const rest = more === 0 ? [] : [named.length === 0 ? `${more} parts` : `and ${more} more`]
  return `${[...named, ...rest].join('; ')}${HOW}`
}
