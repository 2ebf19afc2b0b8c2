// Values of the compact form, read by the rules in docs/answers.md.

export type Json = unknown
export type Entry = Record<string, Json>

export function parsed(text: string): Json {
  const [value, after] = readValue(text, 0)
  if (after !== text.length) throw new Error(`Not a value: ${text}`)
  return value
}

/** Also if the property is called `__proto__`. */
function define(place: object, step: string | number, value: Json): void {
  Object.defineProperty(place, step, { value, enumerable: true, writable: true, configurable: true })
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

export function readKey(text: string, from: number): [string, number] {
  if (text[from] === '"') return readQuoted(text, from)
  const key = /^[@A-Za-z_][\w-]*/.exec(text.slice(from))?.[0]
  if (key === undefined) throw new Error(`No key at ${from} of ${text}`)
  return [key, from + key.length]
}

/** Splits at a character that is not in quotes or brackets. */
export function split(line: string, at: string): string[] {
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

export function steps(path: string): (string | number)[] {
  return split(path, '.').map((step) =>
    step.startsWith('"') ? (JSON.parse(step) as string) : /^\d+$/.test(step) ? Number(step) : step,
  )
}

export function set(target: Entry, path: (string | number)[], value: Json): void {
  let place = target as Record<string | number, Json>
  for (const [index, step] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(place, step)) define(place, step, typeof path[index + 1] === 'number' ? [] : {})
    place = place[step] as Record<string | number, Json>
  }
  define(place, path.at(-1) as string | number, structuredClone(value))
}

export function merged(a: Entry, b: Entry): Entry {
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
