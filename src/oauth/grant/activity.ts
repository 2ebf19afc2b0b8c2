// A client's last calls, for the person who connected it: tools, types and times, nothing about the records.
import type { CallEvent } from '../../audit/audit.ts'

/** One tool call: only the fields of its event that say nothing about a record. */
export interface Activity extends Pick<CallEvent, 'tool' | 'kind' | 'type' | 'outcome'> {
  /** Milliseconds since the epoch. */
  at: number
}

/** How many calls are kept. */
export const MAX_EVENTS = 20
/** Time between two writes to storage; meanwhile calls wait in memory. */
const WRITE_EVERY_MS = 5_000
const KEY = 'activity'

/** The last calls of a grant, as a ring buffer in the storage of its object. */
export class ActivityRing {
  readonly #storage: SyncKvStorage
  #events: Activity[] | undefined
  #writtenAt = 0
  #waiting = false

  constructor(storage: SyncKvStorage) {
    this.#storage = storage
  }

  /** The latest first. */
  list(): Activity[] {
    this.#events ??= this.#storage.get<Activity[]>(KEY) ?? []
    return this.#events
  }

  /**
   * Adds an event.
   *
   * @returns when {@link flush} must be called (milliseconds since the epoch); undefined if an earlier call already returned that
   */
  add({ at, tool, kind, type, outcome }: Activity): number | undefined {
    const event: Activity = { at, tool, outcome, ...(kind && { kind }), ...(type !== undefined && { type }) }
    this.#events = [event, ...this.list()].slice(0, MAX_EVENTS)
    const due = this.#writtenAt + WRITE_EVERY_MS
    if (this.#waiting) return undefined
    if (at < due) {
      this.#waiting = true
      return due
    }
    this.#write()
    return undefined
  }

  /** Writes the calls that wait in memory. */
  flush(): void {
    if (this.#waiting) this.#write()
  }

  #write(): void {
    this.#storage.put(KEY, this.list())
    this.#writtenAt = Date.now()
    this.#waiting = false
  }

  /** Forgets everything in memory; the owner deletes what is in storage. */
  clear(): void {
    this.#events = undefined
    this.#waiting = false
  }
}
