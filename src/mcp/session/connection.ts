// A client's connection to an event stream of a session, in the session's object.
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import { KEEP_ALIVE_MS, SSE_HEADERS } from './sse.ts'

/** One connection. After the client has left, messages are silently dropped. */
export class Connection {
  readonly response: Response
  readonly #encoder = new TextEncoder()
  readonly #timer = setInterval(() => this.send(': keepalive\n\n'), KEEP_ALIVE_MS)
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor() {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      cancel: () => this.#leave(),
    })
    this.response = new Response(body, { headers: SSE_HEADERS })
  }

  send(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text))
  }

  end(): void {
    this.#controller?.close()
    this.#leave()
  }

  #leave(): void {
    clearInterval(this.#timer)
    this.#controller = undefined
  }
}

/** A message as an event to resume from (HTML Living Standard, 9.2.6). */
export function eventOf(id: string, message: JSONRPCMessage): string {
  return `id: ${id}\nevent: message\ndata: ${JSON.stringify(message)}\n\n`
}
