// FHIRPath as evaluated by @medplum/core (https://hl7.org/fhirpath), restricted to what it really supports: its parser ignores whatever
// follows a complete expression, and some functions always return nothing. No definitions are loaded.
import {
  AsAtom,
  type Atom,
  DotAtom,
  evalFhirPathTyped,
  FhirPathAtom,
  FunctionAtom,
  IndexerAtom,
  IsAtom,
  initFhirPathParserBuilder,
  LiteralAtom,
  PropertyType,
  SymbolAtom,
  Tokenizer,
  toTypedValue,
} from '@medplum/core'
import { atomsOf, type Budget, meter, TooMuchWork } from './budget.ts'
import { FhirPathError, SEVERAL } from './fhirpath-error.ts'
import { REFUSED_FUNCTIONS, SUPPORTED_FUNCTIONS } from './functions.ts'
import { tighten } from './strict.ts'

export interface FhirPath {
  /**
   * The expression's result as plain JSON: a single value itself, several as an array, `undefined` for none.
   *
   * @throws {FhirPathError} {TooMuchWork}
   */
  evaluate(resource: unknown): unknown
}

const EXAMPLE = "an example: name.where(use='official').family"
const KEYWORDS = ['true', 'false']
const OPERATORS = ['!=', '!~', '<=', '>=', '{}', '->']
/** The library's parser turns every time literal into UTC with milliseconds; this one keeps it as written. */
const parsers = initFhirPathParserBuilder().registerPrefix('DateTime', {
  parse: (_parser, { value }) => new LiteralAtom({ type: literalType(value), value }),
})

function literalType(value: string): string {
  return value.startsWith('T') ? PropertyType.time : value.includes('T') ? PropertyType.dateTime : PropertyType.date
}

/**
 * Parses and checks an expression.
 *
 * @throws {FhirPathError} that says what is wrong, with a correct example
 */
export function parseFhirPath(text: string, budget: Budget): FhirPath {
  const root = parse(text)
  const atoms = [...atomsOf(root)]
  for (const atom of atoms) check(atom)
  for (const atom of atoms) tighten(atom)
  meter(root, budget)
  const path = new FhirPathAtom(text, root)
  return {
    evaluate(resource) {
      budget.begin()
      try {
        const found = evalFhirPathTyped(path, [toTypedValue(resource)]).flatMap(({ value }) => asJson(value))
        return found.length > 1 ? found : found[0]
      } catch (error) {
        throw fault(error)
      }
    },
  }
}

type Token = ReturnType<Tokenizer['tokenize']>[number]

/** What the library would misread in an expression; undefined if there is nothing. */
function oddIn(tokens: readonly Token[]): string | undefined {
  for (const [at, { id, value }] of tokens.entries()) {
    const [before, next, afterNext] = [tokens[at - 1], tokens[at + 1], tokens[at + 2]]
    if (id === 'DateTime' && value.startsWith('T') && /[Z+-]/.test(value.slice(1)))
      return 'a time has no time zone: @T14:30'
    const isSign = id === '-' && (before === undefined || /^[^\w)\]}]/.test(before.id))
    if (isSign && next?.id === 'Number' && afterNext?.id === '.') {
      return 'a negative number needs brackets before a dot: (-1).abs()'
    }
    if (
      id === 'Number' &&
      value.includes('.') &&
      value.endsWith('0') &&
      next?.id === '.' &&
      afterNext?.value === 'toString'
    ) {
      return 'a number loses its trailing zeros when it becomes text'
    }
    if (id === 'Symbol' && value === 'System' && next?.id === '.') return 'use FHIR types: boolean, string, Quantity'
  }
  return undefined
}

function parse(text: string): Atom {
  if (leavesQuoteOpen(text)) {
    throw new FhirPathError(`a quote is not closed; ${EXAMPLE}`)
  }
  let odd: string | undefined
  let root: Atom
  let rest: { value: string } | undefined
  try {
    const tokens = new Tokenizer(text, KEYWORDS, OPERATORS).tokenize()
    odd = oddIn(tokens)
    const parser = parsers.construct(tokens.map((token) => asWritten(token, text)))
    root = parser.consumeAndParse()
    rest = parser.peek()
  } catch (error) {
    throw new FhirPathError(misparsed(text, error instanceof Error ? error.message : ''))
  }
  if (odd !== undefined) throw new FhirPathError(odd)
  if (rest) {
    throw new FhirPathError(
      `"${rest.value}" follows a complete expression; each expression is one column, which can’t be renamed; ${EXAMPLE}`,
    )
  }
  return root
}

/** Undoes the tokenizer's change to times without a time zone, to which it adds one. */
function asWritten<T extends { id: string; value: string; index: number }>(token: T, text: string): T {
  if (token.id !== 'DateTime' || !token.value.endsWith('Z')) return token
  const value = token.value.slice(0, -1)
  return text.slice(token.index).replace(/^@/, '').startsWith(token.value) ? token : { ...token, value }
}

function leavesQuoteOpen(text: string): boolean {
  let open = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (open === '') open = /['"`]/.test(char) ? char : ''
    else if (char === open) open = ''
    else if (char === '\\') at++
  }
  return open !== ''
}

