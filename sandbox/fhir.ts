/** The FHIR API over HTTP: passes requests to FhirRouter and answers as Medplum would. */
import {
  badRequest,
  getStatus,
  isCreated,
  isNotFound,
  normalizeOperationOutcome,
  notFound,
  stringify,
} from '@medplum/core'
import { type FhirResponse, FhirRouter, type HttpMethod } from '@medplum/fhir-router'
import { FHIR_JSON, json, outcome } from './core/answers.ts'
import { authenticate, refuse } from './core/caller.ts'
import type { SandboxContext } from './core/context.ts'
import { binaryRoutes } from './http/binary.ts'
import { readBody } from './http/body.ts'
import { bulkRoutes } from './http/bulk.ts'
import { capabilityStatement } from './http/capability.ts'
import { csvRoutes } from './http/csv.ts'
import { type Call, type DirectRoute, direct, resourceHeaders } from './http/direct.ts'
import { batchAsync, jobRoutes, wantsAsync } from './http/jobs.ts'
import { smartConfiguration } from './oauth/discovery.ts'
import { botRoutes } from './operations/bots.ts'
import { customOperation } from './operations/custom.ts'
import { addOperations } from './operations/operations.ts'
import { pushRoutes } from './operations/push.ts'
import { Records } from './records/repository.ts'

const DIRECT: DirectRoute[] = [...binaryRoutes, ...botRoutes, ...jobRoutes, ...bulkRoutes, ...csvRoutes, ...pushRoutes]

type FhirHandler = (request: Request) => Promise<Response>

export function fhirHandler(context: SandboxContext): FhirHandler {
  const router = new FhirRouter({ introspectionEnabled: context.introspection })
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
          return json(capabilityStatement(context.baseUrl))
        case '/$versions':
          return json({ versions: ['4.0'], default: '4.0' })
        case '/.well-known/smart-configuration':
          return json(smartConfiguration(context.baseUrl))
        case '/.well-known/smart-styles.json':
          return json({})
      }
    }
    const answer = await authorized(context, router, request, path, url)
    // Medplum leaves out the body of an error, too.
    const silent = request.headers.get('prefer')?.includes('return=minimal')
    return silent ? new Response(null, { status: answer.status, headers: answer.headers }) : answer
  }
}

async function authorized(
  context: SandboxContext,
  router: FhirRouter,
  request: Request,
  path: string,
  url: URL,
): Promise<Response> {
  const authorization = request.headers.get('authorization') ?? undefined
  const caller = await authenticate(context, authorization)
  if (!caller) {
    return refuse(context, authorization)
  }
  const records = new Records(context, caller, request.headers.get('x-medplum') === 'extended')
  const call: Call = { context, records, request, url, path }
  await context.jobs.settle()
  const answer = await answerTo(router, call).catch((error) => outcome(normalizeOperationOutcome(error)))
  if (records.quota) {
    answer.headers.set('x-sandbox-quota', records.quota)
  }
  return answer
}

function answerTo(router: FhirRouter, call: Call): Promise<Response> {
  if (call.request.method === 'POST' && call.path.replace('/', '') === '' && wantsAsync(call.request)) {
    return batchAsync(call, (records, body) => handle(router, { ...call, records }, body))
  }
  return direct(DIRECT, call) ?? routed(router, call)
}

async function routed(router: FhirRouter, call: Call): Promise<Response> {
  const { context, url } = call
  const [result, resource, options] = await route(router, call)
  if (!resource) {
    return outcome(result)
  }
  const headers = resourceHeaders(resource)
  if (isCreated(result)) {
    headers.location = `${context.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`
  }
  if (options?.contentType) {
    const type = `${options.contentType}; charset=utf-8`
    return new Response(JSON.stringify(resource, asObject), { headers: { ...headers, 'content-type': type } })
  }
  // A resource never has empty arrays, so a search without hits has no `entry`.
  const text = stringify(resource, url.searchParams.get('_pretty') === 'true')
  return new Response(text, { status: getStatus(result), headers: { ...headers, 'content-type': FHIR_JSON } })
}

/** Medplum sends all fields of a GraphQL error, even empty ones. */
function asObject(name: string, value: unknown): unknown {
  return name === 'errors' && Array.isArray(value) ? value.map((error) => ({ ...error })) : value
}

async function route(router: FhirRouter, call: Call): Promise<FhirResponse> {
  const { request, path } = call
  for (const segment of path.split('/')) {
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
  const response = await handle(router, call, body)
  const [, code] = path.match(/\/\$([\w-]+)$/) ?? []
  return (code && isNotFound(response[0]) && (await custom(call, code, body))) || response
}

/** If Medplum has no operation of that name, it looks for one that the project defines. */
function custom({ records, request, url }: Call, code: string, body: unknown): Promise<FhirResponse | undefined> {
  const input = request.method === 'GET' ? Object.fromEntries(url.searchParams) : body
  return customOperation(records, code, input, request.headers.get('content-type') ?? undefined)
}

function handle(router: FhirRouter, { records, request, path, url }: Call, body: unknown): Promise<FhirResponse> {
  return router.handleRequest(
    {
      method: request.method as HttpMethod,
      url: path + daysWithoutZ(url.search),
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

/** Medplum 5.1 reads `ge2026-01-01Z` as a day; @medplum/core, which parses searches here, refuses it. */
function daysWithoutZ(search: string): string {
  return search.replace(/([?&][^=&]+=(?:[a-z]{2})?\d{4}-\d{2}-\d{2})Z(?=&|$)/g, '$1')
}

function decodable(segment: string): boolean {
  try {
    decodeURIComponent(segment)
    return true
  } catch {
    return false
  }
}
