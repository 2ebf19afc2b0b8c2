/** A React page with use-mcp, in Chromium: its person signs in in the window that it opens, and presses the button. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { freePort } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { answerOf } from '../clients/host.ts'
import type { Adapter } from '../clients/scenario.ts'
import { launch, logIn } from '../e2e/browser.ts'

const PAGE = fileURLToPath(new URL('use-mcp/page.jsx', import.meta.url))

export const useMcp: Adapter = {
  name: 'use-mcp',
  package: 'use-mcp',
  noProgress: 'progress not offered by this client',
  async open(mcpUrl) {
    const site = await startSite()
    const browser = await launch()
    const close = async () => {
      await browser.close()
      site.close()
    }
    try {
      const page = await browser.newPage()
      const stored = () => page.evaluate(() => Object.entries({ ...localStorage }) as [string, string][])
      const opened = page.waitForEvent('popup')
      const waiting = page.waitForEvent('console', (message) => message.text().includes('Waiting for callback'))
      await page.goto(`${site.url}/?server=${encodeURIComponent(mcpUrl)}`)
      const popup = await opened
      // It asks twice, in the same window; the second one counts.
      await waiting
      const address = (await stored()).find(([key]) => key.endsWith('last_auth_url'))?.[1] ?? ''
      await popup.waitForURL(address)
      await popup.getByRole('radio').last().check()
      await popup.getByRole('button', { name: 'Allow and sign in' }).click()
      await logIn(popup, SANDBOX_USERS.alice)
      const ready = page.getByRole('status').getByText('ready')
      await ready.waitFor()
      return {
        tools: () => page.getByRole('listitem').allInnerTexts(),
        async call(name, args) {
          await ready.waitFor({ timeout: 10_000 })
          await page.getByLabel('Tool').fill(name)
          await page.getByLabel('Arguments').fill(JSON.stringify(args))
          await page.getByRole('button', { name: 'Call' }).click()
          const output = page.locator('output', { hasText: /./ })
          const answer = JSON.parse((await output.textContent()) ?? '') as { error?: string }
          if (answer.error !== undefined) throw new Error(answer.error)
          return answerOf(answer)
        },
        async kept() {
          const kept = new Map((await stored()).map(([key, value]) => [key.split('_').slice(2).join('_'), value]))
          const find = (key: string) => JSON.parse(kept.get(key) ?? '{}') as Record<string, string>
          const [accessToken, clientId] = [find('tokens').access_token, find('client_info').client_id]
          if (!accessToken || !clientId) throw new Error(`no token among ${[...kept.keys()].join(', ')}`)
          return { accessToken, clientId }
        },
        close,
      }
    } catch (error) {
      await close()
      throw error
    }
  },
}

/** The web site that has the page, at an origin of its own. */
async function startSite(): Promise<{ url: string; close(): void }> {
  const { outputFiles } = await build({
    entryPoints: [PAGE],
    bundle: true,
    format: 'esm',
    write: false,
    jsx: 'automatic',
    // The project's own says that JSX is Hono's.
    tsconfigRaw: {},
  })
  const script = outputFiles[0]?.text
  const server = createServer((asked, answer) => {
    const isScript = asked.url === '/page.js'
    answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    answer.end(
      isScript ? script : '<!doctype html><title>use-mcp</title><body><script type="module" src="/page.js"></script>',
    )
  }).listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('No port')
  return {
    url: `http://localhost:${address.port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
