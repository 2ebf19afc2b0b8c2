// Where @medplum/core silently differs from the FHIRPath specification: what is easy to do right is done here, everything else is
// refused with an alternative. Checked with the official suite by `npm run bench -- fhirpath`.
import {
  AsAtom,
  type Atom,
  type AtomContext,
  DotAtom,
  EmptySetAtom,
  FunctionAtom,
  InfixOperatorAtom,
  IsAtom,
  SymbolAtom,
  type TypedValue,
} from '@medplum/core'
import { isRecord } from '../../base/json.ts'
import { compareDates, Incomparable, isDate } from './dates.ts'
import { FhirPathError, SEVERAL } from './fhirpath-error.ts'

type Evaluate = Atom['eval']

/** Lets an atom of an expression evaluate as the specification says, or refuse. */
export function tighten(atom: Atom): void {
  if (atom instanceof FunctionAtom) {
    if (atom.args.some((one) => one instanceof EmptySetAtom)) {
      throw new FhirPathError(`${atom.name}({}) finds nothing: leave it out`)
    }
    const check = FUNCTION_CHECKS.get(atom.name)
    if (check) atom.eval = checked(atom, check)
  }
  if (atom instanceof AsAtom || atom instanceof IsAtom) {
    atom.eval = (context, input) => typed(atom.operator, holdersOf(atom.left, context, input), typeNameIn(atom.right))
  } else if (atom instanceof FunctionAtom && TYPE_FUNCTIONS.has(atom.name)) {
    atom.eval = (_context, input) => typed(atom.name, { values: input }, typeNameIn(atom.args[0]))
  } else if (atom instanceof DotAtom && atom.right instanceof FunctionAtom && TYPE_FUNCTIONS.has(atom.right.name)) {
    const { left, right } = atom
    atom.eval = (context, input) => typed(right.name, holdersOf(left, context, input), typeNameIn(right.args[0]))
  } else if (atom instanceof InfixOperatorAtom) {
    const check = OPERATOR_CHECKS[atom.operator]
    if (check) atom.eval = between(atom, check)
  }
}

// ── Operators ──

/** What an operator makes of two single values: its result, or undefined if the library's own is right. */
type OperatorCheck = (left: TypedValue, right: TypedValue, operator: string) => TypedValue[] | undefined

const NUMBERS =
  'only numbers can be used in arithmetic. A date can be compared with another, as in birthDate <= @2008-01-31'
const calculate: OperatorCheck = ({ value: a }, { value: b }, operator) => {
  if (typeof a === 'number' && typeof b === 'number') return exact(a, b, operator)
  if (isQuantity(a) && typeof b === 'number' && /^[*/]$/.test(operator)) return undefined
  if (isQuantity(a) && isQuantity(b) && /^[+-]$/.test(operator) && sameUnit(a, b)) return undefined
  const areTexts = operator === '+' && typeof a === 'string' && typeof b === 'string' && !isDate(a) && !isDate(b)
  if (areTexts) return undefined
  throw new FhirPathError(NUMBERS)
}

/** A decimal as people reckon it: 0.1 + 0.2 is 0.3 (FHIRPath, section 6.6). */
function exact(a: number, b: number, operator: string): TypedValue[] | undefined {
  const places = [a, b].map((one) => /^-?\d+(?:\.(\d+))?$/.exec(String(one))?.[1]?.length ?? 0)
  if (!/^[+*-]$/.test(operator) || places.every((one) => one === 0)) return undefined
  const result = operator === '+' ? a + b : operator === '-' ? a - b : a * b
  const [left = 0, right = 0] = places
  return [
    {
      type: 'decimal',
      value: Number(result.toFixed(Math.min(operator === '*' ? left + right : Math.max(left, right), 30))),
    },
  ]
}

const compare: OperatorCheck = (left, right, operator) => {
  const order = orderOf(left, right)
  if (order === 'undecided') return []
  if (order === undefined) {
    const [a, b] = [left.value, right.value]
    if (typeof a === typeof b && (typeof a === 'number' || typeof a === 'string')) return undefined
    throw new FhirPathError('only two numbers, two texts, two dates or two quantities of one unit can be compared')
  }
  return [
    truth(operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0),
  ]
}

