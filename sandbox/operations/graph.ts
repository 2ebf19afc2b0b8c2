/** `$graph`: a resource with the resources that a GraphDefinition links to it. */
import { allOk, evalFhirPathTyped, notFound, parseSearchRequest, toTypedValue, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { GraphDefinition, GraphDefinitionLink, Reference, Resource } from '@medplum/fhirtypes'
import { COST } from '../core/ratelimit.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'

export function addGraph(router: FhirRouter): void {
  router.add('GET', ':resourceType/:id/$graph', (req, repo) => graph(req, recordsOf(repo)))
}

async function graph(req: FhirRequest, records: Records): Promise<FhirResponse> {
  records.consume(COST.search)
  const definition = records.all<GraphDefinition>('GraphDefinition').find((one) => one.name === req.query.graph)
  if (!definition) {
    return [notFound]
  }
  const start = await records.readResource(paramOf(req, 'resourceType'), paramOf(req, 'id'))
  const found = new Map([[`${start.resourceType}/${start.id}`, start]])
  await follow(records, start, definition.link ?? [], found)
  return [
    allOk,
    { resourceType: 'Bundle', type: 'collection', entry: [...found.values()].map((resource) => ({ resource })) },
  ]
}

async function follow(
  records: Records,
  from: WithId<Resource>,
  links: GraphDefinitionLink[],
  found: Map<string, WithId<Resource>>,
): Promise<void> {
  for (const { path, target } of links) {
    for (const { type, params, link } of target ?? []) {
      for (const one of path
        ? await referred(records, from, path, type)
        : await searched(records, from, type, params)) {
        const reference = `${one.resourceType}/${one.id}`
        if (!found.has(reference)) {
          found.set(reference, one)
          await follow(records, one, link ?? [], found)
        }
      }
    }
  }
}

async function referred(records: Records, from: Resource, path: string, type: string): Promise<WithId<Resource>[]> {
  const references = evalFhirPathTyped(path, [toTypedValue(from)]).map((one) => one.value as Reference)
  const fitting = references.filter((one) => one.reference?.startsWith(`${type}/`))
  const read = await records.readReferences(fitting)
  return read.filter((one): one is WithId<Resource> => !(one instanceof Error))
}

function searched(records: Records, from: WithId<Resource>, type: string, params = ''): Promise<WithId<Resource>[]> {
  const query = params.replace('{ref}', `${from.resourceType}/${from.id}`)
  return records.searchResources(parseSearchRequest(`${type}?${query}`))
}
