// The home page: what this is, and the one URL to add to a client.
import type { FC } from 'hono/jsx'
import type { Settings } from '../env.ts'
import { Layout, Notice, setPageHeaders } from './layout.tsx'

const Home: FC<{ mcpUrl: string; medplumHost: string }> = ({ mcpUrl, medplumHost }) => (
  <Layout title="Medplum MCP">
    <h1>Medplum for AI assistants</h1>
    <p>
      A remote MCP server. Add its URL to Claude, ChatGPT, Cursor or VS Code, sign in to Medplum (
      <code>{medplumHost}</code>
      ), and the assistant works with your FHIR records as you, with your access.
    </p>
    <pre>{mcpUrl}</pre>
    <Notice />
    <p>
      Claude Code: <code>claude mcp add --transport http medplum {mcpUrl}</code>
    </p>
  </Layout>
)

/** The home page of a deployment. */
export function homePage(settings: Settings): Response {
  const headers = new Headers()
  setPageHeaders(headers)
  const page = <Home mcpUrl={settings.resource} medplumHost={settings.medplum.baseUrl.host} />
  return new Response(`<!doctype html>${page}`, { headers })
}
