// HTTP+SSE of protocol revision 2024-11-05, in two halves: in the session's object a transport that sends over sockets, and
// in the Worker the event stream itself, so that an idle stream keeps no object in memory.
import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type MessageExtraInfo,
  type Transport,
} from '@modelcontextprotocol/server'

/** Comments at this distance keep proxies from cutting a silent stream and show the Worker a client that went away. */
const KEEP_ALIVE_MS = 25_000

/** The object's half: every message of the server goes to the sockets. */
export class SocketTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void
  readonly #broadcast: (message: JSONRPCMessage) => void
  #revived: (() => void) | undefined

  /** @param broadcast sends a message on the session's stream */
  constructor(broadcast: (message: JSONRPCMessage) => void) {
    this.#broadcast = broadcast
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#revived && (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message))) this.#revived()
    else this.#broadcast(message)
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
}

/**
 * The Worker's half: an event stream that carries what arrives on the socket.
 *
 * @param socket accepted here; closed when the client goes away
 * @param first sent before anything else
 * @param signal aborts when the client goes away
 */
export function eventStream(socket: WebSocket, first: string, signal: AbortSignal): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const encoder = new TextEncoder()
  const write = (text: string) => writer.write(encoder.encode(text)).catch(finish)
  const timer = setInterval(() => write(': keepalive\n\n'), KEEP_ALIVE_MS)
  function finish() {
    clearInterval(timer)
    try {
      socket.close(1000)
    } catch {
      // Closed already.
    }
    writer.close().catch(() => {})
  }
  socket.addEventListener('message', ({ data }) => void write(sseEvent('message', String(data))))
  socket.addEventListener('close', finish)
  socket.addEventListener('error', finish)
  signal.addEventListener('abort', finish)
  socket.accept()
  void write(first)
  return new Response(readable, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

/** One server-sent event (HTML Living Standard, 9.2.6). */
export function sseEvent(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`
}
