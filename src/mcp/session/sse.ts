// HTTP+SSE of protocol revision 2024-11-05, in two halves: in the session's object a transport that sends over sockets, and
// in the Worker the event stream itself, so that an idle stream keeps no object in memory.
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import { RevivableTransport } from './revivable.ts'

/** Comments at this interval keep proxies from closing a silent stream, and reveal a client that left. */
export const KEEP_ALIVE_MS = 25_000

export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/** The object's half: every message of the server goes to the sockets. */
export class SocketTransport extends RevivableTransport {
  readonly sessionId: string
  readonly #broadcast: (message: JSONRPCMessage) => void

  /** @param broadcast sends a message on the session's stream */
  constructor(id: string, broadcast: (message: JSONRPCMessage) => void) {
    super()
    this.sessionId = id
    this.#broadcast = broadcast
  }

  protected override deliver(message: JSONRPCMessage): void {
    this.#broadcast(message)
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
  return new Response(readable, { headers: SSE_HEADERS })
}

/** One server-sent event (HTML Living Standard, 9.2.6). */
export function sseEvent(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`
}
