// The environment of a bench: the sandbox, the running Worker, a real MCP client, and the FHIR API itself for comparison.

import { type ConnectedClient, connect, SignIn, textOf } from '../../programs/clients.ts'
import { freePort, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { type Send, signedIn } from '../sandbox/client.ts'

export interface Request {
  /** GET by default. */
  method?: string
  path: string
  body?: unknown
}

export interface Bench {
  client: ConnectedClient
  /** Sends a request directly to the FHIR API, signed in, without this server. */
  send: Send
  /** The answer as Medplum's own MCP server gives it: JSON in extended mode. */
  raw(request: Request): Promise<string>
  /** The answer of this server: all text that a model gets to read. */
  ours(request: Request & Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

/** Starts everything. */
export async function openBench(): Promise<Bench> {
  const port = await freePort()
  const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`] })
  const worker = await startWorker({
    port,
    vars: { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID },
  })
  const { alice } = SANDBOX_USERS
  const client = await connect('Streamable HTTP 2026-07-28, SDK 2', worker.url, new SignIn(alice))
  const send = await signedIn(sandbox, alice)
  return {
    client,
    send,
    async raw({ method = 'GET', path, body }) {
      const answer = await send(method, path, body, { 'x-medplum': 'extended' })
      return typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    },
    async ours({ method = 'GET', ...args }) {
      return textOf(await client.call('fhir-request', { method, ...args }))
    },
    async close() {
      await client.close()
      await worker.stop()
      await sandbox.close()
    },
  }
}