function misparsed(text: string, message: string): string {
  if (/^\$|\[\*?\]|\*$/.test(text)) return 'this is not FHIRPath; name.family returns all, name[0].family the first'
  if (/more tokens/.test(message)) return `it ends too early; ${EXAMPLE}`
  const [, token, column] = /^Parse error at "(.*)" \(line 1, column (\d+)\)/s.exec(message) ?? []
  return token === undefined || column === undefined
    ? `its brackets, quotes or @dates are not well-formed; ${EXAMPLE}`
    : `"${token}" is not allowed at character ${Number(column) + 1}; ${EXAMPLE}`
}

function check(atom: Atom): void {
  if (atom instanceof FunctionAtom) checkFunction(atom)
  else if (atom instanceof AsAtom || atom instanceof IsAtom) checkType(atom.operator, atom.right)
  else if (atom instanceof DotAtom && !(atom.right instanceof SymbolAtom || atom.right instanceof FunctionAtom)) {
    throw new FhirPathError(
      'a dot must be followed by a name or function, and an index goes in brackets: name[0].family',
    )
  } else if (atom instanceof IndexerAtom && atom.expr instanceof SymbolAtom) {
    throw new FhirPathError('an index must be a number, as in name[0]; value[x] is written value')
  } else if (atom instanceof SymbolAtom && /^[$%]/.test(atom.name) && atom.name !== '$this') {
    throw new FhirPathError(
      `${atom.name} is not available here: a path starts at the resource, and $this is the current value`,
    )
  }
}

function checkFunction({ name, args }: FunctionAtom): void {
  const refused = REFUSED_FUNCTIONS.get(name)
  if (refused !== undefined) throw new FhirPathError(`${name}() is not available; ${refused}`)
  const arity = SUPPORTED_FUNCTIONS.get(name)
  if (!arity) {
    const common =
      'where(), exists(), first(), last(), count(), select(), ofType(), extension(), join(), substring(), iif()'
    throw new FhirPathError(`there is no function ${name}(); available are ${common} and others`)
  }
  const [least, most] = arity
  if (args.length < least || args.length > most) {
    const right =
      most === 0
        ? 'no arguments, as in name.first()'
        : `${least === most ? least : `${least} to ${most}`} argument${most === 1 ? '' : 's'}`
    throw new FhirPathError(`${name}() takes ${right}; this has ${args.length}`)
  }
  const [first] = args
  if (name === 'ofType' || name === 'is' || name === 'as') checkType(name, first)
  if (name === 'join' && first && !(first instanceof LiteralAtom)) {
    throw new FhirPathError("join() takes quoted text: name.given.join(' ')")
  }
}

const SYSTEM_TYPES = new Set(['Boolean', 'String', 'Integer', 'Long', 'Decimal', 'Date', 'DateTime', 'Time'])
const PRIMITIVES = new Set<string>(Object.values(PropertyType).filter((name) => /^[a-z]/.test(name)))

/** Types are names, unquoted; those of resources and elements are capitalised. */
function checkType(operator: string, type: Atom | undefined): void {
  const name =
    type instanceof DotAtom && /^(FHIR|System)$/.test(symbolOf(type.left)) ? symbolOf(type.right) : symbolOf(type)
  if (SYSTEM_TYPES.has(name)) {
    throw new FhirPathError(`this type is written in lower case: ${name.charAt(0).toLowerCase()}${name.slice(1)}`)
  }
  if (PRIMITIVES.has(name) || /^[A-Z]/.test(name)) return
  throw new FhirPathError(
    `after "${operator}" write a FHIR type without quotes: value.ofType(Quantity), (value as dateTime); columns can’t be renamed`,
  )
}

function symbolOf(atom: Atom | undefined): string {
  return atom instanceof SymbolAtom ? atom.name : ''
}

/** A result as JSON; empty for values that JSON doesn't have. */
function asJson(value: unknown): unknown[] {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new FhirPathError(
      'its result is not a number: only numbers can be added; dates can only be compared, as in birthDate < @2000-01-01',
    )
  }
  return value === undefined || value === null || typeof value === 'function' ? [] : [value]
}

/** Our own messages for the library's errors, since some of its messages repeat the record. */
const FAULTS: readonly [says: RegExp, meaning: string][] = [
  [/^Expected singleton of type/, "put and, or and xor between comparisons, as in status = 'final' and code.exists()"],
  [/^Expected (singleton|1 arguments|input length one)/, SEVERAL],
  [/^(String function|Expected string operand)/, 'it needs text: put .toString() after the number'],
  [/^(Math function|Expected a number)/, 'it needs a number'],
  [/Boolean$/, "iif() must begin with a comparison: iif(status = 'final', 'yes', 'no')"],
]

function fault(thrown: unknown): Error {
  const error = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  if (error instanceof TooMuchWork || error instanceof FhirPathError) return error
  const message = error instanceof Error ? error.message : ''
  return new FhirPathError(FAULTS.find(([says]) => says.test(message))?.[1] ?? 'it does not fit these values')
}
