// Binds the consent form to the browser and the request that it is shown for, without storing anything: anyone may open the page, and the
// free plan allows only a thousand writes a day.
import { AuthorizationError } from '@cloudflare/workers-oauth-provider'
import type { Context } from 'hono'
import { generateCookie, getCookie } from 'hono/cookie'
import { MINUTES } from '../../base/lives.ts'
import { newKey, sha256 } from '../../base/seal.ts'

const LIFE_S = MINUTES.signIn * 60

/** A handle for the form at this address, and the cookie that goes with it. */
export async function openForm(c: Context): Promise<{ handle: string; cookie: string }> {
  const handle = `${Date.now() + LIFE_S * 1000}.${newKey()}`
  const hash = await hashOf(c, handle)
  return { handle, cookie: cookieLine(hash, hash, LIFE_S) }
}

/**
 * Takes a form that was sent to this address.
 *
 * @returns the header that deletes its cookie: a form works once
 * @throws {AuthorizationError} for a form of another browser or another address, or an old one
 */
export async function closeForm(c: Context, handle: string): Promise<string> {
  const hash = await hashOf(c, handle)
  const isOwn = getCookie(c, cookieName(hash), 'host') === hash
  if (!isOwn || !(Number(handle.split('.')[0]) > Date.now())) {
    throw new AuthorizationError('invalid_request', {
      description: 'The form belongs to another browser, or has expired',
    })
  }
  return cookieLine(hash, '', 0)
}

/** A hash of the handle and the whole request, so that the decision is about exactly what was shown. */
function hashOf(c: Context, handle: string): Promise<string> {
  return sha256(`${handle}\n${new URL(c.req.url).search}`)
}

/** One cookie per form, so that two tabs don't interfere. */
const cookieName = (hash: string) => `consent-${hash.slice(0, 16)}`

function cookieLine(hash: string, value: string, maxAge: number): string {
  const options = { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge } as const
  return generateCookie(cookieName(hash), value, options)
}
