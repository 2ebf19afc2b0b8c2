/** The FHIR API over HTTP: from a request to FhirRouter and back to the answer that Medplum would give. */
import { badRequest, getStatus, isCreated, normalizeOperationOutcome, notFound, stringify } from '@medplum/core'
import { type FhirResponse, FhirRouter, type HttpMethod } from '@medplum/fhir-router'
import type { OperationOutcome, Resource } from '@medplum/fhirtypes'
import { FHIR_JSON, json, outcome } from './answers.ts'
import { bytesOf, withoutContent } from './binary.ts'
import { readBody } from './body.ts'
import { authenticate, refuse } from './caller.ts'
import { capabilityStatement } from './capability.ts'
import { smartConfiguration } from './discovery.ts'
import type { Ground } from './ground.ts'
import { addOperations } from './operations.ts'
import { Records } from './repository.ts'

export type FhirHandler = (request: Request) => Promise<Response>

export function fhirHandler(ground: Ground): FhirHandler {
  const router = new FhirRouter({ introspectionEnabled: ground.introspection })
  addOperations(router)
  return async (request) => {
    const url = new URL(request.url)
    const path = url.pathname.slice('/fhir/R4'.length).replace(/\/+/g, '/')
    if (request.method === 'OPTIONS') {
      return new Response(null, { status: 204 })
    }
    if (request.method === 'GET') {
      switch (path) {
        case '/metadata':
          return json(capabilityStatement(ground.baseUrl))
        case '/.well-known/smart-configuration':
          return json(smartConfiguration(ground.baseUrl))
        case '/.well-known/smart-styles.json':
          return json({})
      }
    }
    const answer = await authorized(ground, router, request, path + url.search)
    // An error arrives without its body, too.
    const silent = request.headers.get('prefer')?.includes('return=minimal')
    return silent ? new Response(null, { status: answer.status, headers: answer.headers }) : answer
  }
}

async function authorized(ground: Ground, router: FhirRouter, request: Request, url: string): Promise<Response> {
  const authorization = request.headers.get('authorization') ?? undefined
  const caller = await authenticate(ground, authorization)
  if (!caller) {
    return refuse(ground, authorization)
  }
  const records = new Records(ground, caller, request.headers.get('x-medplum') === 'extended')
  const [result, resource, options] = await route(router, records, request, url).catch(
    (error): FhirResponse => [normalizeOperationOutcome(error)],
  )
  const headers: Record<string, string> = records.quota ? { 'x-sandbox-quota': records.quota } : {}
  if (!resource) {
    return outcome(result, headers)
  }
  addHeaders(ground, result, resource, headers)
  const content = bytesOf(request, resource)
  if (content) {
    return new Response(content.bytes, { headers: { ...headers, 'content-type': content.type } })
  }
  if (options?.contentType) {
    const type = `${options.contentType}; charset=utf-8`
    return new Response(JSON.stringify(resource), { headers: { ...headers, 'content-type': type } })
  }
  // A resource never has empty arrays, so a search without hits has no `entry`.
  const text = stringify(withoutContent(resource), new URL(request.url).searchParams.get('_pretty') === 'true')
  return new Response(text, { status: getStatus(result), headers: { ...headers, 'content-type': FHIR_JSON } })
}

function addHeaders(
  ground: Ground,
  result: OperationOutcome,
  { resourceType, id, meta }: Resource,
  headers: Record<string, string>,
): void {
  if (meta?.versionId) {
    headers.etag = `W/"${meta.versionId}"`
  }
  if (meta?.lastUpdated) {
    headers['last-modified'] = new Date(meta.lastUpdated).toUTCString()
  }
  if (isCreated(result)) {
    headers.location = `${ground.baseUrl}fhir/R4/${resourceType}/${id}`
  }
}

async function route(router: FhirRouter, records: Records, request: Request, url: string): Promise<FhirResponse> {
  for (const segment of url.split('?')[0]?.split('/') ?? []) {
    if (!decodable(segment)) {
      return [badRequest(`Failed to decode param '${segment}'`)]
    }
  }
  const body = ['GET', 'HEAD'].includes(request.method) ? undefined : await readBody(request)
  if (request.method === 'HEAD') {
    return [notFound]
  }
  if (request.method === 'PATCH' && !Array.isArray(body)) {
    return [badRequest('Patch body must be an array')]
  }
  return router.handleRequest(
    {
      method: request.method as HttpMethod,
      url,
      pathname: '',
      params: {},
      query: {},
      body,
      headers: Object.fromEntries(request.headers),
      config: { transactions: records.access.caller.project.features?.includes('transaction-bundles') ?? false },
    },
    records,
  )
}

function decodable(segment: string): boolean {
  try {
    decodeURIComponent(segment)
    return true
  } catch {
    return false
  }
}
