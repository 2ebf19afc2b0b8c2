// Which MCP endpoint is checked: the deployment's own, or that of a tenant (setting TENANTS), which has its own paths.

export interface Endpoint {
  /** The deployment's, which is also the issuer for its tenants. */
  origin: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  /** Prefix of its paths: `/t/{tenant}`, or nothing. */
  root: string
  /** The MCP endpoint. */
  resource: string
  /** Where Medplum sends people back to. */
  callback: string
}

/** @param address of the deployment, of a tenant, or of the MCP endpoint of either */
export function endpointAt({ origin, pathname }: URL): Endpoint {
  const [root = '', tenant] = /^\/t\/([^/]+)/.exec(pathname) ?? []
  return { origin, tenant, root, resource: `${origin}${root}/mcp`, callback: `${origin}${root}/oauth/callback` }
}

/** The address of its resource metadata (RFC 9728 section 3.1). */
export function metadataUrlOf({ origin, root }: Endpoint): string {
  return `${origin}/.well-known/oauth-protected-resource${root}/mcp`
}
