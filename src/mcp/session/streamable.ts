// Streamable HTTP of a 2025 session, inside its object. A quick answer is sent as JSON, which costs neither a stream nor a row; a request
// that takes longer or reports progress is answered on an event stream that the client can resume.
import {
  type AuthInfo,
  DEFAULT_NEGOTIATED_PROTOCOL_VERSION,
  isInitializeRequest,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type MessageExtraInfo,
  type RequestId,
  SUPPORTED_PROTOCOL_VERSIONS,
  type TransportSendOptions,
} from '@modelcontextprotocol/server'
import { Connection, eventOf } from './connection.ts'
import type { Replay, SealedEventStore } from './events.ts'
import { Exchange } from './exchange.ts'
import { SESSION_NOT_FOUND } from './message.ts'
import { isAnswer, RevivableTransport } from './revivable.ts'
import { messagesOf, refusalOf, type SessionAnswer, type SessionRequest } from './session-request.ts'

/** The first revision whose clients understand an event without data (SEP-1699). */
const EMPTY_EVENTS_SINCE = '2025-11-25'

export class SessionTransport extends RevivableTransport {
  readonly sessionId: string
  readonly #events: SealedEventStore
  readonly #broadcast: (message: JSONRPCMessage) => void
  /** The open exchanges, by each of their requests. */
  readonly #exchanges = new Map<RequestId, Exchange>()
  /** The exchanges that have an event stream, by the stream's name. */
  readonly #streams = new Map<string, Exchange>()
  #versions: string[] = SUPPORTED_PROTOCOL_VERSIONS
  #initialized = false

  /** @param broadcast sends a message on the standalone streams of the session, which the Worker holds */
  constructor(id: string, events: SealedEventStore, broadcast: (message: JSONRPCMessage) => void) {
    super()
    this.sessionId = id
    this.#events = events
    this.#broadcast = broadcast
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.#versions = versions
  }

  /**
   * Answers one HTTP request of the session's owner.
   *
   * @param message the value of a POST's body
   */
  async handle({ method, headers }: SessionRequest, message: unknown, authInfo: AuthInfo): Promise<SessionAnswer> {
    const version = headers['mcp-protocol-version']
    if (version !== undefined && !this.#versions.includes(version)) {
      const supported = this.#versions.join(', ')
      return refusalOf(400, -32000, `Bad Request: Unsupported protocol version: ${version} (supported: ${supported})`)
    }
    if (method === 'POST') return this.#post(headers, message, authInfo)
    if (method === 'GET') return this.#resume(headers)
    if (method === 'DELETE') return { status: 200 }
    return refusalOf(405, -32000, 'Method not allowed.')
  }

  override async revive(initialize: string): Promise<void> {
    this.#initialized = true
    await super.revive(initialize)
  }

  override async close(): Promise<void> {
    for (const exchange of new Set(this.#exchanges.values())) exchange.end(refusalOf(404, ...SESSION_NOT_FOUND))
    this.#exchanges.clear()
    this.#streams.clear()
    await super.close()
  }

  #post(headers: Record<string, string>, body: unknown, authInfo: AuthInfo): SessionAnswer | Promise<SessionAnswer> {
    const messages = messagesOf(headers, body)
    if (!Array.isArray(messages)) return messages
    const isBatch = Array.isArray(body)
    const initialize = messages.find((one) => 'method' in one && one.method === 'initialize')
    if (initialize) {
      if (this.#initialized) return refusalOf(400, -32600, 'Invalid Request: Server already initialized')
      if (isBatch) return refusalOf(400, -32600, 'Invalid Request: Only one initialization request is allowed')
      this.#initialized = true
    }
    const requests = messages.filter(isJSONRPCRequest).map(({ id }) => id)
    if (requests.length === 0) {
      for (const message of messages) this.#hand(message, { authInfo })
      return { status: 202 }
    }
    if (requests.some((id) => this.#exchanges.has(id)) || new Set(requests).size < requests.length) {
      return refusalOf(400, -32600, 'Invalid Request: a request with the same id is in progress in this session')
    }
    const revision = isInitializeRequest(initialize)
      ? initialize.params.protocolVersion
      : (headers['mcp-protocol-version'] ?? DEFAULT_NEGOTIATED_PROTOCOL_VERSION)
    const primed = revision >= EMPTY_EVENTS_SINCE
    return new Promise((settle) => {
      const exchange = new Exchange(requests, settle, {
        isBatch,
        primed,
        streams: this.#streams,
        events: this.#events,
        failed: (error) => this.onerror?.(error instanceof Error ? error : new Error(String(error))),
      })
      for (const id of requests) this.#exchanges.set(id, exchange)
      // A tool that lets its client wait closes the stream meanwhile (SEP-1699).
      const closeSSEStream = () => exchange.disconnect()
      for (const message of messages) this.#hand(message, { authInfo, ...(primed && { closeSSEStream }) })
    })
  }

  #hand(message: JSONRPCMessage, extra: MessageExtraInfo): void {
    this.onmessage?.(message, extra)
    if ('method' in message && message.method === 'notifications/cancelled') this.#cancelled(message.params?.requestId)
  }

  protected override deliver(message: JSONRPCMessage, options?: TransportSendOptions): void {
    const answered = isAnswer(message) ? message.id : undefined
    const request = answered ?? options?.relatedRequestId
    const exchange = request === undefined ? undefined : this.#exchanges.get(request)
    if (!exchange) {
      // Nobody waits for this answer.
      if (isAnswer(message)) return
      if (request !== undefined) throw new Error('The request that this belongs to has ended')
      this.#broadcast(message)
      return
    }
    exchange.deliver(message, answered)
    if (answered !== undefined) this.#exchanges.delete(answered)
  }

  /** A request that its client gave up gets no answer (MCP, cancellation). */
  #cancelled(named: unknown): void {
    const request = named as RequestId
    this.#exchanges.get(request)?.abandon(request)
    this.#exchanges.delete(request)
  }

  /** A client that lost its connection: first what it missed, then whatever follows. */
  async #resume(headers: Record<string, string>): Promise<SessionAnswer> {
    if (!headers.accept?.includes('text/event-stream')) {
      return refusalOf(406, -32000, 'Not Acceptable: Client must accept text/event-stream')
    }
    const last = headers['last-event-id'] ?? ''
    const exchange = this.#streams.get(last.split('.')[0] ?? '')
    if (exchange) return exchange.resume(last)
    const replay = await this.#events.after(last)
    return replay ? this.#replayed(replay) : refusalOf(400, -32000, 'Invalid event ID format')
  }

  /** The rest of a stream that has ended. */
  async #replayed({ stream, messages, unanswered }: Replay): Promise<SessionAnswer> {
    const connection = new Connection()
    for (const { id, message } of messages) connection.send(eventOf(id, message))
    for (const id of unanswered) {
      const error = { jsonrpc: '2.0', id, error: { code: -32603, message: LOST } } as const
      connection.send(eventOf(await this.#events.append(stream, error), error))
    }
    connection.end()
    return connection.response
  }
}

const LOST =
  'The answer to this request was lost. It is unknown whether the request was carried out: check before you retry.'
