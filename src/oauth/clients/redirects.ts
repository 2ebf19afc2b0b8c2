// The redirect URIs that a client may use: https, loopback http for a program on the person's own computer, or a private-use scheme
// (RFC 8252 section 7.1) of a known application. Any program can claim such a scheme, so the list is exact, and PKCE makes an intercepted
// code worthless.
import { isLoopback } from '../../base/loopback.ts'

/** The application that each redirect URI opens. */
const PRIVATE_USE: ReadonlyMap<string, string> = new Map([
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'Cursor'],
  ['warp://mcp/oauth2callback', 'Warp'],
  ['raycast://oauth?package_name=Extension', 'Raycast'],
  ['com.raycast:/oauth?package_name=Extension', 'Raycast'],
])

/** Whether a client may use this redirect URI. */
export function isUsableRedirect(redirectUri: string): boolean {
  if (PRIVATE_USE.has(redirectUri)) return true
  const url = URL.parse(redirectUri)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
}

/** The URI without its port if it is a loopback one: programs choose a port each time (RFC 8252 section 7.3). */
export function withoutPort(redirectUri: string): string {
  const url = URL.parse(redirectUri)
  if (url === null || !isLoopback(url.hostname)) return redirectUri
  url.port = ''
  return url.href
}

/** Where access goes, for people: a host, or an application on their computer. */
export function redirectPlace(redirectUri: string): { name: string; isThisComputer: boolean } {
  const application = PRIVATE_USE.get(redirectUri)
  if (application !== undefined) return { name: `${application} on this computer`, isThisComputer: true }
  const hostname = URL.parse(redirectUri)?.hostname ?? ''
  return { name: hostname || redirectUri || 'unknown', isThisComputer: isLoopback(hostname) }
}
