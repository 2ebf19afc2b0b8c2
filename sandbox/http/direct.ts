/**
 * Routes that Medplum serves beside its FHIR router, since their bodies or answers aren't FHIR resources. They can't
 * be in a Bundle.
 */
import { stringify, type WithId } from '@medplum/core'
import type { Resource } from '@medplum/fhirtypes'
import { FHIR_JSON } from '../ground/answers.ts'
import type { Ground } from '../ground/ground.ts'
import type { Records } from '../records/repository.ts'

/** An authenticated request to the FHIR API. */
export interface Call {
  ground: Ground
  records: Records
  request: Request
  url: URL
  /** Below `/fhir/R4`, starting with a slash. */
  path: string
}

/** Gets the groups of the path; may throw an OperationOutcomeError. */
export type DirectAnswer = (call: Call, ...groups: (string | undefined)[]) => Promise<Response>

/** Method, path with groups, and what answers. */
export type DirectRoute = [method: string, path: RegExp, answer: DirectAnswer]

/** Medplum counts these against the quota as well, but their answers don't say how much of it is left. */
export function quiet(answer: DirectAnswer): DirectAnswer {
  return async (call, ...groups) => {
    try {
      return await answer(call, ...groups)
    } finally {
      call.records.quota = undefined
    }
  }
}

/** @returns undefined if none of the routes fits */
export function direct(routes: DirectRoute[], call: Call): Promise<Response> | undefined {
  for (const [method, pattern, answer] of routes) {
    const match = method === call.request.method ? call.path.match(pattern) : null
    if (match) {
      return answer(call, ...match.slice(1))
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

/** @param status 201 brings a Location */
export function resourceAnswer(ground: Ground, resource: WithId<Resource>, status: number): Response {
  const location = `${ground.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`
  const headers = { ...resourceHeaders(resource), ...(status === 201 ? { location } : {}), 'content-type': FHIR_JSON }
  return new Response(stringify(resource), { status, headers })
}
