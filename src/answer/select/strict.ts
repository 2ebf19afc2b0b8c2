// Where @medplum/core silently differs from the FHIRPath specification: simple cases are corrected here, everything else is
// refused with an alternative. Checked with the official suite by `npm run bench -- fhirpath`.
import {
  AsAtom,
  type Atom,
  DotAtom,
  EmptySetAtom,
  FunctionAtom,
  InfixOperatorAtom,
  IsAtom,
  type TypedValue,
} from '@medplum/core'
import { FhirPathError } from './fhirpath-error.ts'
import { between, OPERATOR_CHECKS } from './operators.ts'
import { holdersOf, typed, typeNameIn } from './types.ts'

type Evaluate = Atom['eval']

const TYPE_FUNCTIONS: ReadonlySet<string> = new Set(['is', 'as', 'ofType'])

/** Makes an atom of an expression evaluate as the specification says, or refuse. */
export function tighten(atom: Atom): void {
  if (atom instanceof FunctionAtom) {
    if (atom.args.some((one) => one instanceof EmptySetAtom)) {
      throw new FhirPathError(`${atom.name}({}) never finds anything: leave it out`)
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

type FunctionCheck = (input: TypedValue[]) => void

const booleans: FunctionCheck = (input) => {
  if (input.some(({ value }) => typeof value !== 'boolean')) {
    throw new FhirPathError("put it after a comparison, as in (status = 'final').not() or code.exists().not()")
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
          'the day depends on the time zone: for the day as written, use .toString().substring(0, 10)',
        )
      }
    },
    toString: (input: TypedValue[]) => {
      if (input.some(({ value }) => typeof value === 'object')) {
        throw new FhirPathError('only a single value can become text, as in value.value.toString()')
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
