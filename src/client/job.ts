// Asynchronous jobs: Medplum answers asynchronous batches and bulk exports with 202 and a path, where it says when they are done.

import { isRecord, records } from '../base/json.ts'
import type { FhirClient } from './client.ts'
import { FhirError } from './fhir-error.ts'
import type { FhirResponse } from './request.ts'
import { pause, TransportError } from './transport.ts'

/** Reports progress to a waiting client; with `total` if it is known. */
export type Progress = (progress: number, total: number | undefined, message: string) => Promise<void>

const FIRST_WAIT_MS = 300
const MAX_WAIT_MS = 5_000
/** The call must end before the host gives up. */
const RESERVE_MS = 5_000

/**
 * Waits for a job and returns its answer; undefined if the call's time is over or the job's state isn't available now. The job itself
 * continues, and its state can be requested later.
 */
export async function follow(
  fhir: FhirClient,
  jobPath: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<FhirResponse | undefined> {
  for (let poll = 1, wait = FIRST_WAIT_MS; fhir.remainingMs > RESERVE_MS + wait; poll++) {
    // If the call ends meanwhile, the request below fails.
    await pause(wait, signal).catch(() => {})
    wait = Math.min(wait * 1.5, MAX_WAIT_MS)
    const state = await fhir.send({ method: 'GET', path: jobPath, repeatable: true, signal }).catch(notNow)
    if (state?.status !== 202 || isEnded(state.body)) return state
    const percent = percentOf(state.body)
    if (percent === undefined)
      await progress(poll, undefined, `Medplum is still working (asked ${poll === 1 ? 'once' : `${poll} times`})`)
    else await progress(percent, 100, `Medplum has finished ${percent} %`)
  }
  return undefined
}

/** The work was accepted. If its state is not available, an error would wrongly suggest doing it again. */
function notNow(error: unknown): undefined {
  const passes = error instanceof FhirError && (error.status === 429 || error.status >= 500)
  if (!passes && !(error instanceof TransportError)) throw error
}

/** Whether this path asks for the state of a job. */
export function isJobPath(path: string): boolean {
  return /^(job\/[^/?]+\/status|bulkdata\/export\/[^/?]+)$/.test(path)
}

/** A cancelled job keeps answering 202 until it ends. */
export function isEnded(job: unknown): boolean {
  return isRecord(job) && (job.status === 'cancelled' || job.status === 'error')
}

/** The Binary with the Bundle of answers of a finished batch. */
export function resultOf(job: unknown): string | undefined {
  for (const { name, valueReference } of outputOf(job)) {
    const reference = isRecord(valueReference) ? valueReference.reference : undefined
    if (name === 'results' && typeof reference === 'string') return reference
  }
  return undefined
}

/** The progress of a running job, if Medplum says. */
function percentOf(job: unknown): number | undefined {
  for (const { name, valueDecimal, valueInteger } of outputOf(job)) {
    if (!/progress|percent/i.test(String(name))) continue
    const value = valueDecimal ?? valueInteger
    if (typeof value === 'number' && value >= 0 && value <= 100) return Math.round(value)
  }
  return undefined
}

/** The output parameters of an AsyncJob. */
function outputOf(job: unknown): Record<string, unknown>[] {
  return isRecord(job) ? records(job.output, 'parameter') : []
}
