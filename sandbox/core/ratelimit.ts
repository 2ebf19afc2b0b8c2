/** Medplum's two kinds of limits: requests per client address, and FHIR units per membership, each per minute. */
import { OperationOutcomeError, tooManyRequests } from '@medplum/core'
import type { Project } from '@medplum/fhirtypes'

const WINDOW_MS = 60_000

/** Units that one interaction takes from the FHIR quota. */
export const COST = { read: 1, history: 10, search: 20, write: 100 } as const

export interface RequestLimits {
  /** `/oauth2/*` and `/auth/*`; Medplum's own default is 160. */
  auth?: number
  /** Everything else. */
  requests?: number
  /** FHIR units per membership, if its project sets no quota; Medplum's default is 50,000. */
  interactions?: number
}

interface Bucket {
  used: number
  /** ms since 1970 */
  ends: number
}

export class Limits {
  private readonly buckets = new Map<string, Bucket>()
  private readonly now: () => number
  private readonly perMinute: Required<RequestLimits>

  constructor(now: () => number, perMinute: RequestLimits = {}) {
    this.now = now
    this.perMinute = { auth: 6000, requests: 60_000, interactions: 50_000, ...perMinute }
  }

  clear(): void {
    this.buckets.clear()
  }

  /** @returns this limit's part of the RateLimit header; throws LimitReached if nothing is left */
  request(kind: 'auth' | 'requests', address: string): string {
    return this.consume('requests', `${kind} ${address}`, 1, this.perMinute[kind])
  }

  /** @returns this limit's part of the RateLimit header; throws LimitReached if nothing is left */
  interaction(project: Project, membershipId: string, units: number): string {
    return this.consume('fhirInteractions', membershipId, units, this.quotaOf(project))
  }

  /** @returns units per membership and minute */
  quotaOf(project: Project): number {
    return (
      project.systemSetting?.find((one) => one.name === 'userFhirQuota')?.valueInteger ?? this.perMinute.interactions
    )
  }

  /** @returns the usage of a membership, if it used anything this minute */
  stateOf(project: Project, membershipId: string) {
    const bucket = this.buckets.get(membershipId)
    const msBeforeReset = (bucket?.ends ?? 0) - this.now()
    if (!bucket || msBeforeReset <= 0) {
      return undefined
    }
    const limit = this.quotaOf(project)
    const remainingPoints = Math.max(0, limit - bucket.used)
    return { limit, consumedPoints: bucket.used, remainingPoints, msBeforeReset }
  }

  private consume(name: string, key: string, points: number, limit: number): string {
    const now = this.now()
    let bucket = this.buckets.get(key)
    if (!bucket || bucket.ends <= now) {
      bucket = { used: 0, ends: now + WINDOW_MS }
      this.buckets.set(key, bucket)
    }
    const first = bucket.used === 0
    bucket.used += points
    const left = Math.max(0, limit - bucket.used)
    const header = `"${name}";r=${left};t=${Math.ceil((bucket.ends - now) / 1000)}`
    if (bucket.used > limit) {
      throw new LimitReached(header, {
        _remainingPoints: left,
        _msBeforeNext: bucket.ends - now,
        _consumedPoints: bucket.used,
        _isFirstInDuration: first,
        limit,
      })
    }
    return header
  }
}

export class LimitReached extends OperationOutcomeError {
  readonly header: string

  constructor(header: string, state: Record<string, unknown>) {
    const issue = tooManyRequests.issue.map((one) => ({ ...one, diagnostics: JSON.stringify(state) }))
    super({ ...tooManyRequests, issue })
    this.header = header
  }
}
