// Limits the work of evaluating FHIRPath. An expression of a few hundred characters can double its work with every step, and a Worker's
// clock stands still while it computes, so each step is charged in proportion to what it handles.
import { type Atom, FunctionAtom, InfixOperatorAtom, SymbolAtom, type TypedValue } from '@medplum/core'
import { isRecord } from '../../base/json.ts'

/** A unit is a tenth of a microsecond, or a few in the worst case. */
const UNITS_PER_RESOURCE = 200_000
const UNITS_PER_ANSWER = 4_000_000

const CHARACTERS_PER_UNIT = 64
const COMPARISONS_PER_UNIT = 64

/** The evaluation was ended. The message is for the model. */
export class TooMuchWork extends Error {
  override readonly name = 'TooMuchWork'
}

/** The work that all expressions of one answer may do together. */
export class Budget {
  #answer = UNITS_PER_ANSWER
  #resource = UNITS_PER_RESOURCE

  /** Begins one expression on one resource. */
  begin(): void {
    this.#resource = UNITS_PER_RESOURCE
  }

  /** @throws {TooMuchWork} */
  spend(units: number): void {
    if (units > this.#resource) throw new TooMuchWork('it is too much work for one resource: write a simpler path')
    if (units > this.#answer) {
      throw new TooMuchWork(
        'all expressions together are too much work for this answer: write fewer, or set a lower _count',
      )
    }
    this.#resource -= units
    this.#answer -= units
  }
}

/** An expression and all of its parts, each once, although a sign's atom contains its operand twice. */
export function atomsOf(atom: Atom, found: Set<Atom> = new Set()): Set<Atom> {
  if (found.has(atom)) return found
  found.add(atom)
  for (const part of Object.values(atom).flat()) if (isAtom(part)) atomsOf(part, found)
  return found
}

function isAtom(value: unknown): value is Atom {
  return typeof value === 'object' && value !== null && 'eval' in value && typeof value.eval === 'function'
}

/** Charges the budget for every step of an expression, and skips the most expensive one: looking for a property that can't exist. */
export function meter(root: Atom, budget: Budget): void {
  const atoms = atomsOf(root)
  const compared = new Map<Atom, 'once' | 'with each'>()
  for (const atom of atoms) {
    if (!(atom instanceof InfixOperatorAtom) || !/^(=|!=|~|!~|in|\|)$/.test(atom.operator)) continue
    for (const side of [atom.left, atom.right]) compared.set(side, atom.operator === '|' ? 'with each' : 'once')
  }
  for (const atom of atoms) {
    const evaluate = atom.eval
    const property = atom instanceof SymbolAtom && atom.name !== '$this' ? atom.name : undefined
    const isDistinct = atom instanceof FunctionAtom && /distinct/i.test(atom.name)
    const comparison = compared.get(atom)
    atom.eval = (context, input) => {
      budget.spend(1 + input.length + (isDistinct ? input.length ** 2 / COMPARISONS_PER_UNIT : 0))
      const holders = property === undefined ? input : input.filter(({ value }) => mayHold(value, property))
      const output = evaluate.call(atom, context, holders)
      budget.spend(sizeOf(output))
      if (comparison) budget.spend(nodesOf(output) * (comparison === 'with each' ? output.length : 1))
      return output
    }
  }
}

/** Whether a value may have this property, also as a choice (`valueQuantity` for `value`) or as an extended primitive, or this type. */
function mayHold(value: unknown, property: string): boolean {
  if (!isRecord(value)) return false
  if (Object.hasOwn(value, property) || value.resourceType === property) return true
  for (const name in value) if (name.startsWith(property) || name.startsWith(`_${property}`)) return true
  return false
}

function sizeOf(values: readonly TypedValue[]): number {
  return values.reduce((size, { value }) => size + 1 + lengthOf(value) / CHARACTERS_PER_UNIT, 0)
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0
}

/** How many values a comparison of these may touch. */
function nodesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((nodes: number, part) => nodes + nodesOf(part), 1)
}
