// Signs a person in with Medplum in the browser for this server's own pages, without an MCP client or grant. Only the person's identity
// is kept: Medplum's tokens are revoked as soon as it is known.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import { MINUTES } from '../../base/lives.ts'
import { fromBase64Url, newKey, open, seal, sha256, toBase64Url } from '../../base/seal.ts'
import type { Bindings, Settings } from '../../config/settings.ts'
import { settingsAt, tenantOf } from '../../config/tenants.ts'
import { exchangeCode, type LoginSecrets, loginUrl, logOut, newLoginSecrets } from '../../oauth/medplum.ts'

type Ctx = Context<{ Bindings: Bindings }>

const SESSION_S = MINUTES.pages * 60
const LOGIN_S = MINUTES.signIn * 60
/** The cookie `__Host-session` holds 256 random bits; KV holds their SHA-256. A person signs in to each tenant separately. */
const SESSION_COOKIE = 'session'
const SESSION = 'session:'
/** Distinguishes these states from those of an MCP client's sign-in, which are pure base64url. */
const STATE_PREFIX = 'page.'
const PURPOSE = 'browser-login'
const SCOPES = ['openid', 'profile']
/** The pages that a login may lead back to, and the paths below them. */
const RETURN_PATHS = ['/connections', '/confirm']

/** Why a login in the browser failed: its state is unknown, used, old or another browser's. */
export class StaleLoginError extends Error {
  override readonly name = 'StaleLoginError'
}

interface Session {
  userId: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

interface Login extends LoginSecrets {
  /** The tenant whose callback ends it; absent for the deployment's own. */
  tenant?: string | undefined
  returnTo: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** The id of the user who is signed in in this browser at this tenant; undefined without a valid session. */
export async function browserUser(c: Ctx): Promise<string | undefined> {
  const secret = sessionSecret(c)
  if (!secret) return undefined
  const session = await c.env.OAUTH_KV.get<Session>(SESSION + (await sha256(secret)), 'json')
  if (!session || session.expiresAt <= Date.now()) return undefined
  return tenantOf(session.userId) === settingsHere(c).tenant ? session.userId : undefined
}

/**
 * Sends the browser to Medplum's login.
 *
 * @param returnTo path of this server to come back to, with its query; one that isn't allowed becomes the connections page
 */
export async function redirectToLogin(c: Ctx, returnTo: string): Promise<Response> {
  const settings = settingsHere(c)
  const key = newKey()
  const login: Login = {
    ...newLoginSecrets(),
    tenant: settings.tenant,
    returnTo: ownPath(returnTo, settings),
    expiresAt: Date.now() + LOGIN_S * 1000,
  }
  // The browser keeps the login, sealed under the state, so that nothing is stored for anonymous visitors.
  setCookie(c, await loginCookie(key), toBase64Url(await seal(key, PURPOSE, login)), cookie(LOGIN_S))
  return redirect(c, await loginUrl(settings, `${STATE_PREFIX}${key}`, login, SCOPES))
}

/** Whether the callback from Medplum with this state ends a login in the browser. */
export function isBrowserLogin(state: string | undefined): state is string {
  return state?.startsWith(STATE_PREFIX) ?? false
}

/**
 * The callback of a login in the browser: a session, and back to the page that asked for it.
 *
 * @throws {StaleLoginError} and {UpstreamError}
 */
export async function finishLogin(c: Ctx): Promise<Response> {
  const settings = settingsHere(c)
  const { returnTo, ...secrets } = await takeLogin(c, c.req.query('state') ?? '')
  const code = c.req.query('code')
  if (!code) throw new StaleLoginError('Medplum ended the login without access')
  const { userId, tokens } = await exchangeCode(settings, code, secrets)
  c.executionCtx.waitUntil(logOut(settings, tokens.accessToken))
  await forgetSession(c)
  const secret = newKey()
  const session: Session = { userId, expiresAt: Date.now() + SESSION_S * 1000 }
  await c.env.OAUTH_KV.put(SESSION + (await sha256(secret)), JSON.stringify(session), { expirationTtl: SESSION_S })
  setCookie(c, sessionCookie(c), secret, cookie(SESSION_S))
  return redirect(c, returnTo)
}

/** Signs the browser out of this server's pages. */
export async function endSession(c: Ctx): Promise<void> {
  await forgetSession(c)
  deleteCookie(c, sessionCookie(c), cookie(0))
}

/** The CSRF token of this session's forms: only a page that this browser got from this server knows it. */
export async function formToken(c: Ctx): Promise<string> {
  return sha256(`form ${sessionSecret(c) ?? ''}`)
}

/** Whether a posted form comes from a page of this server in this session (CSRF). */
export async function isOwnForm(c: Ctx, token: unknown): Promise<boolean> {
  const { publicUrl } = settingsHere(c)
  if (c.req.header('origin') !== publicUrl.origin || typeof token !== 'string') return false
  // Compares digests, so that timing reveals nothing.
  const [given, expected] = await Promise.all([sha256(token), formToken(c).then(sha256)])
  return given === expected
}

async function forgetSession(c: Ctx): Promise<void> {
  const secret = sessionSecret(c)
  if (secret) await c.env.OAUTH_KV.delete(SESSION + (await sha256(secret)))
}

/** Takes and deletes the login of a state: valid in this browser and at this tenant, for a few minutes, once. */
async function takeLogin(c: Ctx, state: string): Promise<Login> {
  const key = state.slice(STATE_PREFIX.length)
  const name = await loginCookie(key)
  const sealed = getCookie(c, name, 'host')
  if (!sealed) throw new StaleLoginError('Begun in another browser, used already, or expired')
  deleteCookie(c, name, cookie(0))
  const login = await opened(key, sealed)
  if (login.expiresAt <= Date.now()) throw new StaleLoginError('Expired')
  if (login.tenant !== settingsHere(c).tenant) throw new StaleLoginError('Begun at another tenant')
  return login
}

async function opened(key: string, sealed: string): Promise<Login> {
  try {
    return await open<Login>(key, PURPOSE, fromBase64Url(sealed))
  } catch {
    throw new StaleLoginError('Not as this server sealed it')
  }
}

/** A path of this server that a login may lead back to, as the URL parser reads it; nothing else, on no other host. */
function ownPath(returnTo: string, { publicUrl: { origin }, root }: Settings): string {
  const url = URL.parse(returnTo, origin)
  const paths = RETURN_PATHS.map((path) => `${root}${path}`)
  const allowed = paths.some((path) => url?.pathname === path || url?.pathname.startsWith(`${path}/`))
  return url?.origin === origin && allowed ? `${url.pathname}${url.search}` : `${root}/connections`
}

/** The settings of the tenant whose page this is. */
function settingsHere(c: Ctx): Settings {
  return settingsAt(c.env, c.req.path)
}

function sessionCookie(c: Ctx): string {
  const { tenant } = settingsHere(c)
  return tenant === undefined ? SESSION_COOKIE : `${SESSION_COOKIE}-${tenant}`
}

function sessionSecret(c: Ctx): string | undefined {
  return getCookie(c, sessionCookie(c), 'host')
}

/** One cookie per login, so that two tabs don't interfere. */
const loginCookie = async (key: string) => `login-${(await sha256(key)).slice(0, 16)}`

function cookie(maxAge: number): CookieOptions {
  return { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge }
}

function redirect(c: Ctx, location: string): Response {
  c.header('cache-control', 'no-store')
  c.header('referrer-policy', 'no-referrer')
  return c.redirect(location, 302)
}
