// Plain tool calls of 2026-07-28, on one server that stays. The SDK's handler makes a server and a transport for each request, which
// takes a fifth of a call's CPU; whatever is not plainly such a call is left to it, refusals and event streams too.
import {
  type AuthInfo,
  classifyInboundRequest,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  LOG_LEVEL_META_KEY,
  type McpServer,
  PerRequestHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { isRecord } from '../fhir/client.ts'
import { isAnswer } from './revivable.ts'

/** The revision that is served here. */
export const MODERN = '2026-07-28'
const CALL = 'tools/call'
const CLASSIFICATION = { era: 'modern', revision: MODERN } as const
/** MissingRequiredClientCapability: of what a tool's call can come to, the one error with a status of its own. */
const LACKS_CAPABILITY = -32021

/** The call that a request plainly is: its headers agree with the message, and it asks for no messages before its answer. */
export function plainCall({ method, headers }: Request, message: unknown): JSONRPCRequest | undefined {
  const [revision, called] = [headers.get('mcp-protocol-version'), headers.get('mcp-name')]
  if (revision !== MODERN || headers.get('mcp-method') !== CALL || !isJsonContentType(headers.get('content-type'))) {
    return undefined
  }
  if (!isRecord(message) || message.method !== CALL || !isRecord(message.params)) return undefined
  const { name, _meta: meta } = message.params
  if (name !== called || !isRecord(meta) || meta.progressToken !== undefined) return undefined
  if (meta[LOG_LEVEL_META_KEY] !== undefined) return undefined
  const route = classifyInboundRequest({ httpMethod: method, protocolVersionHeader: revision, body: message })
  return route.kind === 'modern' && route.messageKind === 'request' ? route.message : undefined
}

/** A server of {@link MODERN} that answers many calls at the same time, each for its own caller. */
export class StandingServer {
  readonly #transport = new StandingTransport()
  readonly #connected: Promise<void>

  /** @param server one that supports {@link MODERN} */
  constructor(server: McpServer) {
    this.#connected = server.connect(this.#transport)
  }

  /** Answers a plain call; a client that goes away cancels it. */
  async answer(call: JSONRPCRequest, authInfo: AuthInfo, signal: AbortSignal): Promise<Response> {
    await this.#connected
    const answer = await this.#transport.ask(call, authInfo, signal)
    if (!answer) return new Response(null, { status: 499 })
    const status = 'error' in answer && answer.error.code === LACKS_CAPABILITY ? 400 : 200
    return new Response(JSON.stringify(answer), { status, headers: { 'content-type': 'application/json' } })
  }
}

/** By its class, and what it was made with, the SDK knows the revision of a server that is never asked to `initialize`. */
class StandingTransport extends PerRequestHTTPServerTransport {
  /** By numbers of its own: different clients give the same ids. */
  readonly #waiting = new Map<number, (answer: JSONRPCMessage | undefined) => void>()
  #last = 0

  constructor() {
    super({ classification: CLASSIFICATION })
  }

  async ask(call: JSONRPCRequest, authInfo: AuthInfo, signal: AbortSignal): Promise<JSONRPCMessage | undefined> {
    if (signal.aborted) return undefined
    this.#last++
    const number = this.#last
    const cancel = () => {
      const params = { requestId: number, reason: 'The client has gone away' }
      this.onmessage?.(
        { jsonrpc: '2.0', method: 'notifications/cancelled', params },
        { classification: CLASSIFICATION },
      )
      this.#waiting.get(number)?.(undefined)
    }
    signal.addEventListener('abort', cancel)
    try {
      const answer = await new Promise<JSONRPCMessage | undefined>((resolve) => {
        this.#waiting.set(number, resolve)
        this.onmessage?.({ ...call, id: number }, { classification: CLASSIFICATION, authInfo })
      })
      return answer && { ...answer, id: call.id }
    } finally {
      this.#waiting.delete(number)
      signal.removeEventListener('abort', cancel)
    }
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    if (isAnswer(message)) this.#waiting.get(Number(message.id))?.(message)
  }
}
