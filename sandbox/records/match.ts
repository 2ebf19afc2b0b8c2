/** Decides whether a resource matches a search filter, as Medplum's database does, which differs from FHIR in places. */
import {
  badRequest,
  evalFhirPathTyped,
  type FhirPathAtom,
  type Filter,
  getParsedExpressionForResourceType,
  getSearchParameter,
  isDateTimeString,
  OperationOutcomeError,
  Operator,
  splitSearchOnComma,
  type TypedValue,
  toTypedValue,
} from '@medplum/core'
import type { Resource, SearchParameter } from '@medplum/fhirtypes'
import { datesOf, numbersOf, once, quantitiesOf, referencesOf, stringsOf, tokensOf, wordsOf } from './searchable.ts'

const valuesByParameter = once((_: Resource) => new Map<string, TypedValue[]>())
const expressions = new Map<string, FhirPathAtom>()

/** The values of a search parameter, computed once, since stored resources never change. */
export function searchValues(resource: Resource, param: SearchParameter): TypedValue[] {
  const values = valuesByParameter(resource)
  let found = values.get(param.code)
  if (!found) {
    const expression = expressionOf(resource.resourceType, param)
    found = expression ? evalFhirPathTyped(expression, [toTypedValue(resource)]) : []
    values.set(param.code, found)
  }
  return found
}

/** The part of a search parameter's expression that applies to this type. */
function expressionOf(type: string, param: SearchParameter): FhirPathAtom | undefined {
  const key = `${type} ${param.code}`
  let parsed = expressions.get(key)
  if (!parsed && param.expression) {
    parsed = getParsedExpressionForResourceType(type, param.expression)
    expressions.set(key, parsed)
  }
  return parsed
}

export type ResourceTest = (resource: Resource) => boolean

/** Compiles a filter without chains. Throws for an unknown parameter or a value that Medplum refuses. */
export function testOf(type: string, { code, operator, value }: Filter): ResourceTest {
  const param = getSearchParameter(type, code)
  if (!param) {
    throw new OperationOutcomeError(badRequest(`Unknown search parameter: ${code}`))
  }
  if (operator === Operator.MISSING || operator === Operator.PRESENT) {
    const wantPresent = (operator === Operator.PRESENT) === (value === 'true')
    return (resource) => searchValues(resource, param).length > 0 === wantPresent
  }
  const tests = splitSearchOnComma(value).map((one) => valueTest(param, operator, one))
  const negated = operator === Operator.NOT || operator === Operator.NOT_EQUALS || operator === Operator.NOT_IN
  return (resource) => {
    const values = searchValues(resource, param)
    // As in Medplum, a resource without the date doesn't match `ne`.
    if (negated && param.type === 'date' && values.length === 0) return false
    return tests.some((test) => test(values)) !== negated
  }
}

type ValueTest = (values: TypedValue[]) => boolean

function valueTest(param: SearchParameter, operator: Operator, value: string): ValueTest {
  switch (param.type) {
    case 'string':
      return stringTest(param, operator, value)
    case 'token':
      refuseModifier(param, operator)
      return tokenTest(operator, value)
    case 'date':
      return dateTest(operator, value)
    case 'reference':
      return referenceTest(param, operator, value)
    case 'number':
    case 'quantity':
      return numberTest(param, operator, value)
    case 'uri':
      return (values) => values.some((one) => String(one.value) === value)
    default:
      return () => false
  }
}

/** For these, Medplum keeps words in lookup tables and compares word by word. */
const NAME_LIKE = /^(name|family|given|phonetic|address.*)$/

function stringTest(param: SearchParameter, operator: Operator, value: string): ValueTest {
  const wanted = value.toLowerCase()
  const wantedWords = wordsOf(wanted)
  const byWord = NAME_LIKE.test(param.code)
  return (values) =>
    stringsOf(values).some(({ text, lower, words }) => {
      if (operator === Operator.EXACT) {
        return text === value
      }
      if (operator === Operator.CONTAINS) {
        return lower.includes(wanted)
      }
      return lower.startsWith(wanted) || (byWord && startsEveryWord(words, wantedWords))
    })
}

function startsEveryWord(found: string[], wanted: string[]): boolean {
  return wanted.length > 0 && wanted.every((word) => found.some((one) => one.startsWith(word)))
}

/** Modifiers that Medplum refuses for tokens with a system and ignores for plain codes, such as a status. */
const REFUSED_FOR_TOKENS: readonly string[] = ['in', 'not-in', 'above', 'below', 'of-type']

