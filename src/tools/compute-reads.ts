// What a program reads, handled exactly as by fhir-read: checked, narrowed, sent and redacted.

import { checkAnswer } from '../advice/replies/check-answer.ts'
import { typeOfTarget } from '../audit/audit.ts'
import { isRecord } from '../base/json.ts'
import { UserError } from '../base/told-error.ts'
import { readAll } from '../client/read-all.ts'
import { MAX_READS } from '../compute/globals.ts'
import { isPaged, withStableOrder } from '../fhir/paging.ts'
import { countPath, formatPlace, parsePlace } from '../fhir/query.ts'
import { MAX_ADDRESS } from './kit/bounded.ts'
import { explain } from './kit/register.ts'
import type { ToolContext } from './kit/tool.ts'
import { advised } from './perform/advised.ts'
import { confineTo, type Scope } from './perform/scope.ts'
import { type Prepared, prepare } from './request/prepare.ts'

const SCOPE: Scope = { tool: 'fhir-compute', kinds: new Set(['read']) }
/** Maximum number of resources in one search, and in all. */
const MAX_RESOURCES = 10_000
const MAX_ALL_RESOURCES = 20_000
/** Maximum characters of everything it reads, which must fit into memory twice. */
const MAX_CHARS = 16_000_000
const AT_ONCE = 6
const MAX_NOTES = 8
const MAX_TYPES = 20

/** The reads of one program, counted. */
export class ProgramReads {
  readonly #context: ToolContext
  readonly #notes = new Set<string>()
  readonly #types = new Map<string, number>()
  readonly #lanes = Array.from({ length: AT_ONCE }, () => Promise.resolve())
  #requests = 0
  #resources = 0
  #chars = 0

  constructor(context: ToolContext) {
    this.#context = context
  }

  /** Notes on how its paths were understood. */
  get notes(): string[] {
    const [shown, more] = [[...this.#notes].slice(0, MAX_NOTES), this.#notes.size - MAX_NOTES]
    return more > 0 ? [...shown, `${more} more notes like these are not shown.`] : shown
  }

  /** How many requests of which types there were, for the operator. */
  get told(): string {
    const all = [...this.#types].map(([type, count]) => `${type} ${count}`)
    return all.slice(0, MAX_TYPES).join(', ')
  }

  /** Answers a program: JSON with `value`, or with `error`. */
  async read(kind: string, path: string): Promise<string> {
    try {
      if (++this.#requests > MAX_READS) {
        throw new UserError(
          `A program reads at most ${MAX_READS} times. Search for several records at once, such as Patient?_id=A,B.`,
        )
      }
      const lane = this.#requests % AT_ONCE
      const work = (this.#lanes[lane] ?? Promise.resolve()).then(() => this.#answer(kind, path))
      this.#lanes[lane] = work.then(
        () => undefined,
        () => undefined,
      )
      const json = JSON.stringify({ value: (await work) ?? null })
      this.#chars += json.length
      if (this.#chars > MAX_CHARS) {
        throw new UserError(
          `A program reads at most ${MAX_CHARS / 1e6} million characters. Narrow the search, or ask for \`_elements\`.`,
        )
      }
      return json
    } catch (error) {
      return JSON.stringify({ error: explain(error) })
    }
  }

  async #answer(kind: string, given: string): Promise<unknown> {
    const { caller, event } = this.#context
    if (given.length > MAX_ADDRESS) throw new UserError(`A path has at most ${MAX_ADDRESS} characters.`)
    if (this.#chars > MAX_CHARS) throw new UserError(`A program reads at most ${MAX_CHARS / 1e6} million characters.`)
    const prepared = prepare({ method: 'GET', path: given.replace(/^GET +/i, '') }, caller.medplum.fhirBase)
    const type = typeOfTarget(prepared.risk.targets[0]) ?? 'other'
    this.#types.set(type, (this.#types.get(type) ?? 0) + 1)
    event.type ??= type
    confineTo(SCOPE, prepared)
    for (const note of prepared.notes) this.#notes.add(note)
    return advised(prepared, this.#context, () => {
      if (kind === 'search') return this.#search(prepared)
      return kind === 'count' ? this.#count(prepared) : this.#get(prepared)
    })
  }

  async #search({ request, asked }: Prepared): Promise<unknown[]> {
    const { fhir, progress, signal, event } = this.#context
    const { segments, parameters } = parsePlace(request.path)
    if (!isPaged(request.path) || parameters.some(({ key, value }) => key === '_summary' && value === 'count')) {
      throw new UserError(
        'fhir.search takes a search, a history or a chart, such as Observation?subject=Patient/ID or Patient/ID/$everything. For one record use fhir.get, for a number fhir.count.',
      )
    }
    const kept = parameters.filter(({ key }) => key !== '_count')
    if (kept.length < parameters.length) this.#notes.add('`_count` was left out: fhir.search reads all pages.')
    const cap = Math.min(MAX_RESOURCES, MAX_ALL_RESOURCES - this.#resources)
    if (cap <= 0) throw new UserError(`A program reads at most ${MAX_ALL_RESOURCES} resources.`)
    const path = withStableOrder(formatPlace({ segments, parameters: kept }))
    const { entries, capped, partial } = await readAll(fhir, path, { cap, progress, signal })
    event.status = 200
    this.#resources += entries.length
    if (capped) {
      throw new UserError(
        `This search finds more than ${cap} resources. Narrow it, e.g. by code or date. fhir.count counts them.`,
      )
    }
    // A result from only part of the records would be wrong without looking wrong.
    if (partial !== undefined) throw new UserError(`Not all pages could be read: ${partial}. Narrow the search.`)
    if (entries.length === 0) {
      const none = { status: 200, body: { resourceType: 'Bundle', type: 'searchset' } }
      for (const note of checkAnswer(asked, none)) this.#notes.add(note)
    }
    const isRecordOf = (entry: Record<string, unknown>) => !(isRecord(entry.search) && entry.search.mode === 'outcome')
    return entries.filter(isRecordOf).flatMap(({ resource }) => (isRecord(resource) ? [resource] : []))
  }

  async #count({ request }: Prepared): Promise<number> {
    const { fhir, signal, event } = this.#context
    const path = countPath(request.path)
    if (path === undefined)
      throw new UserError('fhir.count takes a search of one type, such as Observation?subject=Patient/ID.')
    const { status, body } = await fhir.send({ method: 'GET', path, repeatable: true, signal })
    event.status = status
    if (isRecord(body) && typeof body.total === 'number') return body.total
    throw new UserError('Medplum did not count this search. Read it with fhir.search.')
  }

  async #get({ request }: Prepared): Promise<unknown> {
    const { fhir, signal, event } = this.#context
    const { status, body } = await fhir.send({ ...request, signal })
    event.status = status
    if (body instanceof Uint8Array) throw new UserError('This is a file. Read it with fhir-read or fetch.')
    if (isRecord(body) && body.resourceType === 'Bundle' && /^(?:searchset|history)$/.test(String(body.type))) {
      throw new UserError('This is a search. Use fhir.search(path), which reads all its pages.')
    }
    return body
  }
}
