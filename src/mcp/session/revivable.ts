// The base class of the transports in a session's object: they survive the object's eviction.
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCResultResponse,
  MessageExtraInfo,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/server'

export abstract class RevivableTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void
  #revived: (() => void) | undefined

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.#revived && isAnswer(message)) this.#revived()
    else this.deliver(message, options)
  }

  async close(): Promise<void> {
    this.onclose?.()
  }

  /** Repeats the handshake that a client made before this object was evicted; its answer goes nowhere. */
  async revive(initialize: string): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#revived = resolve
    })
    this.onmessage?.(JSON.parse(initialize))
    await answered
    this.#revived = undefined
    this.onmessage?.({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }

  /** Sends a message of the server to the client. */
  protected abstract deliver(message: JSONRPCMessage, options?: TransportSendOptions): void
}

/** Whether a message of the SDK's own making is an answer; its guards parse the whole message. */
export function isAnswer(message: JSONRPCMessage): message is JSONRPCResultResponse | JSONRPCErrorResponse {
  return !('method' in message)
}
