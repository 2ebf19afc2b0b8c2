// Where a client may have its access sent: an https address, a program on the person's own computer by loopback http, or a private-use
// scheme (RFC 8252 section 7.1) of an application that is known. Any program can claim such a scheme, so the list is exact; PKCE
// makes an intercepted code worthless.
import { isLoopback } from '../../config/settings.ts'

/** The application that each opens. */
const PRIVATE_USE: ReadonlyMap<string, string> = new Map([
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'Cursor'],
  ['warp://mcp/oauth2callback', 'Warp'],
  ['raycast://oauth?package_name=Extension', 'Raycast'],
  ['com.raycast:/oauth?package_name=Extension', 'Raycast'],
])

/** Whether access may be sent there. */
export function isUsableRedirect(redirectUri: string): boolean {
  if (PRIVATE_USE.has(redirectUri)) return true
  const url = URL.parse(redirectUri)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
}

/** The address, without the port if it is a loopback one: programs choose that each time (RFC 8252 section 7.3). */
export function withoutPort(redirectUri: string): string {
  const url = URL.parse(redirectUri)
  if (url === null || !isLoopback(url.hostname)) return redirectUri
  url.port = ''
  return url.href
}

/** Where access goes, for people: a host, or an application on their computer. */
export function placeOf(redirectUri: string): { name: string; isThisComputer: boolean } {
  const application = PRIVATE_USE.get(redirectUri)
  if (application !== undefined) return { name: `${application} on this computer`, isThisComputer: true }
  const hostname = URL.parse(redirectUri)?.hostname ?? ''
  return { name: hostname || redirectUri || 'unknown', isThisComputer: isLoopback(hostname) }
}
