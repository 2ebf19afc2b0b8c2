// Plain tool calls of 2026-07-28, handled by one long-lived server. The SDK's handler creates a server and a transport for each request,
// which costs more than the rest of the protocol. It gets all other requests, including those to refuse and those with event streams.
import {
  type AuthInfo,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  LOG_LEVEL_META_KEY,
  type McpServer,
  PerRequestHTTPServerTransport,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { isRecord } from '../base/json.ts'
import { isAnswer } from './session/revivable.ts'

/** The revision that is served here. */
export const MODERN = '2026-07-28'
const CALL = 'tools/call'
const CLASSIFICATION = { era: 'modern', revision: MODERN } as const
/** MissingRequiredClientCapability: the only error of a tool call that has an HTTP status of its own. */
const LACKS_CAPABILITY = -32021

/** The message, if it is a plain tool call: its headers match it, and it asks for no messages before its answer. */
export function plainCall({ headers }: Request, message: unknown): JSONRPCRequest | undefined {
  if (headers.get('mcp-protocol-version') !== MODERN || headers.get('mcp-method') !== CALL) return undefined
  if (!isRecord(message) || message.method !== CALL || !isRecord(message.params)) return undefined
  // Replacing an invalid id by a number of this server would turn the message into a valid request.
  if (typeof message.id !== 'string' && !Number.isInteger(message.id)) return undefined
  const { name, _meta: meta } = message.params
  if (!isRecord(meta) || meta[PROTOCOL_VERSION_META_KEY] !== MODERN || name !== headers.get('mcp-name'))
    return undefined
  if (meta.progressToken !== undefined || meta[LOG_LEVEL_META_KEY] !== undefined) return undefined
  // The server checks the rest.
  return isJsonContentType(headers.get('content-type')) ? (message as JSONRPCRequest) : undefined
}

/** A server of {@link MODERN} that answers many calls at the same time, each for its own caller. */
export class StandingServer {
  readonly #transport = new StandingTransport()
  readonly #connected: Promise<void>

  /** @param server one that supports {@link MODERN} */
  constructor({ server }: McpServer) {
    server.onerror = () => this.#transport.refuse()
    this.#connected = server.connect(this.#transport)
  }

  /**
   * Answers a plain call; a client that goes away cancels it.
   *
   * @returns undefined if the server refused it before anything was done
   */
  async answer(call: JSONRPCRequest, authInfo: AuthInfo, signal: AbortSignal): Promise<Response | undefined> {
    await this.#connected
    const answer = await this.#transport.ask(call, authInfo, signal)
    if (answer === 'refused') return undefined
    if (answer === 'gone') return new Response(null, { status: 499 })
    const status = 'error' in answer && answer.error.code === LACKS_CAPABILITY ? 400 : 200
    return new Response(JSON.stringify(answer), { status, headers: { 'content-type': 'application/json' } })
  }
}

type Outcome = JSONRPCMessage | 'refused' | 'gone'

/** From its class and constructor arguments, the SDK knows the protocol revision although no client sends `initialize`. */
class StandingTransport extends PerRequestHTTPServerTransport {
  /** By this transport's own numbers, since different clients use the same ids. */
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()
  #last = 0
  /** Number of the call that is being passed on; the SDK reports its errors before that returns. */
  #handed: number | undefined

  constructor() {
    super({ classification: CLASSIFICATION })
  }

  async ask(call: JSONRPCRequest, authInfo: AuthInfo, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return 'gone'
    this.#last++
    const number = this.#last
    const cancel = () => {
      const params = { requestId: number, reason: 'The client disconnected' }
      this.onmessage?.(
        { jsonrpc: '2.0', method: 'notifications/cancelled', params },
        { classification: CLASSIFICATION },
      )
      this.#waiting.get(number)?.('gone')
    }
    signal.addEventListener('abort', cancel)
    try {
      const outcome = await new Promise<Outcome>((resolve) => {
        this.#waiting.set(number, resolve)
        this.#handed = number
        this.onmessage?.({ ...call, id: number }, { classification: CLASSIFICATION, authInfo })
        this.#handed = undefined
      })
      return typeof outcome === 'string' ? outcome : { ...outcome, id: call.id }
    } finally {
      this.#waiting.delete(number)
      signal.removeEventListener('abort', cancel)
    }
  }

  refuse(): void {
    if (this.#handed !== undefined) this.#waiting.get(this.#handed)?.('refused')
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    if (this.#handed !== undefined) this.refuse()
    else if (isAnswer(message)) this.#waiting.get(Number(message.id))?.(message)
  }
}
