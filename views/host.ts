// The link to the host that shows this view (MCP Apps, 2026-01-26): JSON-RPC by postMessage with the parent window and no other.
// Written here rather than taken from the SDK's App class, which is 144 KiB (gzip) larger: docs/architecture.md.
import { isRecord } from '../src/base/json.ts'

export interface HostContext {
  theme?: 'light' | 'dark'
  styles?: { variables?: Record<string, string | undefined>; css?: { fonts?: string } }
  locale?: string
  timeZone?: string
  safeAreaInsets?: { top: number; right: number; bottom: number; left: number }
}

export interface ToolResult {
  content?: { type: string; text?: string }[]
  structuredContent?: unknown
  isError?: boolean
}

/** Notifications from the host. */
interface Listener {
  context(context: HostContext): void
  /** A call has begun. */
  input(): void
  result(result: ToolResult): void
  cancelled(reason: string): void
}

/** What the host allows a view to do. */
interface Abilities {
  tools: boolean
  links: boolean
  messages: boolean
}

const PROTOCOL = '2026-01-26'

type Message = { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: unknown }

export class Host {
  abilities: Abilities = { tools: false, links: false, messages: false }
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  readonly #listener: Listener
  #last = 0

  constructor(listener: Listener) {
    this.#listener = listener
    window.addEventListener('message', ({ source, data }) => {
      if (source === window.parent && isRecord(data) && data.jsonrpc === '2.0') this.#take(data)
    })
  }

  async connect(): Promise<void> {
    const answer = await this.#request('ui/initialize', {
      appInfo: { name: 'medplum-mcp', version: '0.1.0' },
      appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
      protocolVersion: PROTOCOL,
    })
    const { hostCapabilities, hostContext } = isRecord(answer) ? answer : {}
    const can = isRecord(hostCapabilities) ? hostCapabilities : {}
    this.abilities = {
      tools: isRecord(can.serverTools),
      links: isRecord(can.openLinks),
      messages: isRecord(can.message),
    }
    if (isRecord(hostContext)) this.#listener.context(hostContext)
    this.#notify('ui/notifications/initialized', {})
    this.#tellSize()
  }

  async callTool(name: string, args: Record<string, unknown>): Promise<ToolResult> {
    return (await this.#request('tools/call', { name, arguments: args })) as ToolResult
  }

  openLink(url: string): void {
    this.#request('ui/open-link', { url }).catch(() => {})
  }

  /** Sends a chat message as the person. Never pass a record's text, which would seem to be the person's own words. */
  say(text: string): void {
    this.#request('ui/message', { role: 'user', content: [{ type: 'text', text }] }).catch(() => {})
  }

  #take({ id, method, params, result, error }: Message): void {
    if (typeof method !== 'string') {
      const waiting = this.#waiting.get(Number(id))
      this.#waiting.delete(Number(id))
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(isRecord(error) ? String(error.message) : 'The host refused this.'))
      return
    }
    const given = isRecord(params) ? params : {}
    if (id !== undefined) {
      const known = ['ping', 'ui/resource-teardown'].includes(method)
      this.#send({ id, ...(known ? { result: {} } : { error: { code: -32601, message: 'Method not found' } }) })
    } else if (method === 'ui/notifications/tool-input') this.#listener.input()
    else if (method === 'ui/notifications/tool-result') this.#listener.result(given)
    else if (method === 'ui/notifications/tool-cancelled') this.#listener.cancelled(String(given.reason ?? ''))
    else if (method === 'ui/notifications/host-context-changed') this.#listener.context(given)
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#send({ id, method, params })
    })
  }

  #notify(method: string, params: object): void {
    this.#send({ method, params })
  }

  #send(message: object): void {
    // `*`, because the parent window's origin is unknown. We send only what came from the host itself.
    window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*')
  }

  #tellSize(): void {
    const tell = () => {
      const { height } = document.body.getBoundingClientRect()
      this.#notify('ui/notifications/size-changed', { width: Math.ceil(window.innerWidth), height: Math.ceil(height) })
    }
    new ResizeObserver(tell).observe(document.body)
  }
}
