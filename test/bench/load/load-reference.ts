// A reference: the MCP server that people would otherwise run, with the SDK's Streamable HTTP transport over Express in Node, a session
// for each client, and MedplumClient. It passes on Medplum's bearer token and checks nothing.
import { randomUUID } from 'node:crypto'
import { MedplumClient } from '@medplum/core'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type Express } from 'express'
import * as z from 'zod'

/** @param upstreams base URLs: of the Patients whose id begins with `bench-` (`fixed`), and of all else (`sandbox`) */
export function reference(upstreams: Record<string, string>): Express {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const app = express()
  app.use(express.json())
  app.all('/mcp', async (request, response) => {
    const id = request.header('mcp-session-id')
    let transport = id === undefined ? undefined : sessions.get(id)
    if (!transport) {
      const made = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => {
          sessions.set(session, made)
        },
      })
      const token = request.header('authorization')?.slice('Bearer '.length) ?? ''
      await serverFor(upstreams, token).connect(made as Parameters<McpServer['connect']>[0])
      transport = made
    }
    await transport.handleRequest(request, response, request.body)
  })
  return app
}

function serverFor(upstreams: Record<string, string>, token: string): McpServer {
  const clientOf = (name: string) => {
    const medplum = new MedplumClient({ baseUrl: upstreams[name] ?? '', cacheTime: 0 })
    medplum.setAccessToken(token)
    return medplum
  }
  const [fixed, sandbox] = [clientOf('fixed'), clientOf('sandbox')]
  const server = new McpServer({ name: 'reference', version: '1.0.0' })
  const inputSchema = { method: z.string(), path: z.string() }
  server.registerTool('fhir-request', { description: 'A FHIR request', inputSchema }, async ({ path }) => {
    const medplum = path.includes('/bench-') ? fixed : sandbox
    const resource: unknown = await medplum.get(medplum.fhirUrl(path))
    return { content: [{ type: 'text', text: JSON.stringify(resource, null, 2) }] }
  })
  return server
}
