import { ORIGIN } from '../world/world.ts'

export const CALLBACK = `${ORIGIN}/oauth/callback`

export const SIGNED_IN = 'Sign out'

export function tokenOf(html: string): string {
  return /name="token" value="([^"]+)"/.exec(html)?.[1] ?? ''
}
