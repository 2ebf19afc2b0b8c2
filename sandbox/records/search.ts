/** Searching: what is refused, which resources match, their order, and paging. */
import {
  badRequest,
  formatSearchQuery,
  getSearchParameter,
  OperationOutcomeError,
  type SearchRequest,
  type SortRule,
  validateResourceType,
} from '@medplum/core'
import type { BundleLink, Resource } from '@medplum/fhirtypes'
import type { Store, Stored } from '../core/store.ts'
import { compileFilters, wantsDeleted } from './filters.ts'
import { searchValues } from './match.ts'
import { published } from './published.ts'
import { datesOf, numbersOf, quantitiesOf, stringsOf, tokensOf } from './searchable.ts'

const DEFAULT_COUNT = 20
const MAX_COUNT = 1000
const MAX_OFFSET = 10_000

interface Page {
  resources: Stored[]
  /** All matches, whatever the page. */
  found: number
  links: BundleLink[]
}

/** Medplum pages by cursor if a search is sorted by ascending _lastUpdated and has 20 or more a page; otherwise by offset. */
function usesCursor(request: SearchRequest): boolean {
  const [rule, ...others] = request.sortRules ?? []
  return (
    rule?.code === '_lastUpdated' && !rule.descending && others.length === 0 && (request.count ?? 0) >= DEFAULT_COUNT
  )
}

/** Sets Medplum's defaults in the request itself. @throws {OperationOutcomeError} for what Medplum refuses */
export function normalize(request: SearchRequest): void {
  for (const type of request.types ?? [request.resourceType]) {
    validateResourceType(type)
    if (type === 'Binary') {
      throw new OperationOutcomeError(badRequest('Cannot search on Binary resource type'))
    }
  }
  request.count = Math.min(request.count ?? DEFAULT_COUNT, MAX_COUNT)
  if (request.offset && request.offset > MAX_OFFSET) {
    throw new OperationOutcomeError(
      badRequest(`Search offset exceeds maximum (got ${request.offset}, max ${MAX_OFFSET})`),
    )
  }
  if (request.types && request.cursor) {
    throw new OperationOutcomeError(badRequest('missing FROM-clause entry for table "MultipleTypes"'))
  }
  if (request.cursor && request.offset) {
    throw new OperationOutcomeError(badRequest('Cannot use both offset and cursor'))
  }
}

/** @param visible whether the caller may see a match */
export function find(store: Store, base: string, request: SearchRequest, visible: (resource: Stored) => boolean): Page {
  const matches = (request.types ?? [request.resourceType]).flatMap((type) => {
    const test = compileFilters(store, type, request.filters)
    checkSort(type, request.sortRules)
    const isDeleted = wantsDeleted(request.filters)
    const own = store.all<Resource>(type as Resource['resourceType'], isDeleted)
    const all = isDeleted ? [...own] : [...own, ...published(type as Resource['resourceType'])]
    return all.filter((resource) => test(resource) && visible(resource))
  })
  const sorted = sort(matches, request.sortRules)
  const from = startIndex(sorted, request)
  const count = request.count ?? DEFAULT_COUNT
  // As in Medplum, `_count=abc` and `_count=-1` are no errors: the page is empty, as if nothing matched.
  const resources = count > 0 ? sorted.slice(from, from + count) : []
  const next = resources.length > 0 ? sorted[from + count] : undefined
  return { resources, found: matches.length, links: linksOf(base, request, resources.length > 0, next) }
}

function startIndex(sorted: Stored[], request: SearchRequest): number {
  const [, time, id] = request.cursor?.match(/^1-(\d+)-(.+)$/) ?? []
  if (!time || !id) {
    return request.offset ?? 0
  }
  const index = sorted.findIndex((one) => {
    const updated = Date.parse(one.meta.lastUpdated)
    return updated > Number(time) || (updated === Number(time) && one.id >= id)
  })
  return index < 0 ? sorted.length : index
}

function linksOf(base: string, request: SearchRequest, any: boolean, next: Stored | undefined): BundleLink[] {
  const url = (place: Partial<SearchRequest>) =>
    `${base}fhir/R4/${request.resourceType}${formatSearchQuery(Object.assign({ ...request }, place))}`
  const links: BundleLink[] = [{ relation: 'self', url: url({}) }]
  if (!any) {
    return links
  }
  const { offset: _, cursor: __, ...start } = request
  links.push({ relation: 'first', url: `${base}fhir/R4/${request.resourceType}${formatSearchQuery(start)}` })
  const count = request.count ?? 0
  const offset = request.offset ?? 0
  if (next && usesCursor(request)) {
    const cursor = `1-${Date.parse(next.meta.lastUpdated)}-${next.id}`
    links.push({ relation: 'next', url: url({ cursor }) })
  } else if (next) {
    links.push({ relation: 'next', url: url({ offset: offset + count }) })
  }
  if (offset > 0) {
    links.push({ relation: 'previous', url: url({ offset: Math.max(0, offset - count) }) })
  }
  return links
}

function checkSort(type: string, rules: SortRule[] | undefined): void {
  for (const { code } of rules ?? []) {
    if (!getSearchParameter(type, code)) {
      throw new OperationOutcomeError(badRequest(`Unknown search parameter: ${code}`))
    }
  }
}

type Key = string | number | undefined

function sort(resources: Stored[], rules: SortRule[] | undefined): Stored[] {
  if (!rules?.length) {
    return resources
  }
  const keyed = resources.map((resource) => ({ resource, keys: rules.map((rule) => sortKey(resource, rule)) }))
  keyed.sort((a, b) => {
    for (let i = 0; i < rules.length; i++) {
      const order = compareKeys(a.keys[i], b.keys[i]) * (rules[i]?.descending ? -1 : 1)
      if (order !== 0) {
        return order
      }
    }
    return a.resource.id < b.resource.id ? -1 : 1
  })
  return keyed.map((one) => one.resource)
}

/** As in PostgreSQL, records without a value come last, or first if descending. */
function compareKeys(a: Key, b: Key): number {
  if (a === undefined || b === undefined) {
    return Number(a === undefined) - Number(b === undefined)
  }
  return a < b ? -1 : a > b ? 1 : 0
}

function sortKey(resource: Stored, { code }: SortRule): Key {
  if (code === '_lastUpdated') {
    return Date.parse(resource.meta.lastUpdated)
  }
  const param = getSearchParameter(resource.resourceType, code)
  const values = param ? searchValues(resource, param) : []
  switch (param?.type) {
    case 'date':
      return datesOf(values)[0]
    case 'number':
      return numbersOf(values)[0]
    case 'quantity':
      return quantitiesOf(values)[0]
    case 'token':
      return tokensOf(values)[0]?.value
    default:
      return stringsOf(values)[0]?.lower
  }
}
