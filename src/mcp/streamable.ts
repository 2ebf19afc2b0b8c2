// Streamable HTTP of a 2025 session, inside its object: the SDK's transport, with two additions. What belongs to no request
// goes to the streams that the Worker holds, and a session that was evicted comes back by its own handshake.
import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
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

  /** @param broadcast sends a message on the standalone streams of the session */
  constructor(id: string, eventStore: SealedEventStore, broadcast: (message: JSONRPCMessage) => void) {
    super({ sessionIdGenerator: () => id, eventStore, retryInterval: RETRY_MS })
    this.#broadcast = broadcast
  }

  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const response = isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)
    if (!response && options?.relatedRequestId === undefined) this.#broadcast(message)
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

function relatedTo(options: TransportSendOptions | undefined): { relatedRequestId?: RequestId } {
  return options?.relatedRequestId === undefined ? {} : { relatedRequestId: options.relatedRequestId }
}
