// How tests are asked for a confirmation, and answer: by hand on 2026-07-28, and as a person on the page.
import { createExecutionContext, env } from 'cloudflare:test'
import { vi } from 'vitest'
import { type Credentials, Person } from '../../../programs/person.ts'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { unescaped } from '../world/browsing.ts'
import { type RpcAnswer, rpc } from '../world/mcp.ts'
import { ORIGIN, SANDBOX, sandbox, send } from '../world/world.ts'

export const MODERN = '2026-07-28'

interface Round {
  /** What the client declares; forms by default. */
  capabilities?: object
  responses?: Record<string, unknown>
  state?: string | undefined
  tool?: string
}

export interface Answer {
  /** The question to the person, where there is one. */
  question: string | undefined
  /** The schema of its form. */
  form: object | undefined
  /** The page that the client is to open. */
  url: string | undefined
  state: string | undefined
  isError: boolean
  text: string
}

export type Call = (access: string, args: Record<string, unknown>, round?: Round) => Promise<Answer>

/** Calls of 2026-07-28; `settings` are those in which the deployment differs from the one under test. */
export function calls(settings?: Record<string, string>): Call {
  const app = createApp(createEndpoint({ createServer: buildServer, sessions: (bindings) => bindings.MCP_SESSION }))
  const bindings = { ...(env as Bindings), ...settings }
  const ask = (init: RequestInit) =>
    settings
      ? app.fetch(new Request(`${ORIGIN}/mcp`, init), bindings, createExecutionContext())
      : send(`${ORIGIN}/mcp`, init)
  return async (access, args, { capabilities = { elicitation: { form: {} } }, responses, state, tool } = {}) => {
    const name = tool ?? 'fhir-request'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    }
    const params = {
      name,
      arguments: args,
      ...(responses && { inputResponses: responses }),
      ...(state !== undefined && { requestState: state }),
      _meta,
    }
    const response = await ask({
      method: 'POST',
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...{ authorization: `Bearer ${access}`, 'mcp-protocol-version': MODERN },
        ...{ 'mcp-method': 'tools/call', 'mcp-name': name },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    return answerOf(await rpc(response))
  }
}

function answerOf({ result, error }: RpcAnswer): Answer {
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const requests = result.inputRequests as
    | { approval?: { params?: { message?: string; requestedSchema?: object; url?: string } } }
    | undefined
  const asked = requests?.approval?.params
  return {
    question: asked?.message,
    form: asked?.requestedSchema,
    url: asked?.url,
    state: result.requestState as string | undefined,
    isError: result.isError === true,
    text: (result.content ?? []).map(({ text }) => text ?? '').join('\n'),
  }
}

export const ACCEPT = { approval: { action: 'accept', content: {} } }

/** The link in an answer. */
export function linkIn(text: string): string {
  const [link] = /http:\/\/\S+\/confirm\/\S+/.exec(text) ?? []
  if (link === undefined) throw new Error(`No link in: ${text}`)
  return link
}

/** A person in a browser, who opens a link and signs in with Medplum for it. */
export class Decider {
  /** Where its forms come from; null sends no Origin. */
  origin: string | null = ORIGIN
  readonly person = new Person((input, init = {}) => {
    const headers = new Headers(init.headers)
    if (init.method === 'POST' && this.origin !== null) headers.set('origin', this.origin)
    return send(input, { ...init, headers })
  })

  async open(link: string, credentials: Credentials): Promise<{ status: number; html: string; response: Response }> {
    const [, first] = await this.#get(link)
    if (first.includes('Sign in to confirm')) await this.person.signIn(`${link}?sign-in`, link, credentials)
    const [response, html] = await this.#get(link)
    return { status: response.status, html, response }
  }

  /** Opens the link and presses a button. */
  async decide(link: string, credentials: Credentials, decision: 'approved' | 'declined'): Promise<string> {
    const { html } = await this.open(link, credentials)
    const response = await this.person.visit(link, new URLSearchParams({ token: tokenIn(html), decision }))
    await response.text()
    if (response.status !== 303) throw new Error(`The form answered ${response.status}`)
    const [, after] = await this.#get(link)
    return after
  }

  async #get(link: string): Promise<[Response, string]> {
    const response = await this.person.visit(link)
    return [response, unescaped(await response.text())]
  }
}

export function tokenIn(html: string): string {
  return /name="token" value="([^"]*)"/.exec(html)?.[1] ?? ''
}

/** The sandbox asked directly: the HTTP status of a resource, 200 or 410, and changes behind the server's back. */
export async function direct(token: string, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${SANDBOX}fhir/R4/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

/** Whether a resource is there, as the sandbox itself says. */
export async function exists(token: string, path: string): Promise<boolean> {
  const response = await direct(token, 'GET', path)
  await response.text()
  if (response.status !== 200 && response.status !== 410) throw new Error(`Medplum answered ${response.status}`)
  return response.status === 200
}

/** Lets a person think: time that passes for this server too, until the test is over. */
export function think(ms = 5_000): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
}

/** What arrived at Medplum, besides reads, while `work` ran. */
export async function writesDuring<T>(work: () => Promise<T>): Promise<{ result: T; writes: string[] }> {
  const { result, requests } = await sandbox.during(work)
  const changing = requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/fhir/'))
  return { result, writes: changing.map(({ method, path }) => `${method} ${path.slice('/fhir/R4/'.length)}`) }
}
