// The page in which hosts show a tool's answer (MCP Apps): built from views/, as a static asset of the Worker.
import { RESOURCE_MIME_TYPE, registerAppResource } from '@modelcontextprotocol/ext-apps/server'
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { VIEW_URI } from '../../tools/show/tool.ts'

/** No other origins: nothing that the page shows can be sent anywhere. */
const META = { ui: { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true } }

/** @param publicTtlMs how long clients may keep it, in milliseconds */
export function registerViews(server: McpServer, assets: Fetcher, publicTtlMs: number): void {
  const config = {
    title: 'View of records',
    description: 'Draws what the tool show returns: a trend, a timeline, a summary or a table',
    _meta: META,
    cacheHint: { ttlMs: publicTtlMs, cacheScope: 'public' as const },
  }
  registerAppResource(server, 'view', VIEW_URI, config, async (uri) => {
    // Any host: the binding uses only the path.
    const answer = await assets.fetch('https://assets.invalid/show')
    if (!answer.ok) {
      await answer.body?.cancel()
      throw new ProtocolError(
        ProtocolErrorCode.InternalError,
        'This deployment has no views, because they were not built. Its operator can fix this by deploying again.',
      )
    }
    return { contents: [{ uri: uri.href, mimeType: RESOURCE_MIME_TYPE, text: await answer.text(), _meta: META }] }
  })
}
