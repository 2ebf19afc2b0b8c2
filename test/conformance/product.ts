/** Scenarios that need no fixtures, on the product's own tools, through a proxy that adds what the suite can't: a bearer. */

import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, SignIn } from '../../programs/clients.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { runSuite, type SuiteRun } from './suite.ts'

/** Scenario and protocol revision. */
const SCENARIOS = [
  ['server-initialize', '2025-11-25'],
  ['server-session-lifecycle', '2025-11-25'],
  ['ping', '2025-11-25'],
  ['tools-list', '2025-11-25'],
  ['dns-rebinding-protection', '2025-11-25'],
  ['server-sse-multiple-streams', '2025-11-25'],
  ['resources-list', '2025-11-25'],
  ['prompts-list', '2025-11-25'],
  ['server-stateless', '2026-07-28'],
  ['tools-list', '2026-07-28'],
  ['resources-list', '2026-07-28'],
  ['prompts-list', '2026-07-28'],
  ['sep-2164-resource-not-found', '2026-07-28'],
  ['caching', '2026-07-28'],
  ['dns-rebinding-protection', '2026-07-28'],
  ['http-header-validation', '2026-07-28'],
  ['input-required-result-unsupported-methods', '2026-07-28'],
  ['sep-2640-skills-enumeration', '2026-07-28'],
  ['sep-2640-skills-manifest', '2026-07-28'],
  ['sep-2640-skills-directory', '2026-07-28'],
] as const

export const PRODUCT_SCENARIOS = SCENARIOS.length

/** @param origin of the server */
export async function runProduct(origin: string, signal: AbortSignal): Promise<SuiteRun> {
  const proxy = await startProxy(origin, await bearer(origin))
  try {
    const runs: SuiteRun[] = []
    for (const [scenario, version] of SCENARIOS) {
      runs.push(
        await runSuite(
          // Extensions are on no revision's list of scenarios.
          ['server', '--url', `${proxy.url}/mcp`, '--scenario', scenario, '--spec-version', version, '--force'],
          signal,
        ),
      )
    }
    return {
      outcomes: runs.flatMap(({ outcomes }) => outcomes),
      notScored: new Map(),
      exitCode: runs.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
      output: runs.map(({ output }) => output).join('\n'),
    }
  } finally {
    await proxy.close()
  }
}

async function bearer(origin: string): Promise<string> {
  const signIn = new SignIn(SANDBOX_USERS.alice)
  const client = await connect('Streamable HTTP 2025-11-25, SDK 2', origin, signIn)
  await client.close()
  return signIn.tokenSet?.access_token ?? ''
}

/** Its own Host becomes the server's; another one, as in a DNS rebinding, stays as it is. */
async function startProxy(origin: string, token: string): Promise<{ url: string; close(): Promise<void> }> {
  const target = new URL(origin)
  let host = ''
  const server = createServer((incoming, outgoing) => {
    const headers = {
      ...incoming.headers,
      authorization: `Bearer ${token}`,
      host: incoming.headers.host === host ? target.host : incoming.headers.host,
    }
    const forwarded = request(
      { host: '127.0.0.1', port: target.port, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    forwarded.on('error', (error) => outgoing.destroy(error))
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  host = `localhost:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
