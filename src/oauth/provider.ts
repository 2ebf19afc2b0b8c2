// The OAuth provider of this deployment: one issuer, a protected resource for each tenant, and the paths of their endpoints.

import {
  insufficientScope,
  OAuthAuthorizationServer,
  type OAuthResourceAuth,
  OAuthResourceServer,
} from '@cloudflare/workers-oauth-provider'
import { type Bindings, readSettings, type Settings } from '../config/settings.ts'
import { tenantOf, tenantsOf } from '../config/tenants.ts'
import type { CallerRecord, GrantProps } from './record.ts'
import { levelOf, SCOPES, scopesFor } from './scopes.ts'
import { verify } from './verify.ts'

export const AUTHORIZE_PATH = '/authorize'
export const TOKEN_PATH = '/oauth/token'
export const REGISTRATION_PATH = '/oauth/register'

/** Called by the provider at each code exchange and refresh; runs inside the grant's object. */
type TokenExchange = (input: { grantType: string; props: GrantProps }) => Promise<{
  newProps: GrantProps
  /** Props of the access token, if they differ. */
  accessTokenProps?: GrantProps
  accessTokenTTL: number
  refreshTokenTTL: number
  refreshTokenIdleTTL?: number
}>

/** Answers a request with a verified token, for its caller. */
export type AuthenticatedHandler = (
  request: Request,
  caller: CallerRecord,
  env: Bindings,
  ctx: ExecutionContext,
  challenge: Challenge,
) => Promise<Response>

/** Makes the 403 that tells a client all scopes that a request needs (RFC 6750 section 3.1). */
export type Challenge = (scopes: string[]) => Response

/** The authorization server: CIMD, DCR (RFC 7591), PKCE (RFC 7636), metadata (RFC 8414), revocation (RFC 7009). */
export function createAuthorizationServer(env: Bindings, exchange?: TokenExchange): OAuthAuthorizationServer<Bindings> {
  const { publicUrl, resource, clientDocuments } = readSettings(env)
  return new OAuthAuthorizationServer<Bindings>({
    issuer: publicUrl.origin,
    resources: [resource, ...[...tenantsOf(env).values()].map((tenant) => tenant.resource)],
    defaultResource: resource,
    legacyGrantResource: resource,
    authorizeEndpoint: AUTHORIZE_PATH,
    tokenEndpoint: TOKEN_PATH,
    clientRegistrationEndpoint: REGISTRATION_PATH,
    clientIdMetadataDocumentEnabled: clientDocuments,
    // Safe, because redirects.ts checks registrations and requests first and allows only those of known applications.
    allowPrivateUseRedirectUris: true,
    scopesSupported: [...SCOPES],
    ...(exchange && { tokenExchangeCallback: exchange }),
    // Logs only codes and reasons: descriptions and details may contain what a client or Medplum sent.
    onError: ({ code, status, internal }) => {
      console.warn(JSON.stringify({ event: 'oauth_error', code, status, reason: internal?.reason }))
    },
  })
}

/** The protected resource at an address of a tenant, and all paths below it (RFC 9728, RFC 8707). */
export function createResourceServer(
  settings: Settings,
  address: string,
  authorizationServer: OAuthAuthorizationServer<Bindings>,
  handler: AuthenticatedHandler,
): OAuthResourceServer<Bindings, GrantProps> {
  return new OAuthResourceServer<Bindings, GrantProps>({
    resourceMetadata: {
      resource: address,
      authorization_servers: [settings.publicUrl.origin],
      resource_name: settings.tenant === undefined ? 'Medplum MCP' : `Medplum MCP (${settings.tenant})`,
    },
    validateToken: (env) => async (audience, token) => {
      const validation = await verify(authorizationServer, settings.resource, token, env)
      return validation && { ...validation, audience }
    },
    handler: {
      fetch: (request, env, ctx) =>
        levelOf(ctx.auth.scope) === undefined
          ? insufficientScope(ctx.auth, scopesFor('read'))
          : handler(request, callerRecord(ctx.auth, ctx.props, settings), env, ctx, (scopes) =>
              insufficientScope(ctx.auth, scopes),
            ),
    },
  })
}

function callerRecord(auth: OAuthResourceAuth, props: GrantProps, { tenant }: Settings): CallerRecord {
  const [, grantId] = auth.token.split(':')
  if (!auth.userId || !auth.clientId || !grantId) throw new Error('A verified token names its user, client and grant')
  if (tenantOf(auth.userId) !== tenant) throw new Error('A token of a resource is of a person there')
  return { userId: auth.userId, grantId, clientId: auth.clientId, scope: auth.scope, props }
}
