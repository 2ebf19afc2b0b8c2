// Streamable HTTP of a 2025 session, inside its object: the SDK's transport, with three additions. What belongs to no request
// goes to the streams that the Worker holds, a session that was evicted comes back by its own handshake, and who resumes a stream need
// not wait until the connection that was lost is known to be gone.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type EventId,
  type HandleRequestOptions,
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
  type StreamId,
  type TransportSendOptions,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { SealedEventStore } from './events.ts'

/** Milliseconds after which a client whose stream was closed should resume (SEP-1699). */
const RETRY_MS = 500

/** The header that names a session (Streamable HTTP, 2025-03-26 and later). */
export const SESSION_HEADER = 'mcp-session-id'

export class SessionTransport extends WebStandardStreamableHTTPServerTransport {
  readonly #broadcast: (message: JSONRPCMessage) => void
  readonly #handled: AsyncLocalStorage<RequestId>
  readonly #requests: Map<StreamId, RequestId>

  /** @param broadcast sends a message on the standalone streams of the session */
  constructor(id: string, events: SealedEventStore, broadcast: (message: JSONRPCMessage) => void) {
    /** The request that something is done for. */
    const handled = new AsyncLocalStorage<RequestId>()
    /** Of each stream, as long as its request goes on: the SDK closes a stream by the request's id only. */
    const requests = new Map<StreamId, RequestId>()
    const eventStore = {
      storeEvent(stream: StreamId, message: JSONRPCMessage): Promise<EventId> {
        const request = handled.getStore()
        if (isResponse(message)) requests.delete(stream)
        else if (request !== undefined) requests.set(stream, request)
        return events.storeEvent(stream, message)
      },
      getStreamIdForEventId: (event: EventId) => events.getStreamIdForEventId(event),
      replayEventsAfter: (event: EventId, to: Parameters<SealedEventStore['replayEventsAfter']>[1]) =>
        events.replayEventsAfter(event, to),
    }
    super({ sessionIdGenerator: () => id, eventStore, retryInterval: RETRY_MS })
    this.#broadcast = broadcast
    this.#handled = handled
    this.#requests = requests
  }

  override async handleRequest(request: Request, options?: HandleRequestOptions): Promise<Response> {
    const resumed = request.headers.get('last-event-id')?.split('.')[0]
    const going = resumed === undefined ? undefined : this.#requests.get(resumed)
    // A connection that was lost can look alive here for long; the SDK would answer 409 meanwhile.
    if (going !== undefined) this.closeSSEStream(going)
    const message = options?.parsedBody
    const handle = () => super.handleRequest(request, options)
    return isJSONRPCRequest(message) ? this.#handled.run(message.id, handle) : handle()
  }

  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!isResponse(message) && options?.relatedRequestId === undefined) this.#broadcast(message)
    else await super.send(message, relatedTo(options))
  }

  /** Repeats the handshake that a client made before this object was evicted; its answers go nowhere. */
  async revive(initialize: string): Promise<void> {
    for (const body of [initialize, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })]) {
      const headers = new Headers({
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(this.sessionId !== undefined && { [SESSION_HEADER]: this.sessionId }),
      })
      const response = await this.handleRequest(new Request('https://session/', { method: 'POST', headers, body }))
      await response.text()
    }
  }
}

function isResponse(message: JSONRPCMessage): boolean {
  return isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)
}

function relatedTo(options: TransportSendOptions | undefined): { relatedRequestId?: RequestId } {
  return options?.relatedRequestId === undefined ? {} : { relatedRequestId: options.relatedRequestId }
}
