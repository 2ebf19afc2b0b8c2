// Types in FHIRPath: `is`, `as` and `ofType`, as far as the JSON itself shows the type.

import { type Atom, type AtomContext, DotAtom, SymbolAtom, type TypedValue } from '@medplum/core'
import { isRecord } from '../../base/json.ts'
import { FhirPathError, SEVERAL } from './fhirpath-error.ts'

/** The parent types of datatypes (FHIR R4, section 2.24). */
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
  /** The objects that contain the values, and the property under which they do. */
  parents?: TypedValue[]
  name?: string
}

export function holdersOf(left: Atom, context: AtomContext, input: TypedValue[]): Holders {
  const [last, parents] =
    left instanceof DotAtom && left.right instanceof SymbolAtom
      ? [left.right, left.left.eval(context, input)]
      : left instanceof SymbolAtom && left.name !== '$this'
        ? [left, input]
        : [undefined, undefined]
  if (!last || !parents) return { values: left.eval(context, input) }
  return { values: last.eval(context, parents), parents, name: last.name }
}

/** The name of a choice element shows its type, and a resource names its own. No other types are known here. */
export function typed(operator: string, { values, parents = [], name = '' }: Holders, type: string): TypedValue[] {
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

export function typeNameIn(type: Atom | undefined): string {
  if (type instanceof DotAtom) return typeNameIn(type.right)
  return type instanceof SymbolAtom ? type.name : ''
}

export function truth(value: boolean): TypedValue {
  return { type: 'boolean', value }
}
