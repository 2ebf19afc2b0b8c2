// One object per MCP session of the 2024 and 2025 protocol revisions. It belongs to one grant but has no authority of its own: each
// request brings its verified caller. It may be evicted at any time and is restored from its stored handshake.

import { DurableObject } from 'cloudflare:workers'
import {
  isInitializeRequest,
  type JSONRPCMessage,
  type McpServer,
  parseJSONRPCMessage,
} from '@modelcontextprotocol/server'
import { type Bindings, readSettings, type Settings } from '../../config/settings.ts'
import { settingsFor } from '../../config/tenants.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import type { CallerRecord } from '../../oauth/record.ts'
import { authInfoOf, buildServer } from '../server/server.ts'
import { SealedEventStore } from './events.ts'
import { SESSION_NOT_FOUND, sessionNotFound } from './message.ts'
import { refusalOf, type SessionAnswer, type SessionRequest } from './session-request.ts'
import { SocketTransport } from './sse.ts'
import { SessionTransport } from './streamable.ts'

/** Names the caller when a socket to the session is opened. Only the Worker sets it, on its own requests. */
export const OWNER_HEADER = 'x-session-owner'

interface SessionRecord {
  /** Name of the grant. */
  owner: string
  transport: 'streamable' | 'sse'
  /** The client's `initialize` message, as sent. */
  initialize?: string
  /** Milliseconds since the epoch; not updated by every request, see {@link McpSession}. */
  seenAt: number
}

const RECORD = 'session'
/** The share of the idle time after which a request is noted again: each note costs two rows. */
const NOTE_SHARE = 1 / 24

export class McpSession extends DurableObject<Bindings> {
  #connected: Promise<SessionTransport | SocketTransport> | undefined
  #record: SessionRecord | undefined

  protected createServer(settings: Settings): McpServer {
    return buildServer(this.env, settings)
  }

