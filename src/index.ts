// The Worker: where its parts are put together.
import { env as startEnv } from 'cloudflare:workers'
import { createApp } from './app.ts'
import { type Bindings, readSettings } from './config/settings.ts'
import { tenantsOf } from './config/tenants.ts'
import { createEndpoint } from './mcp/endpoint.ts'
import { buildServer } from './mcp/server/server.ts'
import { purge } from './oauth/purge.ts'

export { McpSession } from './mcp/session/session.ts'
export { Grant } from './oauth/grant/grant.ts'

// A deployment with a missing or malformed setting doesn't start. Where settings aren't visible at start, the first request fails.
if ('PUBLIC_URL' in startEnv) {
  readSettings(startEnv as Bindings)
  tenantsOf(startEnv as Bindings)
}

const app = createApp(createEndpoint({ createServer: buildServer, sessions: (env) => env.MCP_SESSION }))

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (_controller, env, ctx) => ctx.waitUntil(purge(env)),
} satisfies ExportedHandler<Bindings>
