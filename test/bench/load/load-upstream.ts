// Servers of test/bench/load/load.ts, each in a process of its own: `fixed` gives every request the same answer, to `bench-slow` after 10 ms;
// `sandbox` is the sandbox; `reference` is the MCP server that people would otherwise run.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSandbox } from '../../../sandbox/server.ts'
import { reference } from './load-reference.ts'

const SLOW_MS = 10

/** Serves on a free port. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer({ keepAliveTimeout: 600_000 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}/`
}

const ROLES: Record<string, (given: string) => Promise<string>> = {
  fixed: (body) => {
    // Of known length, as Express sends JSON.
    const headers = { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(body) }
    return listen((request, response) => {
      request.resume()
      const answer = () => response.writeHead(200, headers).end(body)
      if (request.url?.includes('bench-slow')) setTimeout(answer, SLOW_MS)
      else answer()
    })
  },
  sandbox: async (ports) => {
    const sandbox = await startSandbox({
      redirectUris: ports.split(',').map((port) => `http://localhost:${port}/oauth/callback`),
      requestLimits: { auth: 1e9, requests: 1e9, interactions: 1e9 },
    })
    return sandbox.baseUrl
  },
  reference: (baseUrls) => listen(reference(JSON.parse(baseUrls) as Record<string, string>)),
}

const [role = '', given = ''] = process.argv.slice(2)
const url = await ROLES[role]?.(given)
process.send?.(url)
