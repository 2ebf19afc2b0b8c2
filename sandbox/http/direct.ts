/**
 * Routes that Medplum serves outside its FHIR router, since their bodies or answers aren't FHIR resources. They can't be used in a
 * Bundle.
 */
import { stringify, type WithId } from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'
import { FHIR_JSON } from '../core/answers.ts'
import type { SandboxContext } from '../core/context.ts'
import type { Records } from '../records/repository.ts'

/** An authenticated request to the FHIR API. */
export interface Call {
  context: SandboxContext
  records: Records
  request: Request
  url: URL
  /** Below `/fhir/R4`, starting with a slash. */
  path: string
}

/** @param groups the groups that the route's path matched. @throws {OperationOutcomeError} */
type DirectHandler = (call: Call, ...groups: (string | undefined)[]) => Promise<Response>

export type DirectRoute = [method: string, path: RegExp, handler: DirectHandler]

/** Medplum counts these requests against the quota, but leaves it out of the RateLimit header. */
export function withoutQuotaHeader(handler: DirectHandler): DirectHandler {
  return async (call, ...groups) => {
    try {
      return await handler(call, ...groups)
    } finally {
      call.records.quota = undefined
    }
  }
}

/** @returns undefined if no route matches */
export function direct(routes: DirectRoute[], call: Call): Promise<Response> | undefined {
  for (const [method, pattern, handler] of routes) {
    const match = method === call.request.method ? call.path.match(pattern) : null
    if (match) {
      return handler(call, ...match.slice(1))
    }
  }
  return undefined
}

export function resourceHeaders({ meta }: Resource): Record<string, string> {
  return {
    ...(meta?.versionId ? { etag: `W/"${meta.versionId}"` } : {}),
    ...(meta?.lastUpdated ? { 'last-modified': new Date(meta.lastUpdated).toUTCString() } : {}),
  }
}

/** @param status 201 adds a Location header */
export function resourceAnswer(context: SandboxContext, resource: WithId<Resource>, status: number): Response {
  const location = `${context.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`
  const headers = { ...resourceHeaders(resource), ...(status === 201 ? { location } : {}), 'content-type': FHIR_JSON }
  return new Response(stringify(resource), { status, headers })
}
