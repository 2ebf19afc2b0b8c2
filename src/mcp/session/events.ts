// What a session's event streams have sent, so that a client that lost its connection can resume (Last-Event-ID). Answers hold
// patient data, so they are stored sealed under a key of the grant, for a short time.
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/server'
import { MINUTES } from '../../base/lives.ts'
import { keyFor, openUnder, sealUnder } from '../../base/seal.ts'
import { isAnswer } from './revivable.ts'

/** How long a client may take to resume, in milliseconds. */
const KEPT_MS = MINUTES.stream * 60_000
/** Durable Object storage holds at most 2 MB in a row; a larger message is sent, but can't be resumed. */
const MAX_BYTES = 2_000_000

/** The events to send to a client that resumes. */
export interface Replay {
  stream: string
  messages: { id: string; message: JSONRPCMessage }[]
  /** The stream's requests whose answers aren't stored. */
  unanswered: RequestId[]
}

/** The first row of a stream. */
interface Opening {
  requests: RequestId[]
}

/** Event ids are `{stream}.{number}`, with increasing numbers in a stream. */
export class SealedEventStore {
  readonly #sql: SqlStorage
  readonly #vaultKey: string
  #key: Promise<CryptoKey> | undefined
  #last = 0
  #ready = false

  /** @param key base64url key that is kept elsewhere and stays the same for the session's life */
  constructor(sql: SqlStorage, key: string) {
    this.#sql = sql
    this.#vaultKey = key
  }

  /**
   * Notes what a stream is opened for.
   *
   * @param stream a UUID
   * @returns id of the event before all messages
   */
  open(stream: string, requests: RequestId[]): Promise<string> {
    return this.#store(stream, { requests })
  }

  /** Keeps a message, before it is sent; its event id. */
  append(stream: string, message: JSONRPCMessage): Promise<string> {
    return this.#store(stream, message)
  }

  /** What a stream sent after an event; undefined for an invalid event id. */
  async after(id: string): Promise<Replay | undefined> {
    const [, stream, number] = /^([0-9a-f-]{36})\.(\d+)$/.exec(id) ?? []
    if (stream === undefined) return undefined
    this.#prepare()
    const rows = this.#sql
      .exec<{ number: number; message: ArrayBuffer }>(
        'SELECT number, message FROM event WHERE stream = ? ORDER BY number',
        stream,
      )
      .toArray()
    const messages: Replay['messages'] = []
    let unanswered: RequestId[] = []
    for (const row of rows) {
      const message = await openUnder<JSONRPCMessage | Opening>(await this.#sealing(), stream, row.message)
      if ('requests' in message) {
        unanswered = message.requests
        continue
      }
      if (isAnswer(message)) unanswered = unanswered.filter((request) => request !== message.id)
      if (row.number > Number(number)) messages.push({ id: `${stream}.${row.number}`, message })
    }
    return { stream, messages, unanswered }
  }

  async #store(stream: string, message: JSONRPCMessage | Opening): Promise<string> {
    const at = Date.now()
    const number = Math.max(at * 1000, this.#last + 1)
    this.#last = number
    const sealed = await sealUnder(await this.#sealing(), stream, message)
    if (sealed.byteLength <= MAX_BYTES) {
      this.#prepare()
      this.#sql.exec('DELETE FROM event WHERE number < ?', (at - KEPT_MS) * 1000)
      this.#sql.exec('INSERT INTO event (stream, number, message) VALUES (?, ?, ?)', stream, number, sealed.buffer)
    }
    return `${stream}.${number}`
  }

  #sealing(): Promise<CryptoKey> {
    this.#key ??= keyFor(this.#vaultKey, 'events')
    return this.#key
  }

  #prepare(): void {
    if (this.#ready) return
    // Selected by number: each new event deletes the old ones, and that must not read all rows.
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS event (stream TEXT, number INTEGER, message BLOB, PRIMARY KEY (number, stream)) WITHOUT ROWID',
    )
    this.#ready = true
  }
}
