// The Worker that test/bench/stages.ts measures: it answers a call after the stage that the header `x-stage` names.
import { McpServer } from '@modelcontextprotocol/server'
import { createApp } from '../../src/app.ts'
import { createEndpoint } from '../../src/mcp/endpoint.ts'
import type { AuthenticatedHandler } from '../../src/oauth/provider.ts'
import { fhirRequest } from '../../src/tools/fhir-request.ts'
import product, { type BenchBindings, complete, Grant, McpSession } from './load/load-worker.ts'

export { Grant, McpSession }

type Fetch = (request: Request, env: BenchBindings, ctx: ExecutionContext) => Response | Promise<Response>

const TEXT = 'Lindenbaum '.repeat(40)
const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const PATH = 'fhir/R4/Patient/bench-fixed'

const constant = () => new Response(JSON.stringify({ text: TEXT }), JSON_TYPE)

/** The product's front, with a handler of its own behind it. */
function front(handler: AuthenticatedHandler): Fetch {
  const app = createApp(handler)
  return (request, env, ctx) => app.fetch(request, complete(env), ctx)
}

/** The product's endpoint, with a tool that does no more than this. */
function served(answer: (env: BenchBindings) => Promise<string>): Fetch {
  const endpoint = createEndpoint({
    sessions: (env) => env.MCP_SESSION,
    createServer(env, _settings, versions) {
      const server = new McpServer(
        { name: 'stages', version: '1.0.0' },
        { capabilities: { tools: {} }, ...(versions && { supportedProtocolVersions: versions }) },
      )
      const { description, input } = fhirRequest
      server.registerTool('fhir-request', { description, inputSchema: input }, async () => ({
        content: [{ type: 'text', text: await answer(env as BenchBindings) }],
      }))
      return server
    },
  })
  return front(endpoint)
}

const STAGES: Record<string, Fetch> = {
  read: async (request) => {
    await request.json()
    return constant()
  },
  forwarded: async (request, { FIXED_URL }) => {
    await request.json()
    return fetch(FIXED_URL + PATH)
  },
  parsed: async (request, { FIXED_URL }) => {
    await request.json()
    return new Response(JSON.stringify(await (await fetch(FIXED_URL + PATH)).json()), JSON_TYPE)
  },
  admitted: front(async (request) => {
    await request.json()
    return constant()
  }),
  served: served(async () => TEXT),
  asked: served(async ({ FIXED_URL }) => JSON.stringify(await (await fetch(FIXED_URL + PATH)).json())),
}

export default {
  fetch: (request, env, ctx) => (STAGES[request.headers.get('x-stage') ?? ''] ?? product.fetch)(request, env, ctx),
} satisfies ExportedHandler<BenchBindings>
