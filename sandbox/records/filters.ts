/** Compiles a search request's filters, including chains, `_has`, `_filter` and Medplum's own parameters. */
import {
  badRequest,
  FhirFilterComparison,
  type FhirFilterExpression,
  FhirFilterNegation,
  type Filter,
  getSearchParameter,
  OperationOutcomeError,
  Operator,
  parseFilterParameter,
  parseSearchRequest,
} from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'
import type { Store } from '../core/store.ts'
import { patientsOf } from './compartment.ts'
import { type ResourceTest, searchValues, testOf } from './match.ts'
import { referencesOf } from './searchable.ts'

export function compileFilters(store: Store, type: string, filters: Filter[] = []): ResourceTest {
  const tests = filters
    .filter((filter) => filter.code !== '_deleted')
    .map((filter) => compileFilter(store, type, filter))
  return (resource) => tests.every((test) => test(resource))
}

function compileFilter(store: Store, type: string, filter: Filter): ResourceTest {
  if (filter.code.startsWith('_has:')) {
    return reverseChain(store, filter)
  }
  if (filter.code.includes('.')) {
    return chain(store, type, filter)
  }
  switch (filter.code) {
    case '_filter':
      return expression(type, parseFilterParameter(filter.value))
    case '_compartment':
      return (resource) => patientsOf(resource).some((one) => one === filter.value || one.endsWith(`/${filter.value}`))
    default:
      return testOf(type, filter)
  }
}

function expression(type: string, parsed: FhirFilterExpression): ResourceTest {
  if (parsed instanceof FhirFilterComparison) {
    return testOf(type, { code: parsed.path, operator: parsed.operator, value: parsed.value })
  }
  if (parsed instanceof FhirFilterNegation) {
    const test = expression(type, parsed.child)
    return (resource) => !test(resource)
  }
  const left = expression(type, parsed.left)
  const right = expression(type, parsed.right)
  return parsed.keyword === 'and'
    ? (resource) => left(resource) && right(resource)
    : (resource) => left(resource) || right(resource)
}

/** `subject:Patient.name=…`, `patient.organization.name=…` */
function chain(store: Store, type: string, filter: Filter): ResourceTest {
  const dot = filter.code.indexOf('.')
  const [code = '', explicit] = filter.code.slice(0, dot).split(':')
  const param = getSearchParameter(type, code)
  if (!param) {
    throw new OperationOutcomeError(badRequest(`Unknown search parameter: ${code}`))
  }
  const target = explicit ?? (param.target?.length === 1 ? param.target[0] : code === 'patient' ? 'Patient' : undefined)
  if (!target) {
    throw new OperationOutcomeError(
      badRequest(`Unable to identify next resource type for search parameter: ${type}?${code}`),
    )
  }
  const next = parseSearchRequest(target, { [filter.code.slice(dot + 1)]: filter.value })
  const test = compileFilters(store, target, next.filters)
  return (resource) =>
    referencesOf(searchValues(resource, param)).some((reference) => {
      const linked = reference.startsWith(`${target}/`) ? store.get(reference) : undefined
      return linked !== undefined && test(linked)
    })
}

/** `_has:Observation:subject:code=…` */
function reverseChain(store: Store, filter: Filter): ResourceTest {
  const [, type = '', code = '', ...rest] = filter.code.split(':')
  const param = getSearchParameter(type, code)
  if (!param) {
    throw new OperationOutcomeError(badRequest(`Invalid search parameter in chain: ${type}?${code}`))
  }
  const last = rest.join(':')
  if (!/[.:]/.test(last) && !last.startsWith('_') && !getSearchParameter(type, last)) {
    throw new OperationOutcomeError(badRequest(`Invalid search parameter at end of chain: ${type}?${last}`))
  }
  const next = parseSearchRequest(type, { [last]: filter.value })
  const test = compileFilters(store, type, next.filters)
  let linked: Set<string> | undefined
  return (resource) => {
    linked ??= new Set(
      [...store.all<Resource>(type as Resource['resourceType'])]
        .filter(test)
        .flatMap((one) => referencesOf(searchValues(one, param))),
    )
    return linked.has(`${resource.resourceType}/${resource.id}`)
  }
}

/** Whether the request asks for deleted resources instead of live ones. */
export function wantsDeleted(filters: Filter[] | undefined): boolean {
  return (
    filters?.some((one) => one.code === '_deleted' && one.operator === Operator.EQUALS && one.value === 'true') ?? false
  )
}
