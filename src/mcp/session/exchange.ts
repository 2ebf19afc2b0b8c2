// The requests of one POST, until all are answered: in JSON, or on an event stream that a client can resume.
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/server'
import { Connection, eventOf } from './connection.ts'
import type { SealedEventStore } from './events.ts'
import { isAnswer } from './revivable.ts'
import type { SessionAnswer } from './session-request.ts'

/** Milliseconds until a request that isn't answered yet gets an event stream. */
const SOON_MS = 500
/** Milliseconds after which a client whose stream was closed should resume (SEP-1699). */
const RETRY_MS = 500

interface Around {
  isBatch: boolean
  /** Whether an event without data may come first. */
  primed: boolean
  /** The exchanges that have an event stream, by the stream's name. */
  streams: Map<string, Exchange>
  events: SealedEventStore
  failed: (error: unknown) => void
}

export class Exchange {
  /** Name of its event stream. */
  readonly #name: string = crypto.randomUUID()
  readonly #around: Around
  /** Requests without an answer. */
  readonly #open: Set<RequestId>
  /** Answers that wait for the others. */
  readonly #answers: JSONRPCMessage[] = []
  readonly #timer = setTimeout(() => this.startStream(), SOON_MS)
  /** Gives the POST its answer; undefined once it has one. */
  #settle: ((answer: SessionAnswer) => void) | undefined
  #connection: Connection | undefined
  /** Whether there is an event stream, connected or not. */
  #streaming = false
  /** Writes happen one after the other, although sealing takes longer for some. */
  #written = Promise.resolve()
  /** Whether everything has been written. */
  #over = false

  constructor(requests: readonly RequestId[], settle: (answer: SessionAnswer) => void, around: Around) {
    this.#open = new Set(requests)
    this.#settle = settle
    this.#around = around
  }

  /** Sends a message to the client. @param answered the request that it answers, if it is an answer */
  deliver(message: JSONRPCMessage, answered: RequestId | undefined): void {
    if (answered === undefined) this.startStream()
    if (this.#streaming) this.#append(message)
    else this.#answers.push(message)
    if (answered !== undefined) this.#close(answered)
  }

  /** This request gets no answer: its client gave it up. */
  abandon(request: RequestId): void {
    // A JSON response would need an answer.
    this.startStream()
    this.#close(request)
  }

  /** Lets the client wait without a connection, until it resumes (SEP-1699). */
  disconnect(): void {
    this.startStream()
    this.#write(async () => this.#connection?.end())
  }

  /** The session is over. */
  end(answer: SessionAnswer): void {
    this.#answer(answer)
    this.#connection?.end()
  }

  /** Resumes a client's stream: first what it missed, then whatever follows. */
  resume(last: string): Response {
    const connection = new Connection()
    this.#write(async () => {
      for (const { id, message } of (await this.#around.events.after(last))?.messages ?? [])
        connection.send(eventOf(id, message))
      // The lost connection may still look open here; this one replaces it.
      this.#connection?.end()
      this.#connection = connection
      if (this.#over) connection.end()
    })
    return connection.response
  }

  /** Answers the POST with an event stream that carries everything from now on. */
  startStream(): void {
    if (!this.#settle) return
    this.#streaming = true
    const { streams, events, primed } = this.#around
    streams.set(this.#name, this)
    const requests = [...this.#open, ...this.#answers.flatMap(answeredBy)]
    const connection = new Connection()
    this.#connection = connection
    this.#write(async () => {
      const id = await events.open(this.#name, requests)
      if (primed) connection.send(`id: ${id}\nretry: ${RETRY_MS}\ndata: \n\n`)
    })
    for (const answer of this.#answers) this.#append(answer)
    this.#answer(connection.response)
  }

  /** Nothing more comes for this request; with the last one, the exchange is over. */
  #close(request: RequestId): void {
    this.#open.delete(request)
    if (this.#open.size > 0) return
    const { isBatch, streams } = this.#around
    if (!this.#streaming) {
      this.#answer({ status: 200, json: JSON.stringify(isBatch ? this.#answers : this.#answers[0]) })
      return
    }
    this.#write(async () => {
      this.#over = true
      this.#connection?.end()
      streams.delete(this.#name)
    })
  }

  #answer(answer: SessionAnswer): void {
    clearTimeout(this.#timer)
    this.#settle?.(answer)
    this.#settle = undefined
  }

  /** Stores a message, then sends it: the client may have left and come back for it. */
  #append(message: JSONRPCMessage): void {
    this.#write(async () => {
      const id = await this.#around.events.append(this.#name, message)
      this.#connection?.send(eventOf(id, message))
    })
  }

  #write(work: () => Promise<void>): void {
    this.#written = this.#written.then(work).catch(this.#around.failed)
  }
}

function answeredBy(message: JSONRPCMessage): RequestId[] {
  return isAnswer(message) && message.id !== undefined ? [message.id] : []
}
