// The project's own transports and host policy, with the conformance suite's fixtures behind them and no sign-in in front:
// the suite can send no bearer. Run by run.ts, never deployed.

import type { McpServer } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import type { Bindings } from '../../src/config/settings.ts'
import { createEndpoint } from '../../src/mcp/endpoint.ts'
import { McpSession } from '../../src/mcp/session/session.ts'
import type { CallerRecord } from '../../src/oauth/record.ts'
import { knownOrigin, ownHost } from '../../src/policy.ts'
import { createFixtureServer } from './fixtures/server.ts'

/** The caller of every request. */
const CALLER: CallerRecord = {
  userId: 'conformance',
  grantId: 'conformance',
  clientId: 'conformance',
  scope: [],
  props: {
    vaultKey: 'A'.repeat(43),
    accessToken: '',
    accessExpiresAt: 0,
    profile: 'Practitioner/conformance',
    project: 'Project/conformance',
    clientName: 'Conformance suite',
  },
}

export class FixtureSession extends McpSession {
  protected override createServer(): McpServer {
    return createFixtureServer()
  }
}

const endpoint = createEndpoint({
  createServer: (_env, _settings, versions) => createFixtureServer(versions),
  sessions: (env) => env.MCP_SESSION,
  repeatsInHeaders: (tool) => tool === 'test_custom_header',
})

/** The suite's own tools need no access level. */
function noChallenge(): never {
  throw new Error('Nothing here lacks a scope')
}

// The order of src/app.ts.
const app = new Hono<{ Bindings: Bindings }>()
  .use(ownHost)
  .get('/health', (c) => c.json({ status: 'ok' }))
  .use('/mcp', knownOrigin)
  .all('/mcp', (c) => endpoint(c.req.raw, CALLER, c.env, c.executionCtx as unknown as ExecutionContext, noChallenge))

export default { fetch: (request, env, ctx) => app.fetch(request, env, ctx) } satisfies ExportedHandler<Bindings>