  /**
   * Answers one Streamable HTTP request; the first must be `initialize`. Another grant's session is answered 404, like an unknown one.
   *
   * @param body the text of a POST
   */
  async handle(request: SessionRequest, body: string, caller: CallerRecord): Promise<SessionAnswer> {
    const known = await this.#known(caller, 'streamable')
    const message: unknown = body === '' ? undefined : JSON.parse(body)
    if (known === 'foreign' || (known === 'new' && !isInitializeRequest(message)))
      return refusalOf(404, ...SESSION_NOT_FOUND)
    const transport = (await this.#connect('streamable', caller)) as SessionTransport
    const answer = await transport.handle(request, message, authInfoOf(caller))
    const isDone = answer.status === 200
    if (known === 'new') {
      if (isDone) await this.#note({ owner: grantNameOf(caller), transport: 'streamable', initialize: body })
      else this.#connected = undefined
    }
    if (request.method === 'DELETE' && isDone) await this.#end()
    return answer
  }

  /** Handles one message of an HTTP+SSE client; answers go to the event stream. @returns false if the caller has no such session */
  async deliver(body: string, caller: CallerRecord): Promise<boolean> {
    if ((await this.#known(caller, 'sse')) !== 'own') return false
    // The stream ends silently when this object restarts. A message would then be carried out but never answered.
    if (!this.#hasStream()) {
      await this.#end()
      return false
    }
    const message = parseJSONRPCMessage(JSON.parse(body))
    if (isInitializeRequest(message) && this.#record) await this.#note({ ...this.#record, initialize: body })
    const transport = (await this.#connect('sse', caller)) as SocketTransport
    transport.onmessage?.(message, { authInfo: authInfoOf(caller) })
    return true
  }

  /** Begins an HTTP+SSE session, before its stream is opened. */
  async begin(caller: CallerRecord): Promise<void> {
    await this.#note({ owner: grantNameOf(caller), transport: 'sse' })
  }

  /**
   * Tells the client that its person has answered the page that it opened for them (MCP 2025-11-25, elicitation).
   *
   * @param owner the page's grant; a session of another grant ignores the call
   */
  async pageAnswered(owner: string, elicitationId: string): Promise<void> {
    if ((await this.#load())?.owner !== owner) return
    this.#broadcast({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId } })
  }

  /** The socket over which the Worker feeds an event stream; accepted so that this object may sleep meanwhile. */
  override async fetch(request: Request): Promise<Response> {
    const record = await this.#load()
    if (!record || record.owner !== request.headers.get(OWNER_HEADER)) return sessionNotFound()
    for (const socket of this.ctx.getWebSockets()) socket.close(1000, 'replaced by a newer stream')
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    return new Response(null, { status: 101, webSocket: client })
  }

  /** The session of an HTTP+SSE client ends with its stream. */
  override async webSocketClose(socket: WebSocket): Promise<void> {
    if (!this.#hasStream(socket) && (await this.#load())?.transport === 'sse') await this.#end()
  }

  /** Sends a message on the streams that the Worker holds. Works even if this object has just woken up. */
  #broadcast(message: JSONRPCMessage): void {
    for (const socket of this.ctx.getWebSockets()) socket.send(JSON.stringify(message))
  }

  /** Whether there is a stream other than the one that is closing. */
  #hasStream(closing?: WebSocket): boolean {
    return this.ctx.getWebSockets().some((socket) => socket !== closing && socket.readyState === WebSocket.OPEN)
  }

  /** Deletes a session that was silent for the idle time. */
  override async alarm(): Promise<void> {
    await this.#end()
  }

  async #connect(kind: SessionRecord['transport'], caller: CallerRecord): Promise<SessionTransport | SocketTransport> {
    this.#connected ??= this.#open(kind, caller).catch((error: unknown) => {
      // The next request tries again; the object must not keep a failure.
      this.#connected = undefined
      throw error
    })
    return this.#connected
  }

  async #open(kind: SessionRecord['transport'], caller: CallerRecord): Promise<SessionTransport | SocketTransport> {
    const id = this.ctx.id.toString()
    const broadcast = (message: JSONRPCMessage) => this.#broadcast(message)
    const events = new SealedEventStore(this.ctx.storage.sql, caller.props.vaultKey)
    const transport = kind === 'sse' ? new SocketTransport(id, broadcast) : new SessionTransport(id, events, broadcast)
    await this.createServer(settingsFor(this.env, caller.userId)).connect(transport)
    const initialize = this.#record?.initialize
    // The message that is about to be handled must not be replayed.
    if (initialize !== undefined && this.#revivable) await transport.revive(initialize)
    return transport
  }

  /** Whether the stored handshake was made before this object was last evicted. */
  #revivable = false

  async #known(caller: CallerRecord, transport: SessionRecord['transport']): Promise<'new' | 'own' | 'foreign'> {
    const record = await this.#load()
    if (!record) return 'new'
    if (record.owner !== grantNameOf(caller) || record.transport !== transport) return 'foreign'
    if (Date.now() - record.seenAt > this.#idleMs * NOTE_SHARE) await this.#note(record)
    return 'own'
  }

  async #load(): Promise<SessionRecord | undefined> {
    if (!this.#record) {
      this.#record = await this.ctx.storage.get<SessionRecord>(RECORD)
      this.#revivable = this.#record?.initialize !== undefined
    }
    return this.#record
  }

  async #note(record: Omit<SessionRecord, 'seenAt'>): Promise<void> {
    this.#record = { ...record, seenAt: Date.now() }
    await this.ctx.storage.put(RECORD, this.#record)
    await this.ctx.storage.setAlarm(this.#record.seenAt + this.#idleMs)
  }

  async #end(): Promise<void> {
    for (const socket of this.ctx.getWebSockets()) socket.close(1000, 'session ended')
    await this.ctx.storage.deleteAll()
    this.#record = undefined
    const transport = await this.#connected?.catch(() => undefined)
    this.#connected = undefined
    await transport?.close()
  }

  get #idleMs(): number {
    return readSettings(this.env).sessionIdleMs
  }
}