/** Elements that are a code without a system (FHIR R4, section 3.1.1.4.10). */
const PLAIN_CODES: ReadonlySet<string> = new Set(['gender', 'intent', 'status'])

function refuseModifier(param: SearchParameter, operator: Operator): void {
  if (REFUSED_FOR_TOKENS.includes(operator) && !PLAIN_CODES.has(param.code)) {
    throw new OperationOutcomeError(badRequest(`Invalid modifier :${operator} for ${param.id}`))
  }
}

function tokenTest(operator: Operator, value: string): ValueTest {
  if (operator === Operator.TEXT || operator === Operator.CONTAINS) {
    const wanted = value.toLowerCase()
    return (values) =>
      tokensOf(values).some(
        (token) =>
          (operator === Operator.CONTAINS || token.system === 'text') && token.value?.toLowerCase().includes(wanted),
      )
  }
  const bar = value.indexOf('|')
  const system = bar < 0 ? undefined : value.slice(0, bar)
  const code = value.slice(bar + 1)
  return (values) =>
    tokensOf(values).some(
      (token) =>
        token.system !== 'text' &&
        (code === '' || token.value === (CONTACT_SYSTEM.test(token.system ?? '') ? code.toLowerCase() : code)) &&
        (system === undefined || (system === '' ? !token.system : token.system === system)),
    )
}

/** ContactPoint.system; the value of a contact point is compared without regard to case. */
const CONTACT_SYSTEM = /^(phone|fax|email|pager|url|sms|other)$/

/** A day is compared as its first instant: `date=2024-02-11` doesn't find times within that day. */
function dateTest(operator: Operator, value: string): ValueTest {
  if (!isDateTimeString(value)) {
    throw new OperationOutcomeError(badRequest(`Invalid format for date search parameter: ${value}`))
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) {
    throw new OperationOutcomeError(badRequest(`Invalid date value: ${value}`))
  }
  const compare = comparison(operator)
  const wanted = Date.parse(value)
  return (values) => datesOf(values).some((start) => compare(start, wanted))
}

/** The unit and system of a quantity are ignored. */
function numberTest(param: SearchParameter, operator: Operator, value: string): ValueTest {
  const wanted = Number(value.split('|')[0])
  if (Number.isNaN(wanted)) {
    throw new OperationOutcomeError(badRequest(`invalid input syntax for type double precision: "${value}"`))
  }
  const compare =
    operator === Operator.APPROXIMATELY
      ? (found: number) => Math.abs(found - wanted) <= Math.abs(wanted) / 10
      : comparison(operator)
  return (values) => {
    const found = param.type === 'quantity' ? quantitiesOf(values) : numbersOf(values)
    return found.some((one) => one !== undefined && compare(one, wanted))
  }
}

function comparison(operator: Operator): (found: number, wanted: number) => boolean {
  switch (operator) {
    case Operator.EQUALS:
    case Operator.EXACT:
    case Operator.NOT:
    case Operator.NOT_EQUALS:
      return (found, wanted) => found === wanted
    case Operator.LESS_THAN:
    case Operator.ENDS_BEFORE:
      return (found, wanted) => found < wanted
    case Operator.GREATER_THAN:
    case Operator.STARTS_AFTER:
      return (found, wanted) => found > wanted
    case Operator.LESS_THAN_OR_EQUALS:
      return (found, wanted) => found <= wanted
    case Operator.GREATER_THAN_OR_EQUALS:
      return (found, wanted) => found >= wanted
    default:
      throw new OperationOutcomeError(badRequest(`Unknown FHIR operator: ${operator}`))
  }
}

function referenceTest(param: SearchParameter, operator: Operator, value: string): ValueTest {
  if (operator === Operator.IDENTIFIER) {
    const token = tokenTest(Operator.EQUALS, value)
    return (values) =>
      token(
        values.flatMap((one) => (one.value?.identifier ? [{ type: 'Identifier', value: one.value.identifier }] : [])),
      )
  }
  const wanted = value.includes('/') ? value : `${targetOf(param) ?? '*'}/${value}`
  return (values) => referencesOf(values).some((one) => one === wanted)
}

/** The type that a bare id stands for. */
function targetOf(param: SearchParameter): string | undefined {
  return param.target?.length === 1
    ? param.target[0]
    : ['subject', 'patient'].includes(param.code)
      ? 'Patient'
      : undefined
}
