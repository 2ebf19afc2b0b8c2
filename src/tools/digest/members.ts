// Records for grouping, reduced to the values of the expressions while they are read: thousands of whole ones would not fit into memory.

import { factOf } from '../../answer/digest/facts.ts'
import type { Member } from '../../answer/digest/groups.ts'
import { type Key, keysOf, subjectsOf } from '../../answer/digest/key.ts'
import { subjectOf } from '../../answer/digest/subject.ts'
import { amountIn, measuredIn, valuesIn } from '../../answer/digest/value.ts'
import { compileSelect, type Select, SelectError } from '../../answer/select/select.ts'
import { isRecord, scalarText } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'

export interface Grouping {
  by: readonly string[]
  value: string | undefined
}

/** The kept part of a record: what distinguishes its versions, and the values of the expressions. */
export interface KeptRecord extends Record<string, unknown> {
  member: Member
  /** Its subject, to compare with another search. */
  subjects: Key[]
  failed: boolean
}

/** What records are grouped by without an expression: subject and kind. */
const SUBJECT = 'subject'
const CODE = 'code'

/** Evaluates what records are grouped by. */
export class Members {
  /** The column heads. */
  readonly columns: readonly string[]
  readonly #select: Select | undefined
  readonly #base: string
  readonly #by: readonly string[]
  readonly #value: string | undefined
  readonly #evaluated: readonly string[]

  /**
   * @param unless what to group by if there are no expressions
   * @throws {UserError} that names what is wrong with an expression
   */
  constructor({ by, value }: Grouping, unless: 'subject' | 'subject and code' | 'nothing', base: URL) {
    this.#by = by.map((one) => one.trim())
    this.#value = value?.trim()
    this.#base = base.href
    this.#evaluated = [...new Set([...this.#by, ...(this.#value === undefined ? [] : [this.#value])])]
    const usual = { subject: [SUBJECT], 'subject and code': [SUBJECT, CODE], nothing: [] }[unless]
    this.columns = by.length > 0 ? this.#by : usual
    this.#select = compiled(this.#evaluated, this.#by.length)
  }

  /** What to keep of a record. */
  keep(resource: Record<string, unknown>): KeptRecord {
    const { cells, failed } = this.#select?.row(resource) ?? { cells: [], failed: false }
    const found = (expression: string) => cells[this.#evaluated.indexOf(expression)]
    const subjects = subjectsOf(resource, this.#base)
    const keys =
      this.#by.length > 0
        ? this.#by.map((one) => keysOf(found(one), resource, this.#base))
        : this.columns.map((name) => (name === SUBJECT ? subjects : keysOf(subjectOf(resource), resource, this.#base)))
    const { resourceType, id, meta } = resource
    const value = resourceType === 'Observation' ? measuredIn(resource) : amountIn(resource)
    const values = this.#value === undefined ? [value].flatMap((one) => one ?? []) : valuesIn(found(this.#value))
    const absent = values.length === 0 && isRecord(resource.dataAbsentReason)
    const member = { ...factOf(resource), type: scalarText(resourceType) || 'unknown', keys, values, absent }
    return { resourceType, id, meta, member, subjects, failed }
  }

  /** The record with only these subjects. */
  about(one: KeptRecord, subjects: Key[]): KeptRecord {
    if (this.columns[0] !== SUBJECT || this.#by.length > 0) return { ...one, subjects }
    return { ...one, subjects, member: { ...one.member, keys: [subjects, ...one.member.keys.slice(1)] } }
  }

  /**
   * Notes about the expressions.
   *
   * @throws {UserError} if an expression could not be evaluated on all records
   */
  remarks(): string[] {
    const select = this.#select
    if (!select) return []
    if (select.stopped) throw new UserError(`${select.errors().join('\n')}\nNothing was counted.`)
    return [
      ...select.errors().map((one) => `Not counted, since an expression failed there: ${one}.`),
      ...select.empty(),
    ]
  }
}

function compiled(expressions: readonly string[], by: number): Select | undefined {
  if (expressions.length === 0) return undefined
  try {
    return compileSelect(expressions, (index) => (index < by ? `by[${index}]` : 'value'))
  } catch (error) {
    if (error instanceof SelectError) throw new UserError(`${error.message}\nNothing was sent.`)
    throw error
  }
}
