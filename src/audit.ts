// One structured event for each tool call, from an allow-list of fields: no ids, no bodies, no names of people.
import type { Kind } from './fhir/routes.ts'

export interface CallEvent {
  tool: string
  /** What the request would do. */
  kind?: Kind
  /** The resource type or operation that it is about, without any id. */
  type?: string
  /** HTTP status of Medplum's answer; absent where there was none. */
  status?: number
  /** `asked`: nothing was done, because the person is asked first, or did not agree. */
  outcome: 'ok' | 'asked' | 'error'
  /** Milliseconds. */
  ms: number
}

/** Writes the event to the log. */
export function audit({ tool, kind, type, status, outcome, ms }: CallEvent): void {
  console.log(JSON.stringify({ event: 'tool_call', tool, kind, type, status, outcome, ms }))
}

/** A target without its id: `Patient/123` is `Patient`, `Bot/123/$execute` is `Bot/$execute`. */
export function typeOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined
  const segments = target.split('?')[0]?.split('/') ?? []
  const named = segments.filter((segment, index) => (index === 0 ? /^[$A-Za-z*]+$/ : /^\$[a-z-]+$/i).test(segment))
  return named.length > 0 ? named.join('/').slice(0, 80) : 'other'
}
