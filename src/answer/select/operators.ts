// Operators as the FHIRPath specification defines them: for decimals, dates of different precision, and quantities with units.

import type { Atom, InfixOperatorAtom, TypedValue } from '@medplum/core'
import { isRecord } from '../../base/json.ts'
import { compareDates, Incomparable, isDate } from './dates.ts'
import { FhirPathError } from './fhirpath-error.ts'
import { truth } from './types.ts'

/** The result of an operator for two single values; undefined if the library's own is right. */
type OperatorCheck = (left: TypedValue, right: TypedValue, operator: string) => TypedValue[] | undefined

const NUMBERS = 'arithmetic is only for numbers; dates can be compared, as in birthDate <= @2008-01-31'
const calculate: OperatorCheck = ({ value: a }, { value: b }, operator) => {
  if (typeof a === 'number' && typeof b === 'number') return exact(a, b, operator)
  if (isQuantity(a) && typeof b === 'number' && /^[*/]$/.test(operator)) return undefined
  if (isQuantity(a) && isQuantity(b) && /^[+-]$/.test(operator) && sameUnit(a, b)) return undefined
  const areTexts = operator === '+' && typeof a === 'string' && typeof b === 'string' && !isDate(a) && !isDate(b)
  if (areTexts) return undefined
  throw new FhirPathError(NUMBERS)
}

/** Decimal arithmetic: 0.1 + 0.2 is 0.3 (FHIRPath, section 6.6). */
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
    throw new FhirPathError(
      'only two numbers, two texts, two dates or two quantities with the same unit can be compared',
    )
  }
  return [
    truth(operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0),
  ]
}

const equal: OperatorCheck = (left, right, operator) => {
  const order = orderOf(left, right)
  if (order === undefined) return undefined
  // If it is unknown whether values are equal, the result is empty, and for ~ they count as different (FHIRPath, section 6.1).
  if (order === 'undecided') return operator === '~' ? [truth(false)] : operator === '!~' ? [truth(true)] : []
  return [truth((order === 0) === !operator.startsWith('!'))]
}

export const OPERATOR_CHECKS: Readonly<Record<string, OperatorCheck>> = {
  ...Object.fromEntries(['+', '-', '*', '/', 'div', 'mod'].map((one) => [one, calculate])),
  ...Object.fromEntries(['<', '<=', '>', '>='].map((one) => [one, compare])),
  ...Object.fromEntries(['=', '!=', '~', '!~'].map((one) => [one, equal])),
}

/** The order of two dates or quantities; undefined for other values. */
function orderOf({ type: leftType, value: a }: TypedValue, { type: rightType, value: b }: TypedValue) {
  if (typeof a === 'string' && typeof b === 'string') {
    const hasDate =
      [leftType, rightType].some((type) => /^(?:date|dateTime|time|instant)$/.test(type)) || (isDate(a) && isDate(b))
    return hasDate ? orderOfDates(a, b) : undefined
  }
  if (isQuantity(a) && isQuantity(b)) {
    if (!sameUnit(a, b)) {
      throw new FhirPathError(
        "quantities can only be compared in the same unit, and these have different units or none: compare the number, as in where(value.unit = 'kg').value.value > 100",
      )
    }
    return a.value - b.value
  }
  if (isQuantity(a) || isQuantity(b))
    throw new FhirPathError('compare a quantity by its number, as in value.value > 100')
  return undefined
}

function orderOfDates(a: string, b: string): number | 'undecided' {
  try {
    return compareDates(a, b) ?? 'undecided'
  } catch (error) {
    if (error instanceof Incomparable) throw new FhirPathError(`these can't be compared: ${error.message}`)
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
export function between(atom: InfixOperatorAtom, check: OperatorCheck): Atom['eval'] {
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
