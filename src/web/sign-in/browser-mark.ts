// Distinguishes the browsers used for sign-ins. Hosts share one client id among all their users, on every machine: without this, a sign-
// in on one computer would look like one on another.
import type { Context } from 'hono'
import { generateCookie, getCookie } from 'hono/cookie'
import { BROWSER_DAYS } from '../../base/lives.ts'
import { newKey, sha256 } from '../../base/seal.ts'

const COOKIE = 'browser'
const LIFE_S = BROWSER_DAYS * 86_400

export interface BrowserMark {
  /** A digest of the cookie, stored with the grant. */
  browser: string
  /** Kind of device, such as Windows, as the browser says. */
  device?: string
}

const DEVICES: readonly [RegExp, string][] = [
  [/iPhone|iPad/, 'iPhone or iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Macintosh/, 'Mac'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** The mark of this browser, and the cookie that keeps it. */
export async function markBrowser(c: Context): Promise<{ mark: BrowserMark; cookie: string }> {
  const given = getCookie(c, COOKIE, 'host') ?? ''
  const value = /^[\w-]{43}$/.test(given) ? given : newKey()
  const options = { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge: LIFE_S } as const
  const agent = c.req.header('user-agent') ?? ''
  const device = DEVICES.find(([pattern]) => pattern.test(agent))?.[1]
  const browser = (await sha256(`browser ${value}`)).slice(0, 22)
  return { mark: { browser, ...(device && { device }) }, cookie: generateCookie(COOKIE, value, options) }
}
