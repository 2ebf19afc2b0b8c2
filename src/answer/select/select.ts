// Columns of the caller's choice: FHIRPath expressions, each evaluated on every resource of an answer. Pure.
import { isRecord } from '../../base/json.ts'
import { Budget, TooMuchWork } from './budget.ts'
import { type FhirPath, parseFhirPath } from './fhirpath.ts'
import { FhirPathError } from './fhirpath-error.ts'

const MAX_EXPRESSIONS = 20
const MAX_LENGTH = 500
const MAX_NAMES = 30

/** Wrong expressions. The message is for the model: a line for each, with its index, its text, what is wrong and what is right. */
export class SelectError extends Error {
  override readonly name = 'SelectError'
}

/** The expressions during the evaluation of one answer; a new one is created for the next answer. */
export interface Select {
  /** As given, trimmed: the heads of the columns. */
  readonly expressions: readonly string[]
  /**
   * One cell for each expression, as plain JSON: a single value itself, several as an array, `undefined` for none.
   * Never throws, and doesn't change a well-formed resource.
   */
  row(resource: unknown): { cells: unknown[]; failed: boolean }
  /** Notes on the expressions that failed: why, and on how many resources. */
  errors(): string[]
  /** Whether an expression took too much work and so wasn't evaluated on all resources. */
  readonly stopped: boolean
  /** Notes on the expressions that found nothing in any resource, with a hint; none if there was no resource. */
  empty(): string[]
}

interface Column {
  text: string
  path: FhirPath
  found: number
  failed: number
  fault?: string
  /** Whether it took too much work once, and isn't evaluated again. */
  stopped: boolean
}

/**
 * Compiles expressions, at most 20 of at most 500 characters each.
 *
 * @throws {SelectError} that names every wrong one
 */
export function compileSelect(
  expressions: readonly string[],
  argument = (index: number): string => `select[${index}]`,
): Select {
  const budget = new Budget()
  const columns: Column[] = []
  const wrong: string[] = []
  if (expressions.length > MAX_EXPRESSIONS) {
    throw new SelectError(
      `${argument(0).replace(/\[.*/, '')} has ${expressions.length} expressions, but at most ${MAX_EXPRESSIONS} are evaluated: leave some out, or select a whole element, such as name`,
    )
  }
  for (const [index, expression] of expressions.entries()) {
    const text = expression.trim()
    const path = compile(text, expressions, index, budget, argument)
    if (typeof path === 'string') wrong.push(`${argument(index)} ${quote(text)}: ${path}`)
    else columns.push({ text, path, found: 0, failed: 0, stopped: false })
  }
  if (wrong.length > 0) throw new SelectError(wrong.join('\n'))
  return over(columns)
}

/** The compiled expression, or what is wrong with it. */
function compile(
  text: string,
  all: readonly string[],
  index: number,
  budget: Budget,
  argument: (index: number) => string,
): FhirPath | string {
  if (text === '') return 'it is empty; an example: name.family'
  if (text.length > MAX_LENGTH) {
    return `it has ${text.length} characters, but the limit is ${MAX_LENGTH}; an example: name.family`
  }
  const before = all.findIndex((other) => other.trim() === text)
  if (before < index) return `it repeats ${argument(before)}: leave it out`
  try {
    return parseFhirPath(text, budget)
  } catch (error) {
    if (error instanceof FhirPathError) return error.message
    throw error
  }
}

function over(columns: readonly Column[]): Select {
  const seen = new Seen()
  return {
    expressions: columns.map(({ text }) => text),
    row(resource) {
      seen.note(resource)
      const failures = () => columns.reduce((sum, { failed }) => sum + failed, 0)
      const before = failures()
      const cells = columns.map((column) => cell(column, resource))
      return { cells, failed: failures() > before }
    },
    get stopped() {
      return columns.some(({ stopped }) => stopped)
    },
    errors: () =>
      columns
        .filter(({ failed }) => failed > 0)
        .map(({ text, fault, failed }) => `${quote(text)}: ${fault} (${failed} of ${seen.resources} resources)`),
    empty: () =>
      columns
        .filter(({ found, failed }) => seen.resources > 0 && found === 0 && failed === 0)
        .map(({ text }) => `${quote(text)} found nothing: ${seen.hint(text)}`),
  }
}

function cell(column: Column, resource: unknown): unknown {
  if (column.stopped) {
    column.failed++
    return undefined
  }
  try {
    const value = column.path.evaluate(resource)
    if (value !== undefined) column.found++
    return value
  } catch (error) {
    if (!(error instanceof FhirPathError || error instanceof TooMuchWork)) throw error
    column.failed++
    column.fault ??= error.message
    column.stopped = error instanceof TooMuchWork
    return undefined
  }
}

/** The types and properties of the resources so far, for hints. */
class Seen {
  resources = 0
  readonly #types = new Set<string>()
  readonly #names = new Set<string>()

  note(resource: unknown): void {
    this.resources++
    if (!isRecord(resource)) return
    for (const name in resource) if (name !== 'resourceType' && this.#names.size < 200) this.#names.add(name)
    if (typeof resource.resourceType === 'string') this.#types.add(resource.resourceType)
  }

  /** Why an expression may have found nothing. */
  hint(text: string): string {
    const [, type, name] = /^\(*(?:([A-Z]\w*)(?:\.|$))?([a-z_]\w*(?![\w(]))?/.exec(text) ?? []
    if (type !== undefined && !this.#types.has(type)) return `these resources are ${list(this.#types)}, not ${type}`
    if (name !== undefined && ![...this.#names].some((one) => one === name || isChoice(one, name))) {
      return `no resource here has ${name}; they have ${list(this.#names)}`
    }
    if (/\bmeta\.author\b/.test(text))
      return 'only a read of one record (Type/ID), or its history, shows who changed it'
    if (/[\w)]\.extension\b/.test(text) && !text.includes('_')) {
      return 'write the extension of a primitive as _birthDate.extension'
    }
    if (/[<>=~]\s*@|@[\dT:.Z+-]+\s*[<>=~]/.test(text)) {
      return 'no resource here has a value there, or the two dates differ in precision and agree in the parts that both have, so neither is earlier; write a full date, as in birthDate >= @1960-01-01'
    }
    return /\bas\b|ofType/.test(text)
      ? 'types are only for elements with a choice of types, as in value.ofType(Quantity) or (value as Quantity); write other elements, such as effectiveDateTime, without one'
      : `no resource here has a value there${this.#choiceIn(text)}`
  }

  /** A hint on how to write a choice element that the expression names. */
  #choiceIn(text: string): string {
    const words = text.match(/[a-z]\w*/g) ?? []
    const form = [...this.#names].find((name) => words.some((word) => !this.#names.has(word) && isChoice(name, word)))
    if (!form && !(CHOICE_WITHIN.test(text) && text.includes('.value'))) return ''
    return `; a choice is written value.ofType(Quantity), (value as Quantity) or ${form ?? 'valueQuantity'}`
  }
}

/** Parts whose `value` is a choice; an identifier's or telecom's is not. */
const CHOICE_WITHIN = /\b(?:component|extension|answer|parameter)\b/

/** Whether a property is one form of a choice: `valueQuantity` of `value`. */
function isChoice(property: string, choice: string): boolean {
  return property.startsWith(choice) && /^[A-Z]/.test(property.slice(choice.length))
}

function list(names: ReadonlySet<string>): string {
  const sorted = [...names].sort()
  const rest = sorted.length - MAX_NAMES
  return `${sorted.slice(0, MAX_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
