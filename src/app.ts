// The front of the Worker: who may call, and which part answers.

import type { OAuthAuthorizationServer, OAuthResourceServer } from '@cloudflare/workers-oauth-provider'
import type { Context } from 'hono'
import { TrieRouter } from 'hono/router/trie-router'
import { Hono } from 'hono/tiny'
import { type Bindings, readSettings, SettingError } from './config/settings.ts'
import { tenantAt, tenantsOf } from './config/tenants.ts'
import { addressesOf, canonicalize } from './oauth/addresses.ts'
import { readRegistration } from './oauth/clients/registration.ts'
import { CONFIRM_PATH } from './oauth/confirmations.ts'
import { grantOf, isGrantName } from './oauth/grant-name.ts'
import {
  AUTHORIZE_PATH,
  type AuthenticatedHandler,
  createAuthorizationServer,
  createResourceServer,
  REGISTRATION_PATH,
  TOKEN_PATH,
} from './oauth/provider.ts'
import type { GrantProps } from './oauth/record.ts'
import {
  callableByPages,
  knownOrigin,
  limitByAddress,
  limitCalls,
  ownHost,
  ownTenant,
  readableByPages,
  smallForm,
  smallRegistration,
  unknownTenant,
} from './policy.ts'
import { confirmation } from './web/confirm/routes.tsx'
import { CONNECTIONS_PATH } from './web/connections/page.tsx'
import { connections } from './web/connections/routes.tsx'
import { errorPages } from './web/shared/error-pages.tsx'
import { CALLBACK_PATH, callback, signIn } from './web/sign-in/routes.tsx'
import { assets } from './web/site/assets.ts'
import { pages } from './web/site/routes.tsx'

type AppEnv = { Bindings: Bindings }
type Ctx = Context<AppEnv>

interface Roles {
  authorizationServer: OAuthAuthorizationServer<Bindings>
  /** By path. */
  resourceServers: ReadonlyMap<string, OAuthResourceServer<Bindings, GrantProps>>
}

/**
 * The whole HTTP surface of a deployment.
 *
 * @param mcp answers what reaches `/mcp` and the paths below it with a verified bearer
 */
export function createApp(mcp: AuthenticatedHandler): Hono<AppEnv> {
  const built = new WeakMap<object, Roles>()
  const roles = (env: Bindings): Roles => {
    let pair = built.get(env)
    if (!pair) {
      const authorizationServer = createAuthorizationServer(env)
      const all = [readSettings(env), ...tenantsOf(env).values()]
      const handler = limitCalls(mcp)
      pair = {
        authorizationServer,
        resourceServers: new Map(
          all.flatMap((settings) =>
            addressesOf(settings).map((address) => [
              new URL(address).pathname,
              createResourceServer(settings, address, authorizationServer, handler),
            ]),
          ),
        ),
      }
      built.set(env, pair)
    }
    return pair
  }
  const resource = (c: Ctx) => {
    const path = c.req.path.replace(/^\/\.well-known\/oauth-protected-resource/, '')
    const { resourceServers } = roles(c.env)
    const tenant = tenantAt(path)
    const server = resourceServers.get(path) ?? resourceServers.get(tenant === undefined ? '/mcp' : `/t/${tenant}/mcp`)
    return server ? server.fetch(c.req.raw, c.env, executionContext(c)) : unknownTenant(c)
  }
  const authorization: Authorization = (c, request = c.req.raw) =>
    roles(c.env).authorizationServer.fetch(request, c.env, executionContext(c))

  /** The routes that each tenant has; the deployment's own are at the root. */
  const own = new Hono<AppEnv>()
    .route('/', pages)
    .use(CALLBACK_PATH, limitByAddress('LIMIT_SIGN_IN'))
    .use(`${CONNECTIONS_PATH}/*`, limitByAddress('LIMIT_SIGN_IN'), smallForm)
    .use(`${CONFIRM_PATH}/*`, limitByAddress('LIMIT_SIGN_IN'), smallForm)
    .route('/', callback)
    .route('/', connections)
    .route('/', confirmation)
    .use('/mcp/*', knownOrigin, callableByPages)
    .all('/mcp', resource)
    .all('/mcp/*', resource)

  // The router that goes along with `tiny` tries the pattern of each route with each request.
  return new Hono<AppEnv>({ router: new TrieRouter() })
    .onError(onError)
    .use(errorPages)
    .route('/', assets)
    .use('/.well-known/*', readableByPages)
    .use(REGISTRATION_PATH, readableByPages)
    .use(TOKEN_PATH, readableByPages)
    .use(ownHost)
    .route('/', own)
    .use('/t/*', ownTenant)
    .route('/t/:tenant', own)
    .use(AUTHORIZE_PATH, limitByAddress('LIMIT_SIGN_IN'), smallForm)
    .use(REGISTRATION_PATH, limitByAddress('LIMIT_REGISTRATION'), smallRegistration)
    .use(TOKEN_PATH, limitByAddress('LIMIT_TOKENS'), smallForm)
    .route('/', signIn)
    .post(TOKEN_PATH, (c) => tokenRequest(c, authorization))
    .post(REGISTRATION_PATH, (c) => registration(c, authorization))
    .all(REGISTRATION_PATH, (c) => authorization(c))
    .all('/.well-known/oauth-protected-resource/*', resource)
    .all('*', (c) => authorization(c))
}