const equal: OperatorCheck = (left, right, operator) => {
  const order = orderOf(left, right)
  if (order === undefined) return undefined
  // What is not known to be the same is no match, but it is not known to differ either (FHIRPath, section 6.1).
  if (order === 'undecided') return operator === '~' ? [truth(false)] : operator === '!~' ? [truth(true)] : []
  return [truth((order === 0) === !operator.startsWith('!'))]
}

const OPERATOR_CHECKS: Readonly<Record<string, OperatorCheck>> = {
  ...Object.fromEntries(['+', '-', '*', '/', 'div', 'mod'].map((one) => [one, calculate])),
  ...Object.fromEntries(['<', '<=', '>', '>='].map((one) => [one, compare])),
  ...Object.fromEntries(['=', '!=', '~', '!~'].map((one) => [one, equal])),
}

/** How two dates or quantities lie to each other; undefined for other values. */
function orderOf({ type: leftType, value: a }: TypedValue, { type: rightType, value: b }: TypedValue) {
  if (typeof a === 'string' && typeof b === 'string') {
    const hasDate =
      [leftType, rightType].some((type) => /^(?:date|dateTime|time|instant)$/.test(type)) || (isDate(a) && isDate(b))
    return hasDate ? orderOfDates(a, b) : undefined
  }
  if (isQuantity(a) && isQuantity(b)) {
    if (!sameUnit(a, b)) {
      throw new FhirPathError(
        "quantities are compared in one unit only, and these have two or none: compare the number, as in where(value.unit = 'kg').value.value > 100",
      )
    }
    return a.value - b.value
  }
  if (isQuantity(a) || isQuantity(b))
    throw new FhirPathError('a quantity is compared by its number, as in value.value > 100')
  return undefined
}

function orderOfDates(a: string, b: string): number | 'undecided' {
  try {
    return compareDates(a, b) ?? 'undecided'
  } catch (error) {
    if (error instanceof Incomparable) throw new FhirPathError(`these can't be compared, ${error.message}`)
    throw error
  }
}

interface Quantity {
  value: number
  unit?: unknown
  code?: unknown
}

function isQuantity(value: unknown): value is Quantity {
  return isRecord(value) && typeof value.value === 'number'
}

function sameUnit(a: Quantity, b: Quantity): boolean {
  const [units, others] = [a, b].map(({ code, unit }) => [code, unit].filter((one) => typeof one === 'string'))
  if (a.code !== undefined && b.code !== undefined) return a.code === b.code
  return units?.some((one) => others?.includes(one)) ?? false
}

/** Evaluates both sides once, and passes them to the library if the check has no result of its own. */
function between(atom: InfixOperatorAtom, check: OperatorCheck): Evaluate {
  const evaluate = atom.eval
  return (context, input) => {
    const left = atom.left.eval(context, input)
    const isUnary = atom.right === atom.left
    const right = isUnary ? left : atom.right.eval(context, input)
    const [[a, ...more], [b, ...others]] = [left, right]
    const result = a && b && more.length + others.length === 0 ? check(a, b, atom.operator) : undefined
    if (result && !isUnary) return result
    const sides = { left: { value: constant(left) }, right: { value: constant(right) } }
    return evaluate.call(Object.create(atom, sides), context, input)
  }
}

function constant(values: TypedValue[]): Atom {
  return { eval: () => values }
}

// ── Functions ──

type FunctionCheck = (input: TypedValue[]) => void

const booleans: FunctionCheck = (input) => {
  if (input.some(({ value }) => typeof value !== 'boolean')) {
    throw new FhirPathError("it goes after a comparison, as in (status = 'final').not() or code.exists().not()")
  }
}

