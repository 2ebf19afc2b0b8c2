/** Real MCP clients of both SDK generations, which sign in through the real pages. */
import {
  Client as Client2,
  StreamableHTTPClientTransport as HttpTransport2,
  SSEClientTransport as SseTransport2,
  UnauthorizedError as Unauthorized2,
} from '@modelcontextprotocol/client'
import { type OAuthDiscoveryState, UnauthorizedError as Unauthorized1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport as SseTransport1 } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport as HttpTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { type Credentials, type Fetch, Person } from './person.ts'

/** Each way to reach the server, named by transport and SDK. */
export const WAYS = {
  'Streamable HTTP 2026-07-28, SDK 2': { sdk: 2, transport: 'http', era: 'modern' },
  'Streamable HTTP 2025-11-25, SDK 2': { sdk: 2, transport: 'http', era: 'legacy' },
  'Streamable HTTP 2025-11-25, SDK 1': { sdk: 1, transport: 'http', era: 'legacy' },
  'HTTP+SSE 2024-11-05, SDK 2': { sdk: 2, transport: 'sse', era: 'legacy' },
  'HTTP+SSE 2024-11-05, SDK 1': { sdk: 1, transport: 'sse', era: 'legacy' },
} as const

export type Way = keyof typeof WAYS

/** What both SDK generations answer to a call. */
export interface ToolResult {
  isError?: boolean | undefined
  content: { type: string; text?: string; resource?: { uri: string; mimeType?: string; blob?: string } }[]
}

/** All that a model gets to read. */
export function textOf({ content }: ToolResult): string {
  return content.map(({ text }) => text ?? '').join('\n')
}

interface CallOptions {
  /** Asks for progress notifications and gets them. */
  onprogress?: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void
  /** How long the client waits, in ms. */
  timeout?: number
}

export interface ConnectedClient {
  /** Protocol revision in use. */
  protocol: string | undefined
  /** The session's id, if there is one. */
  sessionId: string | undefined
  toolNames(): Promise<string[]>
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>
  /** Exchanges the code of a sign-in that a call made necessary. */
  finish(signIn: SignIn): Promise<void>
  /** Ends the session, if there is one, and closes. */
  close(): Promise<void>
  /** Closes silently, like a killed program: the session stays. */
  leave(): Promise<void>
}

const INFO = { name: 'medplum-mcp-demo', version: '1.0.0' }

/** Stores what a client must remember of a sign-in, and acts as the person who signs in. For both SDK generations. */
export class SignIn {
  readonly redirectUrl: string
  readonly person: Person
  readonly #credentials: Credentials
  #client: OAuthClientInformationMixed | undefined
  #verifier = ''
  #discovery: OAuthDiscoveryState | undefined
  tokenSet: OAuthTokens | undefined
  /** The address that the browser was last sent back to. */
  callback: URL | undefined

  constructor(credentials: Credentials, fetch?: Fetch, redirectUrl = 'http://127.0.0.1:33418/') {
    this.#credentials = credentials
    this.person = new Person(fetch)
    this.redirectUrl = redirectUrl
  }

  get clientMetadata() {
    return {
      client_name: 'Demo client',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  clientInformation() {
    return this.#client
  }

  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client
  }

  tokens() {
    return this.tokenSet
  }

  saveTokens(tokens: OAuthTokens) {
    this.tokenSet = tokens
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }

  codeVerifier() {
    return this.#verifier
  }

  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.#discovery = state
  }

  discoveryState() {
    return this.#discovery
  }

  invalidateCredentials(scope: string) {
    if (scope === 'all' || scope === 'tokens') this.tokenSet = undefined
    if (scope === 'all' || scope === 'client') this.#client = undefined
  }

  async redirectToAuthorization(url: URL) {
    this.callback = await this.person.signIn(url.href, this.redirectUrl, this.#credentials)
  }
}

/**
 * Connects: is refused with 401, discovers, registers, signs in through the pages, and connects again.
 *
 * @param base what `/mcp` is appended to: the origin of the server, or the path of one of its tenants
 * @param signIn a new one signs in; one with tokens uses them
 */
export async function connect(way: Way, base: string, signIn: SignIn, fetch?: Fetch): Promise<ConnectedClient> {
  try {
    return await attempt(way, base, signIn, fetch)
  } catch (error) {
    if (!isUnauthorized(error) || !signIn.callback) throw error
    return attempt(way, base, signIn, fetch)
  }
}

async function attempt(way: Way, base: string, signIn: SignIn, fetch?: Fetch): Promise<ConnectedClient> {
  const { sdk, transport: kind, era } = WAYS[way]
  const url = new URL(`${base}${kind === 'sse' ? '/mcp/sse' : '/mcp'}`)
  const options = { authProvider: signIn, ...(fetch && { fetch: fetchFor(fetch) }) }
  if (sdk === 1) {
    const client = new Client1(INFO)
    const transport = kind === 'sse' ? new SseTransport1(url, options) : new HttpTransport1(url, options)
    await orSignIn(
      client,
      () => client.connect(transport as Parameters<typeof client.connect>[0]),
      (callback) => transport.finishAuth(callback.get('code') ?? ''),
      signIn,
    )
    return wrap(client, () => ('protocolVersion' in transport ? transport.protocolVersion : '2024-11-05'), transport)
  }
  const client = new Client2(INFO, era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {})
  const transport = kind === 'sse' ? new SseTransport2(url, options) : new HttpTransport2(url, options)
  await orSignIn(
    client,
    () => client.connect(transport as Parameters<typeof client.connect>[0]),
    (callback) => transport.finishAuth(callback),
    signIn,
  )
  return wrap(client, () => client.getNegotiatedProtocolVersion(), transport)
}

/** A first connection ends with the sign-in; then the code is exchanged and the error leads to a second connection. */
async function orSignIn(
  client: Client1 | Client2,
  connecting: () => Promise<unknown>,
  finish: (callback: URLSearchParams) => Promise<void>,
  signIn: SignIn,
): Promise<void> {
  try {
    await connecting()
  } catch (error) {
    if (isUnauthorized(error) && signIn.callback) await finish(signIn.callback.searchParams)
    // Otherwise its stream would keep reconnecting.
    await client.close()
    throw error
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof Unauthorized1 || error instanceof Unauthorized2
}

function wrap(client: Client1 | Client2, protocol: () => string | undefined, transport: object): ConnectedClient {
  return {
    get protocol() {
      return protocol()
    },
    get sessionId() {
      return 'sessionId' in transport ? (transport.sessionId as string | undefined) : undefined
    },
    toolNames: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (name, args, options) => {
      const request = { name, arguments: args }
      const called =
        client instanceof Client1 ? client.callTool(request, undefined, options) : client.callTool(request, options)
      return (await called) as ToolResult
    },
    finish: async ({ callback }) => {
      const parameters = callback?.searchParams ?? new URLSearchParams()
      if (transport instanceof HttpTransport2 || transport instanceof SseTransport2)
        await transport.finishAuth(parameters)
      else await (transport as HttpTransport1).finishAuth(parameters.get('code') ?? '')
    },
    leave: () => client.close(),
    close: async () => {
      if ('terminateSession' in transport && 'sessionId' in transport && transport.sessionId) {
        await (transport as HttpTransport1).terminateSession()
      }
      await client.close()
    },
  }
}

function fetchFor(fetch: Fetch) {
  return (input: string | URL, init?: RequestInit) => fetch(String(input), init)
}