/** Lets the provider answer. @param request in place of the original one */
type Authorization = (c: Ctx, request?: Request) => Promise<Response>

/** Passes on only the fields of a registration that are used. */
async function registration(c: Ctx, authorization: Authorization): Promise<Response> {
  const read = readRegistration(await c.req.raw.clone().text())
  if ('refused' in read) {
    return c.json(read.refused, 400, { 'cache-control': 'no-store', 'access-control-allow-origin': '*' })
  }
  const headers = new Headers(c.req.raw.headers)
  headers.delete('content-length')
  return authorization(c, new Request(c.req.raw, { headers, body: JSON.stringify(read.metadata) }))
}

/** Form fields that name a grant. All of them must name the grant whose object handles the request. */
const NAMES_GRANT = ['refresh_token', 'code', 'token']

/** In bytes: with its prefix, it must fit into a KV key, which has at most 512. */
const MAX_CLIENT_ID = 500

/** The client ids of a token request; one in a header is encoded with its secret (RFC 7617). */
function clientIdsOf({ headers }: Request, form: URLSearchParams): string[] {
  const header = headers.get('authorization') ?? ''
  const ids = form.getAll('client_id')
  return /^Basic /i.test(header) ? [header.slice('Basic '.length).trim(), ...ids] : ids
}

/** Token requests that are about a grant go through that grant's object; there they run one after the other. */
async function tokenRequest(c: Ctx, authorization: Authorization): Promise<Response> {
  // Read as bytes, because the runtime warns about text() on a form.
  const bytes = await c.req.raw.clone().arrayBuffer()
  const form = new URLSearchParams(new TextDecoder().decode(bytes))
  if (clientIdsOf(c.req.raw, form).some((id) => new TextEncoder().encode(id).byteLength > MAX_CLIENT_ID)) {
    const error_description = 'No client has an id this long'
    return c.json({ error: 'invalid_client', error_description }, 401, { 'cache-control': 'no-store' })
  }
  const tokens = NAMES_GRANT.flatMap((name) => form.getAll(name))
  const [grant, ...others] = new Set(tokens.flatMap((token) => grantOf(token) ?? []))
  if (grant === undefined) return authorization(c)
  if (others.length > 0 || !isGrantName(grant)) {
    const error_description = 'The tokens and codes in a request must be from this server and belong to one grant'
    return c.json({ error: 'invalid_request', error_description }, 400, { 'cache-control': 'no-store' })
  }
  const body = canonicalize(c.env, form) ? String(form) : bytes
  return c.env.GRANT.getByName(grant).fetch(new Request(c.req.raw, { body }))
}

function onError(error: Error, c: Ctx): Response {
  if (error instanceof SettingError) {
    console.error(JSON.stringify({ event: 'setting_invalid', message: error.message }))
    return c.text(`This server is not configured: ${error.message}`, 503)
  }
  const { method, path } = c.req
  // Only the error's class is logged, since its message may contain what was sent; and no confirmation's address, since it contains its key.
  const [place] = path.split(`${CONFIRM_PATH}/`)
  const told = place === path ? path : `${place}${CONFIRM_PATH}`
  console.error(JSON.stringify({ event: 'request_failed', method, path: told, error: error.name }))
  return c.text('This server failed. Try again. If this keeps happening, tell its operator.', 500)
}

/** Hono's type of the execution context is narrower than the runtime's. */
function executionContext(c: Ctx): ExecutionContext {
  return c.executionCtx as unknown as ExecutionContext
}
