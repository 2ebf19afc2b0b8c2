// Who may ask at all: the host asked for, the browser origin that asks, and how often.
import type { MiddlewareHandler } from 'hono'
import { type Bindings, isLoopback, readSettings } from './env.ts'
import type { AuthenticatedHandler } from './oauth/provider.ts'

type Middleware = MiddlewareHandler<{ Bindings: Bindings }>

/** Both rate limits count over this many seconds (wrangler.toml). */
const LIMIT_PERIOD_S = 60

/** Only the configured origin is served: another Host is a DNS rebinding, or a deployment whose PUBLIC_URL is wrong. */
export const ownHost: Middleware = async (c, next) => {
  const { publicUrl } = readSettings(c.env)
  if (new URL(c.req.url).origin !== publicUrl.origin) {
    return c.json(rpcError(`This server answers at ${publicUrl.origin} only`), 403)
  }
  return next()
}

/**
 * A present Origin must be allowed, an absent one is (Streamable HTTP, security warning). Besides the configured ones, a
 * program on the person's own machine may ask, such as the MCP Inspector: it has no ambient authority, only its token.
 */
export const knownOrigin: Middleware = async (c, next) => {
  const origin = c.req.header('origin')
  if (origin !== undefined && !isKnown(origin, readSettings(c.env).allowedOrigins)) {
    return c.json(rpcError('This Origin may not call the server; its operator can add it to ALLOWED_ORIGINS'), 403)
  }
  await next()
  if (origin !== undefined) c.res.headers.append('access-control-expose-headers', 'Mcp-Session-Id')
  return undefined
}

function isKnown(origin: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.has(origin)) return true
  try {
    return isLoopback(new URL(origin).hostname)
  } catch {
    return false
  }
}

/** A brake on sign-in, registration and token requests, by client address. */
export const limitSignIn: Middleware = async (c, next) => {
  const { success } = await c.env.LIMIT_SIGN_IN.limit({ key: c.req.header('cf-connecting-ip') ?? 'unknown' })
  if (success) return next()
  return c.json(
    {
      error: 'temporarily_unavailable',
      error_description: 'Too many sign-in requests from your address. Wait a minute.',
    },
    429,
    { 'retry-after': String(LIMIT_PERIOD_S) },
  )
}

/** A brake on calls, by grant. */
export function limitCalls(handler: AuthenticatedHandler): AuthenticatedHandler {
  return async (request, caller, env, ctx, challenge) => {
    const { success } = await env.LIMIT_CALLS.limit({ key: caller.grantId })
    if (success) return handler(request, caller, env, ctx, challenge)
    return Response.json(rpcError('Too many requests. Wait a minute.'), {
      status: 429,
      headers: { 'retry-after': String(LIMIT_PERIOD_S) },
    })
  }
}

function rpcError(message: string) {
  return { jsonrpc: '2.0', error: { code: -32000, message }, id: null }
}
