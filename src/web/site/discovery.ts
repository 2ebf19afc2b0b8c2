// How this server is found before anyone connects: its card (SEP-2127, a draft) and the catalogue that names the card.

import { ICON_PATH, VERSION } from '../../base/version.ts'
import type { Settings } from '../../config/settings.ts'
import { titleOf } from '../../config/tenants.ts'

/** Reserved for the card: the MCP address, and `/server-card`. */
export const CARD_PATH = '/mcp/server-card'
/** The catalogue's path, and its path in earlier drafts. */
export const CATALOG_PATHS = ['/.well-known/ai-catalog.json', '/.well-known/mcp/catalog.json']

const CARD_TYPE = 'application/mcp-server-card+json'
const NAME = 'medplum-mcp'

/** Any origin may read these and cache them for an hour. */
export const DISCOVERY_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET',
  'access-control-allow-headers': '*',
  'cache-control': 'public, max-age=3600',
}

/** The server card: name and address, as in `server/discover`, without the list of tools. */
export function serverCard(settings: Settings): Response {
  const { tenant, root, resource } = settings
  const { origin, hostname } = settings.publicUrl
  return answer(CARD_TYPE, {
    $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
    name: `${hostname.split('.').reverse().join('.')}/${serverName(tenant)}`,
    title: titleOf(settings),
    version: VERSION,
    description: 'FHIR R4 records and operations of a Medplum project',
    websiteUrl: `${origin}${root}`,
    icons: [{ src: `${origin}${ICON_PATH}`, mimeType: 'image/svg+xml', sizes: ['any'] }],
    remotes: [{ type: 'streamable-http', url: resource }],
  })
}

/** The catalogue: one entry, the card. */
export function catalog(settings: Settings): Response {
  const { tenant, root, publicUrl } = settings
  return answer('application/ai-catalog+json', {
    specVersion: '1.0',
    entries: [
      {
        identifier: `urn:air:${publicUrl.hostname}:mcp:${serverName(tenant)}`,
        displayName: titleOf(settings),
        type: CARD_TYPE,
        url: `${publicUrl.origin}${root}${CARD_PATH}`,
      },
    ],
  })
}

function serverName(tenant: string | undefined): string {
  return tenant === undefined ? NAME : `${NAME}-${tenant}`
}

function answer(type: string, body: object): Response {
  return Response.json(body, { headers: { ...DISCOVERY_HEADERS, 'content-type': type } })
}
