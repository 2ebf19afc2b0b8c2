// Which requests are accepted at all: by host, by browser origin, by size and by rate.
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { isLoopback } from './base/loopback.ts'
import { type Bindings, readSettings } from './config/settings.ts'
import { findSettings, tenantAt } from './config/tenants.ts'
import { LIMIT_PERIOD_S } from './mcp/server/pace.ts'
import { errorMessage } from './mcp/session/message.ts'
import { MAX_REGISTRATION_BYTES } from './oauth/clients/registration.ts'
import type { AuthenticatedHandler } from './oauth/provider.ts'

type Middleware = MiddlewareHandler<{ Bindings: Bindings }>

/** Refuses any Host but the configured one: another one means DNS rebinding or a wrong PUBLIC_URL. */
export const ownHost: Middleware = async (c, next) => {
  const { publicUrl } = readSettings(c.env)
  if (new URL(c.req.url).origin !== publicUrl.origin) {
    return c.json(rpcError(`This server answers at ${publicUrl.origin} only`), 403)
  }
  return next()
}

/** Refuses paths of tenants that don't exist. */
export const ownTenant: Middleware = async (c, next) =>
  findSettings(c.env, tenantAt(c.req.path)) ? next() : unknownTenant(c)

/** 404 for an unknown tenant, without saying which tenants exist. */
export function unknownTenant(c: Context): Response {
  return c.json(
    rpcError('This server has no tenant with that name. Check the address, or ask its operator for the right one.'),
    404,
  )
}

/**
 * Decides which web pages may call. On https any page may: no cookie reaches `/mcp`, so a page has only the token that a person gave it.
 * On loopback only pages of the same machine may, such as the MCP Inspector (DNS rebinding; Streamable HTTP, security warning). If the
 * operator names origins, only those and pages of the same machine may.
 */
export const knownOrigin: Middleware = async (c, next) => {
  const origin = c.req.header('origin')
  const { allowedOrigins } = readSettings(c.env)
  if (origin === undefined || allowedOrigins === 'any' || isKnown(origin, allowedOrigins)) return next()
  return c.json(rpcError('This Origin may not call the server; its operator can add it to ALLOWED_ORIGINS'), 403)
}

function isKnown(origin: string, allowed: ReadonlySet<string>): boolean {
  return allowed.has(origin) || (URL.canParse(origin) && isLoopback(new URL(origin).hostname))
}

/** Lets web pages read answers, errors too: the token protects the data, not the origin. */
export const readableByPages: Middleware = cors({
  origin: (origin) => origin,
  exposeHeaders: ['WWW-Authenticate', 'Retry-After', 'Mcp-Session-Id'],
  maxAge: 86_400,
})

/** Like {@link readableByPages}, for calls: adds the headers only for requests from pages, since others are the majority. */
export const callableByPages: Middleware = async (c, next) =>
  c.req.header('origin') === undefined ? next() : readableByPages(c, next)

/** A limit on requests that need no sign-in, by client address; hosts such as claude.ai call for many people from a few addresses. */
export function limitByAddress(name: 'LIMIT_SIGN_IN' | 'LIMIT_REGISTRATION' | 'LIMIT_TOKENS'): Middleware {
  return async (c, next) => {
    const { success } = await c.env[name].limit({ key: networkOf(c.req.header('cf-connecting-ip') ?? 'unknown') })
    if (success) return next()
    return c.json(
      {
        error: 'temporarily_unavailable',
        error_description: 'Too many requests from your address. Wait a minute.',
      },
      429,
      { 'retry-after': String(LIMIT_PERIOD_S) },
    )
  }
}

/** In bytes. No form is longer, since each of its fields is short. */
const MAX_FORM_BYTES = 65_536

/** Refuses large forms: they are read before the sender is known, into memory that all requests of an isolate share. */
export const smallForm = limitBody(MAX_FORM_BYTES)

/** Refuses large registrations: anyone may register, and registrations are stored. */
export const smallRegistration = limitBody(MAX_REGISTRATION_BYTES)

function limitBody(maxSize: number): Middleware {
  return bodyLimit({
    maxSize,
    onError: (c) =>
      c.json({ error: 'invalid_request', error_description: `The request is larger than ${maxSize} bytes` }, 413),
  })
}

/** An IPv4 address itself; the first 64 bits of an IPv6 address, since one household usually has all addresses under these. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail ? tail.split(':') : []
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}

/** Limits calls by grant. */
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
  return errorMessage(-32000, message)
}
