// A decoder from the compact form to JSON, written from docs/answers.md, independent of the code that writes it.

type Json = unknown
type Entry = Record<string, Json>

/** Turns a compact document back into the value that it was made from. */
export function decode(document: string): Json {
  const reader = new Reader(document.split('\n'))
  const value = reader.document(1)
  if (!reader.ended) throw new Error(`Left over: ${reader.peek()}`)
  return value
}

/** What an answer says of itself. */
const REMARK = /^(left out|dropped|note): /

class Reader {
  readonly #lines: string[]
  readonly #anchors = new Map<string, string>()
  #at = 0

  constructor(lines: string[]) {
    this.#lines = lines
  }

  get ended(): boolean {
    return this.#at >= this.#lines.length
  }

  peek(): string {
    return this.#lines[this.#at] ?? ''
  }

  next(): string {
    const line = this.#lines[this.#at++]
    if (line === undefined) throw new Error('The document breaks off')
    return line
  }

  document(depth: number): Json {
    const heading = this.#heading(depth)
    if (heading === undefined) {
      if (/^("(?:[^"\\]|\\.)*"|[@\w-]+): /.test(this.peek()) || this.#deeper(depth - 1)) return this.#record(depth)
      if (this.peek() === '') {
        this.next()
        return {}
      }
      return this.#value(this.next())
    }
    // An array has no name; an object may have only a table.
    if (heading.count !== undefined && heading.name !== '') return this.#record(depth)
    this.next()
    if (heading.count !== undefined) return this.#rows(heading.count, {})
    while (REMARK.test(this.peek()) && heading.name !== 'Bundle') this.next()
    if (heading.name === 'Bundle' && this.#tellsReturned()) return this.#bundle(depth)
    return { resourceType: heading.name, ...this.#record(depth + 1) }
  }

  #heading(depth: number): { name: string; count: number | undefined } | undefined {
    const found = /^(#+)(?: (.*?))??(?: \((\d+)\))?$/.exec(this.peek())
    if (!found || found[1]?.length !== depth) return undefined
    const name = found[2] ?? ''
    return { name, count: found[3] === undefined ? undefined : Number(found[3]) }
  }

  /** Whether there is a heading deeper than this here. */
  #deeper(depth: number): boolean {
    return (/^(#+)( |$)/.exec(this.peek())?.[1]?.length ?? 0) > depth
  }

  /** Lines `key: value`, then tables `## path (n)` at this depth. */
  #record(depth: number): Entry {
    const record: Entry = {}
    while (!this.ended && !/^#+( |$)/.test(this.peek())) {
      const line = this.next()
      const [key, after] = readKey(line, 0)
      if (!line.startsWith(': ', after)) throw new Error(`No property: ${line}`)
      set(record, [key], this.#value(line.slice(after + 2)))
    }
    for (;;) {
      const heading = this.#heading(depth)
      if (heading?.count === undefined || this.ended) return record
      const raw = this.next()
      const path = raw.replace(/^#+ /, '').replace(/ \(\d+\)$/, '')
      set(record, steps(path), this.#rows(heading.count, {}))
    }
  }

  #bundle(depth: number): Entry {
    const isTold = this.peek().startsWith('bundle: ')
    const about = isTold ? (this.#value(this.next().slice(8)) as Entry) : { type: 'searchset' }
    const bundle: Entry = { resourceType: 'Bundle', ...about }
    if (this.peek().startsWith('total: ')) bundle.total = this.#value(this.next().slice(7))
    const returned = /^returned: (\d+)(?: \(\d+ matches, \d+ included\))?$/.exec(this.next())
    if (!returned) throw new Error('No `returned`')
    if (this.peek().startsWith('next: ')) bundle.link = [{ relation: 'next', url: this.next().slice(6) }]
    if (this.peek().startsWith('link: ')) bundle.link = this.#value(this.next().slice(6))
    while (REMARK.test(this.peek())) this.next()
    const rows: { type: string; row: Entry }[] = []
    while (this.#heading(depth + 1)) this.#group(depth + 1, rows)
    if (rows.length > 0) bundle.entry = inOrder(rows).map(entryOf)
    if (rows.length !== Number(returned[1])) throw new Error(`${rows.length} of ${returned[1]} entries`)
    return bundle
  }

  #group(depth: number, rows: { type: string; row: Entry }[]): void {
    const heading = this.#heading(depth)
    if (!heading) throw new Error('No heading')
    const type = heading.name === 'entry' ? '' : heading.name
    this.next()
    const push = (row: Entry) => rows.push({ type, row })
    if (heading.count === undefined) {
      const own = this.#record(depth + 1)
      push(
        type === 'Bundle' && this.peek() === `${'#'.repeat(depth + 1)} Bundle`
          ? { ...own, ...this.#withoutType(depth) }
          : own,
      )
      return
    }
    const isDivided = (at: number) => /^#+( |$)/.test(this.#lines[at] ?? '')
    const hasSame = this.peek().startsWith('same: ')
    if (!isDivided(this.#at + (hasSame ? 1 : 0))) {
      for (const row of this.#rows(heading.count, {})) push(row)
      return
    }
    const same = hasSame ? this.#same(this.next()) : {}
    for (let part = this.#heading(depth + 1); part; part = this.#heading(depth + 1)) {
      this.next()
      if (part.count === undefined) push(merged(same, this.#record(depth + 2)))
      else for (const row of this.#rows(part.count, same)) push(row)
    }
  }

  /** A Bundle without a list of entries has only its properties. */
  #tellsReturned(): boolean {
    const lines = this.#lines.slice(this.#at)
    const end = lines.findIndex((line) => /^#+( |$)/.test(line))
    return lines.slice(0, end < 0 ? undefined : end).some((line) => line.startsWith('returned: '))
  }

  #withoutType(depth: number): Entry {
    this.next()
    const { resourceType: _type, ...bundle } = this.#bundle(depth + 1)
    return bundle
  }

  #rows(count: number, said: Entry): Entry[] {
    const same = this.peek().startsWith('same: ') ? this.#same(this.next()) : {}
    const head = split(this.next(), '|').map((column) => {
      const affix = /^((?:"(?:[^"\\]|\\.)*"|[^="])+)=([^…]*)…(.*)$/.exec(column)
      return affix ? { path: affix[1] ?? '', prefix: affix[2] ?? '', suffix: affix[3] ?? '' } : { path: column }
    })
    if (head.length === 1 && head[0]?.path === '') head.pop()
    return Array.from({ length: count }, () => {
      const row = merged(said, same)
      const line = this.next()
      if (line === '-') return row
      const cells = split(line, '|')
      for (const [index, column] of head.entries()) {
        const cell = cells[index]
        if (cell === undefined || cell === '') continue
        const plain = this.#plain(cell)
        const isWhole = column.prefix === undefined || /^[<({["]/.test(plain)
        set(row, steps(column.path), parsed(isWhole ? plain : `${column.prefix}${plain}${column.suffix}`))
      }
      return row
    })
  }

  #same(line: string): Entry {
    const same: Entry = {}
    this.#pairs(line.slice('same: '.length), same)
    return same
  }

  #pairs(text: string, into: Entry): void {
    for (const pair of split(text, ', ')) {
      const at = /^(?:"(?:[^"\\]|\\.)*"|[^="])+/.exec(pair)?.[0].length ?? 0
      set(into, steps(pair.slice(0, at)), this.#value(pair.slice(at + 1)))
    }
  }

  #plain(cell: string): string {
    const named = /^&(\d+) /.exec(cell)
    if (named) {
      const rest = cell.slice(named[0].length)
      this.#anchors.set(named[1] ?? '', rest)
      return rest
    }
    if (!/^\*\d+$/.test(cell)) return cell
    const known = this.#anchors.get(cell.slice(1))
    if (known === undefined) throw new Error(`Unknown ${cell}`)
    return known
  }

  #value(written: string): Json {
    return parsed(this.#plain(written))
  }
}

function parsed(text: string): Json {
  const [value, after] = readValue(text, 0)
  if (after !== text.length) throw new Error(`Not a value: ${text}`)
  return value
}

/** Rows with a number go in that place; the others fill the remaining places in order. */
function inOrder(rows: { type: string; row: Entry }[]): { type: string; row: Entry }[] {
  const places: { type: string; row: Entry }[] = []
  const others: { type: string; row: Entry }[] = []
  for (const { type, row } of rows) {
    const { '#': at, ...own } = row
    if (typeof at === 'number') places[at] = { type, row: own }
    else others.push({ type, row })
  }
  return rows.map((_, at) => places[at] ?? (others.shift() as { type: string; row: Entry }))
}

function entryOf({ type, row }: { type: string; row: Entry }): Json {
  const entry: Entry = {}
  const resource: Entry = {}
  for (const [name, value] of Object.entries(row)) {
    if (name === '@resource') entry.resource = value
    else if (name.startsWith('@')) entry[name.slice(1)] = value
    else resource[name] = value
  }
  if (type !== '') entry.resource = { resourceType: type, ...resource }
  return entry
}

/** Splits at a character that is not in quotes or brackets. */
function split(line: string, at: string): string[] {
  const parts: string[] = []
  let depth = 0
  let inQuotes = false
  let start = 0
  for (let i = 0; i < line.length; i++) {
    const char = line[i]
    if (inQuotes) {
      if (char === '\\') i++
      else if (char === '"') inQuotes = false
    } else if (char === '"') inQuotes = true
    else if ('{[<('.includes(char ?? ' ')) depth++
    else if ('}])>'.includes(char ?? ' ')) depth--
    else if (depth === 0 && line.startsWith(at, i)) {
      parts.push(line.slice(start, i))
      i += at.length - 1
      start = i + 1
    }
  }
  return [...parts, line.slice(start)]
}

function steps(path: string): (string | number)[] {
  return split(path, '.').map((step) =>
    step.startsWith('"') ? (JSON.parse(step) as string) : /^\d+$/.test(step) ? Number(step) : step,
  )
}

function set(target: Entry, path: (string | number)[], value: Json): void {
  let place = target as Record<string | number, Json>
  for (const [index, step] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(place, step)) define(place, step, typeof path[index + 1] === 'number' ? [] : {})
    place = place[step] as Record<string | number, Json>
  }
  define(place, path.at(-1) as string | number, structuredClone(value))
}

/** Also if the property is called `__proto__`. */
function define(place: object, step: string | number, value: Json): void {
  Object.defineProperty(place, step, { value, enumerable: true, writable: true, configurable: true })
}

function merged(a: Entry, b: Entry): Entry {
  const result = structuredClone(a)
  const into = (target: Entry, from: Entry) => {
    for (const [name, value] of Object.entries(from)) {
      const old = Object.hasOwn(target, name) ? target[name] : undefined
      if (typeof old === 'object' && old !== null && typeof value === 'object' && value !== null) {
        into(old as Entry, value as Entry)
      } else define(target, name, structuredClone(value))
    }
  }
  into(result, b)
  return result
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/

function readValue(text: string, from: number): [Json, number] {
  if (text[from] === '"') return readQuoted(text, from)
  if (text[from] === '[') return readList(text, from)
  if (text[from] === '{') return readObject(text, from)
  if (text[from] === '<') return readShort(text, from)
  if (text[from] === '(') return readConcept(text, from)
  let at = from
  while (at < text.length && !',]}>)'.includes(text[at] ?? '')) at++
  const word = text.slice(from, at)
  if (word === '') throw new Error(`Nothing at ${from} of ${text}`)
  if (word === 'true' || word === 'false' || word === 'null' || NUMBER.test(word)) return [JSON.parse(word), at]
  return [word, at]
}

function readQuoted(text: string, from: number): [string, number] {
  const found = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(from))?.[0]
  if (found === undefined) throw new Error(`No end of quotes: ${text.slice(from)}`)
  return [JSON.parse(found) as string, from + found.length]
}

function readList(text: string, from: number): [Json[], number] {
  const list: Json[] = []
  let at = from + 1
  while (text[at] !== ']') {
    if (text[at] === ',') at++
    const [value, after] = readValue(text, at)
    list.push(value)
    at = after
  }
  return [list, at + 1]
}

function readObject(text: string, from: number): [Entry, number] {
  const object: Entry = {}
  let at = from + 1
  while (text[at] !== '}') {
    if (text[at] === ',') at++
    const [key, colon] = readKey(text, at)
    const [value, after] = readValue(text, colon + 1)
    define(object, key, value)
    at = after
  }
  return [object, at + 1]
}

/** `<Type/id "display">`, `<system|code "display">`, `<1.5 "unit" "code">`, `<1.5 "unit" ->`, `<2026-01-01/2026-12-31>`. */
function readShort(text: string, from: number): [Entry, number] {
  const number = /^<(-?\d[\d.e+-]*) (?=")/.exec(text.slice(from))
  if (number) {
    const [unit, after] = readQuoted(text, from + number[0].length)
    if (text.startsWith(' -', after)) return [{ value: Number(number[1]), unit }, closed(text, after + 2, '>')]
    const [code, end] = text[after] === ' ' ? readQuoted(text, after + 1) : [unit, after]
    return [{ value: Number(number[1]), unit, system: 'http://unitsofmeasure.org', code }, closed(text, end, '>')]
  }
  const period = /^<(\d[\d:.TZ+-]*)\/(\d[\d:.TZ+-]*)>/.exec(text.slice(from))
  if (period) return [{ start: period[1], end: period[2] }, from + period[0].length]
  const address = /^<([A-Za-z#][\w.:/#-]*)/.exec(text.slice(from))
  if (!address) throw new Error(`Neither reference nor coding: ${text.slice(from)}`)
  const after = from + address[0].length
  if (text[after] === '|') {
    const [coding, end] = readCoding(text, from + 1)
    return [coding, closed(text, end, '>')]
  }
  const reference = address[1] ?? ''
  if (text[after] !== ' ') return [{ reference }, closed(text, after, '>')]
  const [display, end] = readQuoted(text, after + 1)
  return [{ reference, display }, closed(text, end, '>')]
}

function readConcept(text: string, from: number): [Entry, number] {
  const coding: Entry[] = []
  for (let at = from + 1; ; at += 2) {
    if (text[at] === '=') return [{ coding, text: coding[0]?.display }, closed(text, at + 1, ')')]
    if (text[at] === '"') {
      const [words, end] = readQuoted(text, at)
      return [{ coding, text: words }, closed(text, end, ')')]
    }
    const [one, after] = readCoding(text, at)
    coding.push(one)
    at = after
    if (!text.startsWith('; ', at)) return [{ coding }, closed(text, at, ')')]
  }
}

function readCoding(text: string, from: number): [Entry, number] {
  const bar = text.indexOf('|', from)
  const system = text.slice(from, bar)
  const bare = /^[A-Za-z0-9][\w.:/+-]*/.exec(text.slice(bar + 1))?.[0]
  const [code, after] = bare === undefined ? readQuoted(text, bar + 1) : [bare, bar + 1 + bare.length]
  if (!text.startsWith(' "', after)) return [{ system, code }, after]
  const [display, end] = readQuoted(text, after + 1)
  return [{ system, code, display }, end]
}

function closed(text: string, at: number, by: string): number {
  if (text[at] !== by) throw new Error(`No ${by} at ${at} of ${text}`)
  return at + 1
}

function readKey(text: string, from: number): [string, number] {
  if (text[from] === '"') return readQuoted(text, from)
  const key = /^[@A-Za-z_][\w-]*/.exec(text.slice(from))?.[0]
  if (key === undefined) throw new Error(`No key at ${from} of ${text}`)
  return [key, from + key.length]
}
