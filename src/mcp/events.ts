// What a session's streams have sent, so that a client that lost its connection can resume (Last-Event-ID). Answers hold
// patient data, so they lie sealed under a key of the grant, and only for a short while.
import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server'
import { keyFor, openUnder, sealUnder } from '../seal.ts'

/** How long a client may take to resume, in milliseconds. */
const KEPT_MS = 10 * 60_000
/** Durable Object storage holds at most 2 MB in a row; a larger message is sent, but can't be sent again. */
const MAX_BYTES = 2_000_000

/** Event ids read `{stream}.{number}`; the numbers of one stream rise. */
export class SealedEventStore implements EventStore {
  readonly #sql: SqlStorage
  readonly #key: Promise<CryptoKey>
  #last = 0
  #ready = false

  /** @param key base64url key that both lies elsewhere and stays the same for the session's life */
  constructor(sql: SqlStorage, key: string) {
    this.#sql = sql
    this.#key = keyFor(key, 'events')
    // It is awaited where it is used.
    this.#key.catch(() => {})
  }

  async storeEvent(stream: StreamId, message: JSONRPCMessage): Promise<EventId> {
    const at = Date.now()
    const number = Math.max(at * 1000, this.#last + 1)
    this.#last = number
    // A priming event only names a position: there is nothing to replay in it.
    if ('jsonrpc' in message) {
      const sealed = await sealUnder(await this.#key, stream, message)
      if (sealed.byteLength > MAX_BYTES) return `${stream}.${number}`
      this.#prepare()
      this.#sql.exec('DELETE FROM event WHERE number < ?', (at - KEPT_MS) * 1000)
      this.#sql.exec('INSERT INTO event (stream, number, message) VALUES (?, ?, ?)', stream, number, sealed.buffer)
    }
    return `${stream}.${number}`
  }

  async getStreamIdForEventId(id: EventId): Promise<StreamId | undefined> {
    return /^([0-9a-f-]{36})\.\d+$/.exec(id)?.[1]
  }

  async replayEventsAfter(
    id: EventId,
    { send }: { send: (id: EventId, message: JSONRPCMessage) => Promise<void> },
  ): Promise<StreamId> {
    const [stream = '', number = ''] = id.split('.')
    this.#prepare()
    const rows = this.#sql
      .exec<{ number: number; message: ArrayBuffer }>(
        'SELECT number, message FROM event WHERE stream = ? AND number > ? ORDER BY number',
        stream,
        Number(number),
      )
      .toArray()
    for (const row of rows) {
      await send(`${stream}.${row.number}`, await openUnder<JSONRPCMessage>(await this.#key, stream, row.message))
    }
    return stream
  }

  #prepare(): void {
    if (this.#ready) return
    // By number first: each event deletes the old ones, and that must not read all that are kept.
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS event (stream TEXT, number INTEGER, message BLOB, PRIMARY KEY (number, stream)) WITHOUT ROWID',
    )
    this.#ready = true
  }
}
