// A decoder from the compact form to JSON, written from docs/answers.md, independent of the code that writes it.

import { type Entry, type Json, merged, parsed, readKey, set, split, steps } from './decode-values.ts'

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