const FUNCTION_CHECKS: ReadonlyMap<string, FunctionCheck> = new Map(
  Object.entries({
    not: booleans,
    allTrue: booleans,
    anyTrue: booleans,
    allFalse: booleans,
    anyFalse: booleans,
    iif: (input: TypedValue[]) => {
      if (input.length > 1) throw new FhirPathError('iif() takes one value and found several: name.select(iif(…))')
    },
    toDate: (input: TypedValue[]) => {
      if (input.some(({ value }) => typeof value === 'string' && value.includes('T'))) {
        throw new FhirPathError(
          'its day depends on the time zone: write .toString().substring(0, 10) for the day as it is written',
        )
      }
    },
    toString: (input: TypedValue[]) => {
      if (input.some(({ value }) => typeof value === 'object')) {
        throw new FhirPathError('only a single value becomes text, as in value.value.toString()')
      }
    },
    extension: (input: TypedValue[]) => {
      if (input.some(({ value }) => typeof value !== 'object')) {
        throw new FhirPathError(
          "the extensions of a simple value are next to it, under its name with an underscore: _birthDate.extension('…').value",
        )
      }
    },
  }),
)

function checked(atom: FunctionAtom, check: FunctionCheck): Evaluate {
  const evaluate = atom.eval
  return (context, input) => {
    check(input)
    return evaluate.call(atom, context, input)
  }
}

// ── Types ──

const TYPE_FUNCTIONS: ReadonlySet<string> = new Set(['is', 'as', 'ofType'])

/** Types that are also of another type (FHIR R4, section 2.24). */
const BASE_OF: Readonly<Record<string, string>> = {
  age: 'quantity',
  count: 'quantity',
  distance: 'quantity',
  duration: 'quantity',
  code: 'string',
  id: 'string',
  markdown: 'string',
  canonical: 'uri',
  oid: 'uri',
  url: 'uri',
  uuid: 'uri',
  positiveint: 'integer',
  unsignedint: 'integer',
}

interface Holders {
  values: TypedValue[]
  /** What holds the values, and the name that it holds them under. */
  parents?: TypedValue[]
  name?: string
}

function holdersOf(left: Atom, context: AtomContext, input: TypedValue[]): Holders {
  const [last, parents] =
    left instanceof DotAtom && left.right instanceof SymbolAtom
      ? [left.right, left.left.eval(context, input)]
      : left instanceof SymbolAtom && left.name !== '$this'
        ? [left, input]
        : [undefined, undefined]
  if (!last || !parents) return { values: left.eval(context, input) }
  return { values: last.eval(context, parents), parents, name: last.name }
}

/** Of an element with a choice of types, its name in JSON tells the type; a resource tells its own. Of all else it isn't known here. */
function typed(operator: string, { values, parents = [], name = '' }: Holders, type: string): TypedValue[] {
  if (values.length === 0) return []
  const found = values.every(({ value }) => isRecord(value) && typeof value.resourceType === 'string')
    ? values.map((one) => ({ one, isOne: isOfType(String(one.value.resourceType), type, true) }))
    : parents.flatMap(({ value }) => choicesOf(value, name, type))
  if (found.length === 0) {
    throw new FhirPathError(
      `the type cannot be determined here: "${operator}" is for elements with a choice of types, as in value.ofType(Quantity), and for resources`,
    )
  }
  if (operator === 'as' && found.length > 1) throw new FhirPathError(SEVERAL)
  if (operator !== 'is') return found.flatMap(({ one, isOne }) => (isOne ? [one] : []))
  const [only, ...others] = found
  return only && others.length === 0 ? [truth(only.isOne)] : []
}

function choicesOf(holder: unknown, name: string, type: string): { one: TypedValue; isOne: boolean }[] {
  if (!isRecord(holder) || name === '') return []
  return Object.entries(holder).flatMap(([key, value]) => {
    const own = key.startsWith(name) ? key.slice(name.length) : ''
    if (!/^[A-Z]/.test(own) || value === undefined) return []
    const known = `${own.charAt(0).toLowerCase()}${own.slice(1)}`
    const one = { type: /^[A-Z]/.test(type) ? own : known, value }
    return [{ one, isOne: isOfType(own, type, false) }]
  })
}

function isOfType(actual: string, wanted: string, isResource: boolean): boolean {
  if (isResource) return actual === wanted || wanted === 'Resource' || wanted === 'DomainResource'
  const [own, asked] = [actual.toLowerCase(), wanted.toLowerCase()]
  return own === asked || BASE_OF[own] === asked
}

function typeNameIn(type: Atom | undefined): string {
  if (type instanceof DotAtom) return typeNameIn(type.right)
  return type instanceof SymbolAtom ? type.name : ''
}

function truth(value: boolean): TypedValue {
  return { type: 'boolean', value }
}
