// Runs wrangler, which makes all changes at Cloudflare.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Stop } from './stop.ts'

export const WRANGLER = fileURLToPath(new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url))

/** Advice for a login without the permission to write, or even to read. */
export const PERMISSIONS =
  'Give the API token "Workers Scripts: Edit" and "Workers KV Storage: Edit" (https://dash.cloudflare.com/profile/api-tokens), or run npx wrangler login. Then run npm run setup again.'

/** Cloudflare's codes for a token that it doesn't know, and for one that lacks a permission. */
const REFUSED = /\[code: (10000|9109)\]/

/**
 * @param input for its standard input, the only way to pass a secret
 * @param accountId of the account to use, if a login has several
 * @returns what it printed. @throws {Stop} with its last lines
 */
export async function wrangler(args: string[], { input = '', accountId = '' } = {}): Promise<string> {
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(accountId && { CLOUDFLARE_ACCOUNT_ID: accountId }),
      CI: 'true',
      FORCE_COLOR: '0',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
    },
  })
  let printed = ''
  let failed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    failed += text
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  if (code === 0) return printed
  if (REFUSED.test(failed + printed))
    throw new Stop(`This Cloudflare login may not run wrangler ${args[0]}`, PERMISSIONS)
  const words = `${failed}\n${printed}`.trim().split('\n').slice(0, 12).join('\n')
  throw new Stop(
    `wrangler ${args[0]} failed: ${words}`,
    'Fix what it reports and run npm run setup again; it continues where it stopped.',
  )
}
