// Sends the calls for a question through the MCP client, decodes each answer into rows, and counts its tokens and those of Medplum's own
// JSON for the same requests.
import { encode } from 'gpt-tokenizer'
import type { ConnectedClient } from '../../../programs/clients.ts'
import { decode } from '../../unit/answer/decode.ts'
import type { Bench } from '../bench-world.ts'

export type Row = Record<string, unknown>

/** One call and its answer. */
export interface Answer {
  tool: 'fhir-read' | 'fhir-digest'
  /** Rows: of a read, by the names given to the columns; of a digest, unchanged. */
  rows: Row[]
  /** Whether there is no further page and nothing was left out. */
  whole: boolean
  tokens: number
  rawTokens: number
}

/** A policy can't continue with the answers that it has. */
export class Stuck extends Error {
  override readonly name = 'Stuck'
}

/** Maximum number of calls for a question. */
const MAX_CALLS = 3

/** FHIRPath expressions by the names that their cells get. */
export type Columns = Readonly<Record<string, string>>

/** Makes the calls for one question. */
export class Asker {
  readonly answers: Answer[] = []
  readonly #client: ConnectedClient
  readonly #raw: RawCosts

  constructor(client: ConnectedClient, raw: RawCosts) {
    this.#client = client
    this.#raw = raw
  }

  /** A table of columns. @param all follow all pages */
  async select(path: string, columns: Columns, all = false): Promise<Row[]> {
    const args = { path, select: Object.values(columns), ...(all && { all }) }
    return this.#ask('fhir-read', args, all, (text) => {
      const { whole, rows } = readTable(text)
      return { whole, rows: rows.map((row) => renamed(row, columns)) }
    })
  }

  /** Whole records in the compact form. The columns, which are plain paths, are picked from them here. */
  async read(path: string, columns: Columns): Promise<Row[]> {
    return this.#ask('fhir-read', { path }, false, (text) => {
      const { whole, rows } = readRecords(text)
      return { whole, rows: rows.map((row) => picked(row, columns)) }
    })
  }

  async digest(path: string): Promise<Row[]> {
    return this.#ask('fhir-digest', { path }, true, readDigest)
  }

  /** A digest, with any of its arguments. For comparison, `raw` has all records of all its searches. */
  async digestWith(args: { path: string; with?: string; without?: string }): Promise<Row[]> {
    return this.#ask('fhir-digest', args, true, readDigest)
  }

  async #ask(
    tool: Answer['tool'],
    args: { path: string; with?: string; without?: string },
    all: boolean,
    read: (text: string) => Pick<Answer, 'rows' | 'whole'>,
  ): Promise<Row[]> {
    if (this.answers.length >= MAX_CALLS) throw new Stuck(`needs more than ${MAX_CALLS} calls`)
    const { isError, content } = await this.#client.call(tool, args)
    const texts = content.map(({ text }) => text ?? '')
    if (isError) throw new Stuck(`${tool} ${args.path} failed: ${texts.join(' ')}`)
    const tokens = count(JSON.stringify(args)) + count(texts.join('\n'))
    const paths = [args.path, args.with, args.without].filter((path) => path !== undefined)
    let rawTokens = 0
    for (const path of paths) rawTokens += await this.#raw.of(path, all)
    const answer = { tool, tokens, rawTokens, ...read(texts[0] ?? '') }
    this.answers.push(answer)
    return answer.rows
  }
}

/** The table of an answer with `select`: lines about the Bundle, then `# select (n)`. */
function readTable(text: string): Pick<Answer, 'rows' | 'whole'> {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => /^# select \(\d+\)$/.test(line))
  const head = at < 0 ? lines : lines.slice(0, at)
  const after = lines.findIndex((line, index) => index > at && line.startsWith('# '))
  return {
    rows: at < 0 ? [] : rowsOf(decode(untitled(lines.slice(at, after < 0 ? undefined : after).join('\n')))),
    whole: !head.some((line) => /^(?:next|dropped): |^link: .*relation:next/.test(line)),
  }
}

function readRecords(text: string): Pick<Answer, 'rows' | 'whole'> {
  const record = decode(text) as Row
  if (record.resourceType !== 'Bundle') return { rows: [record], whole: true }
  const entries = (record.entry ?? []) as { resource: Row }[]
  return {
    rows: entries.map(({ resource }) => resource),
    whole: record.link === undefined && !/^dropped: /m.test(text),
  }
}

function readDigest(text: string): Pick<Answer, 'rows' | 'whole'> {
  const [head = '', table] = text.split(/\n\n(.*)/s)
  return {
    rows: table === undefined ? [] : rowsOf([decode(untitled(table))].flat()),
    whole: /^(?:Digest of all |No resources found)/.test(head) && !/^Left out/m.test(head),
  }
}

/** A table without its title is an array. */
function untitled(table: string): string {
  return table.replace(/^# \w+/, '#')
}

function rowsOf(value: unknown): Row[] {
  if (!Array.isArray(value)) throw new Error('No table')
  return value as Row[]
}

function renamed(row: Row, columns: Columns): Row {
  return Object.fromEntries(Object.entries(columns).map(([name, expression]) => [name, row[expression]]))
}

/** One value or the list of all that stand at a path. */
function picked(record: Row, columns: Columns): Row {
  const at = (value: unknown, step: string): unknown[] =>
    [value].flat().flatMap((one) => (one as Row | undefined)?.[step] ?? [])
  return Object.fromEntries(
    Object.entries(columns).map(([name, path]) => {
      const values = path.split('.').reduce<unknown[]>((found, step) => at(found, step), [record])
      return [name, values.length > 1 ? values : values[0]]
    }),
  )
}

/** The tokens of the same requests without this server: the path and the whole answer in extended mode, page after page. */
export class RawCosts {
  readonly #bench: Bench
  readonly #known = new Map<string, Promise<number>>()

  constructor(bench: Bench) {
    this.#bench = bench
  }

  /** @param all of all pages, else of the first */
  of(path: string, all: boolean): Promise<number> {
    const key = `${all} ${path}`
    const cost = this.#known.get(key) ?? this.#read(path, all)
    this.#known.set(key, cost)
    return cost
  }

  async #read(path: string, all: boolean): Promise<number> {
    let cost = 0
    const first = all && !path.includes('_count=') ? `${path}${path.includes('?') ? '&' : '?'}_count=${PAGE}` : path
    for (let next: string | undefined = first; next !== undefined; ) {
      const text = await this.#bench.raw({ path: next })
      const { resourceType, link = [] } = JSON.parse(text) as { resourceType: string; link?: Link[] }
      if (resourceType === 'OperationOutcome') throw new Error(`GET ${next} answered ${text.slice(0, 200)}`)
      cost += count(JSON.stringify({ method: 'GET', path: next })) + count(text)
      next = all ? link.find(({ relation }) => relation === 'next')?.url.replace(/^.*\/fhir\/R4\//, '') : undefined
    }
    return cost
  }
}

interface Link {
  relation: string
  url: string
}

/** As many as fhir-read and fhir-digest ask for at once. */
const PAGE = 500

function count(text: string): number {
  return encode(text).length
}
