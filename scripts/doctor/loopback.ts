// Receives the browser with the code of a sign-in, on a port of this machine that is open only for that (RFC 8252 section 7.3).
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const PATH = '/callback'

export interface Loopback {
  redirectUri: string
  /** Distinguishes the browser's return from any other request. */
  state: string
  /** The parameters with which the browser returned; undefined if it didn't in time. */
  back(waitMs: number): Promise<URLSearchParams | undefined>
  close(): Promise<void>
}

export async function openLoopback(): Promise<Loopback> {
  const state = randomBytes(16).toString('base64url')
  const arrivals = new EventEmitter()
  let arrived: URLSearchParams | undefined
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const ours = request.method === 'GET' && pathname === PATH && searchParams.get('state') === state
    response
      .writeHead(ours ? 200 : 400, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
      .end(
        ours
          ? 'The doctor continues in the terminal. You can close this page.'
          : 'This is not the answer to a sign-in.',
      )
    if (!ours) return
    arrived ??= searchParams
    arrivals.emit('back')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    redirectUri: `http://127.0.0.1:${port}${PATH}`,
    state,
    async back(waitMs) {
      if (!arrived) await once(arrivals, 'back', { signal: AbortSignal.timeout(waitMs) }).catch(() => {})
      return arrived
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
